"""Modules that exist only in an exported network: each is one ONNX operator with its constants.

A layer says by `exported()` what it becomes; `export` puts that in its place in a copy of the network. So the layers
that people train hold no code for export, and the file holds constants, not the formulas that they came from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

QONNX = "qonnx.custom_op.general"
MULFREE = "mulfree"

Attributes = Mapping[str, int | str | Sequence[int]]
ShapeRule = Callable[[Sequence[int]], Sequence[int]]
"""From the shape of the first operand to that of the result; sizes may be symbols."""


@runtime_checkable
class Exportable(Protocol):
    """A layer with a form of its own in an ONNX file."""

    def exported(self) -> nn.Module:
        """The module to trace in this layer's place, made of `OnnxNode`s and operators of PyTorch."""
        ...


def same_shape(shape: Sequence[int]) -> Sequence[int]:
    return shape


class OnnxNode(nn.Module):
    """One ONNX operator, `domain::name`, of x and constants; only export can run it.

    `constants` are tensors, or modules that make one of a constant (`OnnxConstant`).
    """

    def __init__(
        self,
        operator: str,
        constants: Sequence[Tensor | nn.Module] = (),
        attributes: Attributes | None = None,
        shape: ShapeRule = same_shape,
    ) -> None:
        super().__init__()
        self.operator = operator
        self.attributes: dict[str, Any] = dict(attributes or {})
        self.shape = shape
        self.constants = nn.ModuleList(c if isinstance(c, nn.Module) else OnnxConstant(c) for c in constants)

    def forward(self, x: Tensor) -> Tensor:
        operands = (x, *(constant() for constant in self.constants))
        domain = self.operator.rpartition("::")[0]
        return torch.onnx.ops.symbolic(
            self.operator,
            operands,
            self.attributes,
            dtype=x.dtype,
            shape=list(self.shape(x.shape)),
            version=1 if domain else None,
        )


class OnnxConstant(nn.Module):
    """A constant, and the quantiser that it passes through if there is one."""

    def __init__(self, value: Tensor, quantiser: nn.Module | None = None) -> None:
        super().__init__()
        self.register_buffer("value", value.detach().clone())
        self.quantiser = quantiser if quantiser is not None else nn.Identity()

    def forward(self) -> Tensor:
        result: Tensor = self.quantiser(self.value)
        return result


class OnnxScale(nn.Module):
    """x times a constant, then plus a constant: two operators, each rounded by itself."""

    factor: Tensor
    offset: Tensor | None

    def __init__(self, factor: Tensor, offset: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("factor", factor.detach().clone())
        self.register_buffer("offset", None if offset is None else offset.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        scaled = x * self.factor
        return scaled if self.offset is None else scaled + self.offset


class OnnxAdd(nn.Module):
    """x plus a constant."""

    offset: Tensor

    def __init__(self, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("offset", offset.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return x + self.offset
