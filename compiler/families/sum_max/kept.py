"""Pruned sum-max layers by the list of their entries: a pruned one has no memory, no logic and no cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import ListedEntries
from mulfree.compiler.families.sum_max.arithmetic import Example, SumMaxCompare, Term, example
from mulfree.compiler.families.sum_max.operator import SumMax, kept_rows
from mulfree.ir import BIPOLAR, AnyArray, IntArray, IntRange, TensorType
from mulfree.ir.ops import Contraction, Window
from mulfree.rtl import Circuit, Wire, cells
from mulfree.rtl.stages import EntrySchedule
from mulfree.rtl.stages.entry_schedule import NOTHING


@dataclass(frozen=True, slots=True)
class SumMaxKept(SumMaxCompare):
    """As `SumMaxCompare`; folded, an output takes a step for each entry of its longer term, not for each element.

    In a step it reads an entry of each term for each lane of the operand. Where a lane has fewer entries, its last one
    is read again, which changes no maximum and no minimum.
    """

    name: ClassVar[str] = "sum_max_kept"
    examples: ClassVar[tuple[Example, ...]] = (
        example(TensorType((8,), IntRange(0, 15)), 9, 0.6, 4, 8, 1, 1),
        example(TensorType((12,), IntRange(-8, 7)), 7, 0.9, 6, 12, 1, 1),
        example(TensorType((4,), BIPOLAR), 3, 0.3, 2, 4, 1, 1),
        example(TensorType((2, 4, 4), IntRange(0, 7)), 4, 0.7, 2, 2, 3, 3, window=Window((3, 3), pads=(1, 1, 1, 1))),
        example(TensorType((2, 1, 7), IntRange(-4, 3)), 3, 0.5, 4, 2, 1, 3, window=Window((1, 3), (1, 2))),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return isinstance(layer, SumMax) and not kept_rows(layer).all()

    def listed(self, order: IntArray, lanes: int, pe: int, sorts: bool) -> ListedEntries:
        layer = self.layer
        assert isinstance(layer, SumMax)
        schedule = EntrySchedule.of(kept_rows(layer)[:, :, order], lanes, pe, repeats=True, sorts=sorts)
        elements = np.split(schedule.elements, 2, axis=2)
        most, least = (
            _term(weights.array, order, schedule.rows, read)
            for weights, read in zip((self.weights, self.w_min), elements, strict=True)
        )

        def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
            upper, lower = _halves(circuit, x, w)
            largest = circuit.drive(cells.LARGEST, most.sums(circuit, *upper, "least"))
            smallest = circuit.drive(cells.SMALLEST, least.sums(circuit, *lower, "greatest"))
            return circuit.drive(cells.JOIN, largest, smallest)

        bits = max(most.bits, least.bits)
        codes = np.concatenate([most.codes, least.codes], axis=2)
        return ListedEntries(schedule, codes, IntRange(0, 2**bits - 1), lane)


def _term(weights: AnyArray, order: IntArray, rows: IntArray, elements: IntArray) -> Term:
    """One term's weights in the places of the list, and where there are any."""
    by_row = weights.reshape(len(weights), -1)[:, order]
    return Term(by_row[rows[..., None], elements], (elements != NOTHING).astype(np.int64), 0)


def _halves(circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, Wire]]:
    """Elements and codes of the first half of the ports, and of the second."""
    x, lanes = circuit.plain(x), x.lanes // 2
    halves = [cells.pick(range(start, start + lanes)) for start in (0, lanes)]
    return [(circuit.drive(half, x), circuit.drive(half, w)) for half in halves]
