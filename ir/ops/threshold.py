"""Thresholds: any monotone function from integers to evenly spaced integers, per channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.ir.op import AnyArray, IntOp
from mulfree.ir.ops.arithmetic import check_channels
from mulfree.ir.tensor import Tensor
from mulfree.ir.types import IntRange, TensorType


@dataclass(frozen=True, slots=True)
class Threshold(IntOp):
    """y[c] = base[c] + step[c] * #{j : x[c] >= thresholds[c, j]}.

    `thresholds` is (C, L) or (1, L), ascending along j; `base` and `step` are (C,) or (1,); a negative step is a
    falling channel. `levels` is the range that every result belongs to. A threshold above every x never counts.
    """

    thresholds: Tensor
    base: Tensor
    step: Tensor
    levels: IntRange

    name: ClassVar[str] = "threshold"

    def __post_init__(self) -> None:
        assert (np.diff(self.thresholds.array, axis=1) >= 0).all(), "thresholds must ascend"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        for constant in (self.thresholds, self.base, self.step):
            check_channels(constant, x)
        return TensorType(x.shape, self.levels)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        channels = x.shape[1]
        table, base, step = (self._of_channel(t.array, channels) for t in (self.thresholds, self.base, self.step))
        y = np.empty(x.shape, dtype=np.int64)
        for c in range(channels):
            counts = np.searchsorted(table[c], x[:, c].ravel(), side="right").reshape(x[:, c].shape)
            y[:, c] = base[c] + step[c] * counts
        return y

    @staticmethod
    def _of_channel(constant: AnyArray, channels: int) -> AnyArray:
        return np.broadcast_to(constant, (channels, *constant.shape[1:]))
