"""An architecture: layers with the shapes of all values and of all constants, without a single weight.

A network for ImageNet takes kilobytes so; its ONNX file and all that is counted of it come from the same description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from mulfree.networks.constants import Parameter, Role

Attribute = int | float | str | Sequence[int]
CONTRACTIONS = frozenset(
    {"Conv", "Gemm", "MinSelectConv", "MinSelectMatMul", "SumMax", "ShiftAttentionConv", "AttentionalWeightConv"}
)
"""Operators whose second operand is weights, which meet every position of the result once."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A value between layers: its shape without the batch, and about how large its elements are."""

    name: str
    shape: tuple[int, ...]
    rms: float = 1.0

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Layer:
    """One ONNX operator; `domain` is that of ONNX, QONNX or mulfree."""

    name: str
    operator: str
    operands: tuple[Feature | Parameter, ...]
    result: Feature
    domain: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])

    @property
    def features(self) -> tuple[Feature, ...]:
        return tuple(o for o in self.operands if isinstance(o, Feature))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(o for o in self.operands if isinstance(o, Parameter))

    @property
    def weights(self) -> tuple[Parameter, ...]:
        """What a contraction multiplies by: one tensor, or two for sums and maxima; none for any other layer."""
        counted = (Role.BINARY, Role.PIECES, Role.REAL)
        return tuple(p for p in self.parameters if p.role in counted) if self.operator in CONTRACTIONS else ()


@dataclass(frozen=True, slots=True)
class Architecture:
    """Layers in order; `source` holds bytes, and `result` is what the network answers."""

    name: str
    source: Feature
    layers: tuple[Layer, ...]
    result: Feature
