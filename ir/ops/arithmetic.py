"""Element-wise integer operators: per-channel affine steps, clamps, sums of two tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.ir.op import AnyArray, IntOp
from mulfree.ir.tensor import Tensor
from mulfree.ir.types import IntRange, TensorType


@dataclass(frozen=True, slots=True)
class Affine(IntOp):
    """y[c] = multiplier[c] * x[c] + offset[c]: constants only, so hardware shifts and adds.

    `multiplier` and `offset` have one element (all channels) or one per channel (axis 0 of the sample).
    """

    multiplier: Tensor
    offset: Tensor

    name: ClassVar[str] = "affine"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        pairs = zip(*np.broadcast_arrays(self.multiplier.array, self.offset.array), strict=True)
        check_channels(self.multiplier, x)
        check_channels(self.offset, x)
        ranges = [x.range.times(int(m)) + IntRange(int(b), int(b)) for m, b in pairs]
        return TensorType(x.shape, hull(ranges))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        x = x if self.infer_fits(x) else x.astype(object)
        return per_channel(self.multiplier, x) * x + per_channel(self.offset, x)

    def infer_fits(self, x: AnyArray) -> bool:
        """Whether 64 bits hold every result for these operands."""
        peak = int(np.abs(x).max(initial=0)) * int(np.abs(self.multiplier.array).max())
        return peak + int(np.abs(self.offset.array).max()) < 2**63


@dataclass(frozen=True, slots=True)
class Clamp(IntOp):
    """y = min(max(x, lo), hi); a rectifier is lo = 0 with hi at the range's end."""

    lo: int
    hi: int

    name: ClassVar[str] = "clamp"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        return TensorType(x.shape, x.range.clamped(self.lo, self.hi))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return np.clip(operands[0], self.lo, self.hi)


@dataclass(frozen=True, slots=True)
class Leaky(IntOp):
    """y = positive * x where x >= 0, negative * x elsewhere: a leaky rectifier with a rational slope."""

    positive: int
    negative: int

    name: ClassVar[str] = "leaky"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        turning = [v for v in (x.range.lo, 0, x.range.hi) if x.range.lo <= v <= x.range.hi]
        ends = [v * (self.positive if v >= 0 else self.negative) for v in turning]
        return TensorType(x.shape, IntRange(min(ends), max(ends)))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        return np.where(x >= 0, self.positive * x, self.negative * x)


@dataclass(frozen=True, slots=True)
class Add(IntOp):
    """y = a + b, element by element: a residual join."""

    name: ClassVar[str] = "add"

    def infer(self, *operands: TensorType) -> TensorType:
        a, b = operands
        if a.shape != b.shape:
            raise ValueError(f"operands have shapes {a.shape} and {b.shape}")
        return TensorType(a.shape, a.range + b.range)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        a, b = operands
        return a + b


def per_channel(constant: Tensor, x: AnyArray) -> AnyArray:
    """The constant shaped to broadcast along axis 1 of x (batch, C, ...)."""
    return constant.array.reshape(-1, *(1,) * (x.ndim - 2))


def check_channels(constant: Tensor, x: TensorType) -> None:
    """Raises ValueError unless the constant has one element, or one per channel of x, along axis 0."""
    if constant.shape[0] not in (1, *x.shape[:1]):
        raise ValueError(f"a constant for {constant.shape[0]} channels meets x of shape {x.shape}")


def hull(ranges: list[IntRange]) -> IntRange:
    """The tightest range that holds all of the ranges."""
    result = ranges[0]
    for range in ranges[1:]:
        result = result | range
    return result
