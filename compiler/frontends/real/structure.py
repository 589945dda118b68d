"""Operators that move elements and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import common_dtype, is_integer, positive_axis
from mulfree.ir import AnyArray, RealOp, RealType


@dataclass(frozen=True, slots=True)
class Reshape(RealOp):
    """The same elements in C order under another shape, batch axis included (Flatten, Squeeze, Unsqueeze too)."""

    shape: tuple[int, ...]

    name: ClassVar[str] = "reshape"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        if prod(self.shape) != x.size or any(n < 0 for n in self.shape):
            raise ValueError(f"{x.shape} cannot become {self.shape}")
        return RealType(self.shape, x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return operands[0].reshape(self.shape)


@dataclass(frozen=True, slots=True)
class Transpose(RealOp):
    """y's axis i is x's axis permutation[i]."""

    permutation: tuple[int, ...]

    name: ClassVar[str] = "transpose"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        if sorted(self.permutation) != list(range(len(x.shape))):
            raise ValueError(f"{self.permutation} does not permute the axes of {x.shape}")
        return RealType(tuple(x.shape[i] for i in self.permutation), x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return np.transpose(operands[0], self.permutation)


@dataclass(frozen=True, slots=True)
class Concat(RealOp):
    """Operands one after the other along an axis."""

    axis: int

    name: ClassVar[str] = "concat"

    def infer(self, *operands: RealType) -> RealType:
        first = operands[0].shape
        axis = positive_axis(self.axis, len(first))
        rest = {(*x.shape[:axis], *x.shape[axis + 1 :]) for x in operands}
        if len(rest) != 1 or len({len(x.shape) for x in operands}) != 1:
            raise ValueError(f"{[x.shape for x in operands]} do not join along axis {axis}")
        length = sum(x.shape[axis] for x in operands)
        return RealType((*first[:axis], length, *first[axis + 1 :]), common_dtype(*operands))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return np.concatenate(operands, axis=self.axis)


@dataclass(frozen=True, slots=True)
class Pad(RealOp):
    """x with more elements around it: pads are all begins, then all ends, over all axes.

    `mode` is ONNX's and numpy's name: constant (of `value`), reflect, edge, wrap.
    """

    pads: tuple[int, ...]
    value: float = 0.0
    mode: str = "constant"

    name: ClassVar[str] = "pad"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        if len(self.pads) != 2 * len(x.shape) or min(self.pads, default=0) < 0:
            raise ValueError(f"pads {self.pads} do not fit a tensor of {len(x.shape)} axes; two each, none negative")
        if self.mode != "constant" and not x.size:
            raise ValueError(f"a tensor of shape {x.shape} has no edge to pad with")
        return RealType(tuple(n + a + b for n, (a, b) in zip(x.shape, self._edges, strict=True)), x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        fill: dict[str, Any] = {"constant_values": x.dtype.type(self.value)} if self.mode == "constant" else {}
        return np.pad(x, self._edges, mode=self.mode, **fill)  # type: ignore[call-overload, no-any-return]

    @property
    def _edges(self) -> list[tuple[int, int]]:
        rank = len(self.pads) // 2
        return list(zip(self.pads[:rank], self.pads[rank:], strict=True))


@dataclass(frozen=True, slots=True)
class Gather(RealOp):
    """y = the slices of x at the indices along the axis; operands (x, indices). Negative indices count from the end."""

    axis: int

    name: ClassVar[str] = "gather"

    def infer(self, *operands: RealType) -> RealType:
        x, indices = operands
        axis = positive_axis(self.axis, len(x.shape))
        if not is_integer(indices.dtype):
            raise ValueError(f"the indices are {indices.dtype}, not integers")
        return RealType((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, indices = operands
        return np.asarray(np.take(x, indices, axis=self.axis))


@dataclass(frozen=True, slots=True)
class Slice(RealOp):
    """Along each axis the elements start, start + step, ..., `count` of them; steps may be negative."""

    starts: tuple[int, ...]
    counts: tuple[int, ...]
    steps: tuple[int, ...]

    name: ClassVar[str] = "slice"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        for n, indices in zip(x.shape, self.indices, strict=True):
            if indices and not 0 <= min(indices) <= max(indices) < n:
                raise ValueError(f"elements {indices} are outside of {x.shape}")
        return RealType(self.counts, x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return operands[0][np.ix_(*self.indices)] if self.counts else operands[0]

    @property
    def indices(self) -> list[range]:
        """The elements taken, per axis."""
        rows = zip(self.starts, self.counts, self.steps, strict=True)
        return [range(start, start + count * step, step) for start, count, step in rows]
