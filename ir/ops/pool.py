"""Pools: a reduction over each window of each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mulfree.ir.op import AnyArray, IntOp
from mulfree.ir.ops.contraction import as_map
from mulfree.ir.ops.window import Window
from mulfree.ir.types import IntRange, TensorType


@dataclass(frozen=True, slots=True)
class Pool(IntOp):
    """Base of the reductions over the window, channel by channel."""

    window: Window

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        channels, height, width = as_map(x.shape)
        return TensorType((channels, *self.window.output_size(height, width)), self.reduced(x.range))

    def reduced(self, x: IntRange) -> IntRange:
        return x


@dataclass(frozen=True, slots=True)
class MaxPool(Pool):
    """y = max of the window; taps outside the map do not take part."""

    name: ClassVar[str] = "max_pool"

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        y: AnyArray = self.window.cut(x, fill=int(x.min())).max(axis=(-2, -1))
        return y


@dataclass(frozen=True, slots=True)
class MinPool(Pool):
    """y = min of the window; taps outside the map do not take part."""

    name: ClassVar[str] = "min_pool"

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        y: AnyArray = self.window.cut(x, fill=int(x.max())).min(axis=(-2, -1))
        return y


@dataclass(frozen=True, slots=True)
class SumPool(Pool):
    """y = sum of the window; taps outside the map are 0. An average is this with a scale of 1 / taps."""

    name: ClassVar[str] = "sum_pool"

    def reduced(self, x: IntRange) -> IntRange:
        tap = x | IntRange(0, 0) if self.window.is_padded else x
        return tap.scaled(self.window.taps)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        y: AnyArray = self.window.cut(x, fill=0).sum(axis=(-2, -1))
        return y
