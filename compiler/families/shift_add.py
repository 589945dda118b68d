"""Shift-add: integer weights as signed digits, their sums shared over the whole matrix of a layer.

    w = sum_j d_j 2^j with digits d_j in {-1, 0, 1}     sum_k w[m, k] x[k] = sum over digits of ±x[k] 2^j

Where all outputs of a vector are computed at once the weights stand in the logic: sums that many outputs need are made
once where that is cheaper, and each output ends in one bit heap (`mulfree.rtl.constant_matrix`). Folded, every
processing element walks a schedule of its own: a list of the digits that are not 0, each the place of an input, a shift
and a sign, so that a weight takes as many steps as it has digits, and a weight of 0 none. Layers with more digits than
`MOST_DIGITS` gain nothing by that: there weights meet the inputs as bit planes, as in AND-popcount.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.and_popcount import AndPopcount
from mulfree.compiler.families.arithmetic import ListedEntries
from mulfree.compiler.families.interface import Family
from mulfree.compiler.families.power_of_two.arithmetics import PowerOfTwo
from mulfree.ir import BIPOLAR, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.constant_matrix import MatrixPlan, draw, plan_matrix
from mulfree.rtl.price import signed_digits
from mulfree.rtl.stages import EntrySchedule
from mulfree.rtl.stages.entry_schedule import NOTHING
from mulfree.rtl.stages.reduction import stored_number

MOST_DIGITS = 0.15
"""For each bit of a weight, on average, up to which a list is offered; then it is priced like every alternative."""


def _weights(lo: int, hi: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).integers(lo, hi + 1, shape))


def _sparse(peak: int, *shape: int) -> Tensor:
    """Weights of which most are 0, in every row another number."""
    weights = _weights(-peak, peak, *shape).array
    return Tensor(weights * (np.random.default_rng(peak).random(shape) < 0.25))


@dataclass(frozen=True, slots=True)
class ShiftAdd(AndPopcount):
    """y[m] = sum of ±word[k] 2^j over the signed digits of row m, word being what is stored of x."""

    name: ClassVar[str] = "shift_add"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((6,), IntRange(-8, 7)), MultiplyAccumulate(_weights(-90, 90, 5, 6, 1, 1))),
        (TensorType((9,), BIPOLAR), MultiplyAccumulate(_weights(-1, 1, 6, 9, 1, 1))),
        (TensorType((2, 4, 4), IntRange(0, 7)), MultiplyAccumulate(_weights(-9, 9, 3, 2, 2, 2), Window((2, 2)))),
        (TensorType((8,), IntRange(-8, 7)), MultiplyAccumulate(_sparse(31, 6, 8, 1, 1))),
        (TensorType((6,), IntRange(-3, 3, 2)), MultiplyAccumulate(_sparse(9, 4, 6, 1, 1))),
        (TensorType((4, 3, 3), IntRange(0, 7)), MultiplyAccumulate(_sparse(20, 4, 4, 2, 2), Window((2, 2)))),
    )

    def unrolled(self, order: IntArray, target: str) -> Callable[[Circuit, Wire], Wire]:
        rows = self.rows[:, order]

        @cache
        def plan(words: IntRange) -> MatrixPlan:
            return plan_matrix(rows, words, target)

        def outputs(circuit: Circuit, x: Wire) -> Wire:
            words = circuit.index(x)
            return draw(plan(words.range), circuit, words)

        return outputs

    def gains(self, is_unrolled: bool) -> bool:
        return is_unrolled or self.is_listed

    @property
    def is_listed(self) -> bool:
        """Whether few enough digits are left to walk them one by one."""
        return self.groups == 1 and 0 < self.digits_per_bit <= MOST_DIGITS

    @property
    def digits_per_bit(self) -> float:
        """How many digits are not 0, for each bit of a weight."""
        return float(digit_counts(self.weights.array).sum()) / (self.weight_range.width * self.weights.array.size)

    def listed(self, order: IntArray, lanes: int, pe: int, sorts: bool) -> ListedEntries | None:
        """The digits of each output as a list."""
        if not self.is_listed:
            return None
        rows = self.rows[:, order]
        schedule = EntrySchedule.of(digit_counts(rows)[None], lanes, pe, repeats=False, sorts=sorts)
        digits = stepping(_scheduled(rows, schedule), self.words)

        def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
            return digits.lane(circuit, circuit.index(x), w)

        return ListedEntries(schedule, digits.codes.reshape(schedule.elements.shape), digits.weight_range, lane)

    @property
    def words(self) -> IntRange:
        """What is stored of an operand."""
        return stored_number(self.operand)


def stepping(values: IntArray, words: IntRange) -> PowerOfTwo:
    """What a step adds: one word shifted, negated or left out, as the signed powers of two and zeros say."""
    return PowerOfTwo(Tensor(values.reshape(1, -1, 1, 1)), operand=words)


def digit_counts(weights: IntArray) -> IntArray:
    """How many canonical signed digits of each weight are not 0: n + n / 2 and n / 2 differ there."""
    half = np.abs(weights) >> 1
    counts: IntArray = np.bitwise_count((np.abs(weights) + half) ^ half).astype(np.int64)
    return counts


def _scheduled(rows: IntArray, schedule: EntrySchedule) -> IntArray:
    """(steps, pe, ports) digits as signed powers of two, 0 where the schedule has none."""
    values, outputs = np.zeros(schedule.elements.shape, np.int64), schedule.rows
    taken: dict[tuple[int, int], int] = {}
    for at in zip(*np.nonzero(schedule.elements != NOTHING), strict=True):
        entry = int(outputs[at[:2]]), int(schedule.elements[at])
        taken[entry] = rank = taken.get(entry, -1) + 1
        values[at] = _digits(int(rows[entry]))[rank]
    return values


@cache
def _digits(weight: int) -> tuple[int, ...]:
    """The signed powers of two that a weight is the sum of, fewest possible."""
    sign = 1 if weight > 0 else -1
    return tuple(sign * (1 if kind == "+" else -1) << shift for kind, shift in signed_digits(abs(weight)))


FAMILY = Family("shift-add", arithmetics=(ShiftAdd,))
