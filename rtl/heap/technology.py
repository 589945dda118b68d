"""Technologies: what a heap may be compressed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mulfree.rtl.heap import adders, xc7
from mulfree.rtl.heap.counter import NO_AREA, Area, Heights, Stage


@dataclass(frozen=True)
class Technology:
    """Ways to compress a heap once, and how to end."""

    stages: Callable[[Heights], Iterator[Stage]]
    """Candidates for the next stage, the one for high columns first; empty ones are ignored."""
    finish: Callable[[Heights], Stage | None]
    """The last stage, empty where every column holds at most one bit; None where columns are still too high."""
    bits_per_area: float
    """That the best counter takes off a heap for a LUT (standard cells: a gate)."""
    inverter: Area
    """What complementing the sum's top bit takes, unless what reads it absorbs that."""


GENERIC = "generic"
"""Of no target: plain logic that synthesis folds where operands are constant."""

TECHNOLOGIES = {
    "xc7": Technology(xc7.stages, xc7.finish, 2.0, NO_AREA),
    "ice40": Technology(*adders.rows(adders.ice40_row), 1.0, Area(luts=1)),
    "ecp5": Technology(*adders.rows(adders.ecp5_row), 1.0, Area(luts=1)),
    "asic": Technology(adders.gate_stages, adders.gate_finish, 1 / adders.GATES_OF_FULL_ADDER, Area(gates=0.5)),
    GENERIC: Technology(*adders.rows(adders.ice40_row), 1.0, Area(luts=1)),
}
