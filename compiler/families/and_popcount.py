"""AND-popcount: integers of a few bits as bit planes (thesis section 3.3, eq. 3.20; signs added).

    sum_k x[k] w[k] = sum_i sum_j s_i t_j popcount(x_i & w_j)

with plane weights s_i = 2^i and t_j = 2^j, the top one negative where the word is in two's complement.
Ternary weights are two planes; planes that are zero everywhere do not exist, because widths follow from the ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import ListedEntries, PlaneArithmetic, bit_planes, plane_of
from mulfree.compiler.families.interface import Family
from mulfree.ir import BIPOLAR, BIT, TERNARY, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window, contract
from mulfree.rtl import Circuit, Wire, cells
from mulfree.rtl.stages import EntrySchedule
from mulfree.rtl.stages.entry_schedule import NOTHING

MOST_KEPT, MOST_PRICED = 0.6, 0.45
"""Of all weights, the shares that are not 0 up to which there is a list of these on request, and up to which it is
offered by price: where more are kept a list takes more LUTs than rows, to save cycles on which no folding counts."""


def _weights(lo: int, hi: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).integers(lo, hi + 1, shape))


PADDED = Window((3, 3), pads=(1, 1, 1, 1))


@dataclass(frozen=True, slots=True)
class AndPopcount(PlaneArithmetic):
    """y[m] = sum over planes i of x's words and j of w's of s_i t_j popcount(x_i & w_j)."""

    name: ClassVar[str] = "and_popcount"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((9,), BIT), MultiplyAccumulate(_weights(0, 1, 4, 9, 1, 1))),
        (TensorType((8,), TERNARY), MultiplyAccumulate(_weights(-1, 1, 3, 8, 1, 1))),
        (TensorType((4,), IntRange(-8, 7)), MultiplyAccumulate(_weights(-8, 7, 3, 4, 1, 1))),
        (TensorType((2, 4, 4), IntRange(0, 3)), MultiplyAccumulate(_weights(-4, 3, 2, 2, 3, 3), PADDED)),
        (TensorType((4, 4, 4), BIPOLAR), MultiplyAccumulate(_weights(-2, 1, 4, 1, 2, 2), Window((2, 2)), 4)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return True

    @property
    def factor(self) -> int:
        return self.operand.step if self.operand.is_coded else 1

    @property
    def offset(self) -> IntArray:
        """Stored words that are indices leave lo out."""
        least: IntArray = (self.operand.lo if self.operand.is_coded else 0) * self.rows.sum(axis=1)
        return least

    @property
    def value_range(self) -> IntRange:
        """The weights' own ends without a step: planes need plain binary or two's complement."""
        return IntRange(min(0, self.weights.range.lo), max(0, self.weights.range.hi))

    @property
    def weight_range(self) -> IntRange:
        return self.value_range

    def dot(self, taps: AnyArray) -> AnyArray:
        words, weights = self.operand, self.value_range
        pairs = [
            s * t * contract(plane_of(words, taps, i), plane_of(weights, self.weights.array, j), self.groups)
            for i, s in bit_planes(words)
            for j, t in bit_planes(weights)
        ]
        zero = contract(0 * taps, self.weights.array, self.groups)
        total: AnyArray = np.stack([zero, *pairs]).sum(axis=0)
        return total

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        return self.products(circuit, x, w, 0)

    def products(self, circuit: Circuit, x: Wire, w: Wire, low: int) -> list[tuple[Wire, int]]:
        """Planes of x with those of weights that stand in w from bit `low` on."""
        xs = [(circuit.drive(cells.bit(i), x), s) for i, s in bit_planes(self.operand)]
        ws = [(circuit.drive(cells.bit(low + j), w), t) for j, t in bit_planes(self.value_range)]
        return [(circuit.drive(cells.AND, a, b), s * t) for a, s in xs for b, t in ws]


def _sparse(peak: int, *shape: int) -> Tensor:
    weights = _weights(-peak, peak, *shape).array
    return Tensor(weights * (np.random.default_rng(peak).random(shape) < 0.4))


@dataclass(frozen=True, slots=True)
class AndPopcountKept(AndPopcount):
    """As `AndPopcount`; folded, an output takes a step for each of its weights that is not 0.

    A list says where each of them meets the inputs; see `mulfree.rtl.stages.sparse_matrix`.
    """

    name: ClassVar[str] = "and_popcount_kept"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((8,), IntRange(-8, 7)), MultiplyAccumulate(_sparse(31, 6, 8, 1, 1))),
        (TensorType((6,), IntRange(-3, 3, 2)), MultiplyAccumulate(_sparse(9, 4, 6, 1, 1))),
        (TensorType((9,), BIPOLAR), MultiplyAccumulate(_sparse(1, 6, 9, 1, 1))),
        (TensorType((4, 3, 3), IntRange(0, 7)), MultiplyAccumulate(_sparse(20, 4, 4, 3, 3), PADDED)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        kept = int(np.count_nonzero(layer.weights.array))
        return layer.groups == 1 and 0 < kept <= MOST_KEPT * layer.weights.array.size

    def gains(self, is_unrolled: bool) -> bool:
        kept = int(np.count_nonzero(self.weights.array))
        return not is_unrolled and kept <= MOST_PRICED * self.weights.array.size

    def listed(self, order: IntArray, lanes: int, pe: int, sorts: bool) -> ListedEntries:
        rows = self.rows[:, order]
        schedule = EntrySchedule.of((rows != 0)[None], lanes, pe, repeats=False, sorts=sorts)
        read = rows[schedule.rows[..., None], np.maximum(schedule.elements, 0)]
        codes = np.where(schedule.elements == NOTHING, 0, read)
        return ListedEntries(schedule, codes, self.weight_range, self.lane)


FAMILY = Family("AND-popcount", arithmetics=(AndPopcount, AndPopcountKept))
