"""What min-select computes, in integers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.ir import AnyArray, IntRange
from mulfree.ir.ops import Contraction, Operations, by_output

if TYPE_CHECKING:
    from mulfree.sim.functional.planner import IntNode, Planner


def mins(a: AnyArray, b: AnyArray) -> AnyArray:
    """sgn(a) sgn(b) min(|a|, |b|), element by element."""
    selected: AnyArray = np.sign(a) * np.sign(b) * np.minimum(np.abs(a), np.abs(b))
    return selected


@dataclass(frozen=True, slots=True)
class MinSelect(Contraction):
    """y[m] = sum over k of mins(x[k], w[m, k]): of each pair the operand closer to 0, with the sign of the product."""

    name: ClassVar[str] = "min_select"

    def dot(self, taps: AnyArray) -> AnyArray:
        rows = self.weights.array.reshape(self.weights.shape[0], -1)
        return by_output(taps, len(rows), self.groups, lambda m, lanes: mins(lanes, rows[m]).sum(axis=-1))

    def row_ranges(self, tap: IntRange) -> list[IntRange]:
        """Every x[k] is free and mins rises or falls with it, so both ends are reached."""
        return [_row_range(tap, row) for row in self.weights.array.reshape(self.weights.shape[0], -1)]

    def operations(self) -> Operations:
        """A comparison for each pair, and the sums of what is selected."""
        products = Contraction.operations(self)
        return replace(products, multiplications=0, comparisons=products.multiplications)

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        from mulfree.sim.functional.kernels.min_select import build_min_select

        return build_min_select(planner, node)


def _row_range(tap: IntRange, row: AnyArray) -> IntRange:
    total = IntRange(0, 0)
    for weight, count in Counter(row.tolist()).items():
        total = total + _lane_range(tap, weight).scaled(count)
    return total


def _lane_range(tap: IntRange, weight: int) -> IntRange:
    """Range of mins(x, weight): its step is known where x has two values."""
    lo, hi = sorted(int(mins(np.array(end), np.array(weight))) for end in (tap.lo, tap.hi))
    return IntRange(lo, hi, max(1, hi - lo) if tap.count == 2 else 1)
