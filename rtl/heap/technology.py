"""Technologies: what a heap may be compressed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mulfree.rtl.heap import adders, xc7, xc7_sign
from mulfree.rtl.heap.counter import NO_AREA, Area, Heights, Stage

Stages = Callable[[Heights], Iterator[Stage]]
Finish = Callable[[Heights], Stage | None]


@dataclass(frozen=True)
class Sign:
    """Ways to the top bit of a sum alone."""

    stages: Stages
    """As of a `Technology`."""
    finish: Callable[[Heights, int], Stage | None]
    """The last stage for a constant and columns, of which only the living hold bits; as of a `Technology`."""
    knows_constants: bool = False
    """Whether the constant may be other than 0."""


@dataclass(frozen=True)
class Technology:
    """Ways to compress a heap once, and how to end."""

    stages: Stages
    """Candidates for the next stage, the one for high columns first; empty ones are ignored."""
    finish: Finish
    """The last stage, empty where every column holds at most one bit; None where columns are still too high."""
    sign: Sign
    bits_per_area: float
    """That the best counter takes off a heap for a LUT (standard cells: a gate)."""
    inverter: Area
    """What complementing the sum's top bit takes, unless what reads it absorbs that."""


def _by_rows(row: adders.RowArea, sign_row: adders.RowArea) -> Technology:
    stages, finish = adders.rows(row)
    return Technology(stages, finish, Sign(stages, adders.sign_of_rows(sign_row)), 1.0, Area(luts=1))


GENERIC = "generic"
"""Of no target: plain logic that synthesis folds where operands are constant."""

_CARRY4 = Technology(xc7.stages, xc7.finish, Sign(xc7.stages, xc7_sign.finish, knows_constants=True), 2.0, NO_AREA)

TECHNOLOGIES = {
    "xc7": _CARRY4,
    "xcup": _CARRY4,
    "ice40": _by_rows(adders.ice40_row, adders.ice40_sign_row),
    "ecp5": _by_rows(adders.ecp5_row, adders.ecp5_sign_row),
    "gowin": _by_rows(adders.gowin_row, adders.gowin_sign_row),
    "asic": Technology(
        adders.gate_stages,
        adders.gate_finish,
        Sign(adders.gate_sign_stages, adders.gate_sign_finish),
        1 / adders.GATES_OF_FULL_ADDER,
        Area(gates=0.5),
    ),
    GENERIC: _by_rows(adders.ice40_row, adders.ice40_sign_row),
}
