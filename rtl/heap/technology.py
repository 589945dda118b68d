"""Technologies: what a heap may be compressed with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mulfree.rtl.heap import adders, xc7
from mulfree.rtl.heap.counter import Heights, Stage


@dataclass(frozen=True)
class Technology:
    """Ways to compress a heap once, and how to end."""

    stages: Callable[[Heights], Iterator[Stage]]
    """Candidates for the next stage, the one for high columns first; empty ones are ignored."""
    finish: Callable[[Heights], Stage | None]
    """The last stage, empty where every column holds at most one bit; None where columns are still too high."""


GENERIC = "generic"
"""Of no target: plain logic that synthesis folds where operands are constant."""

TECHNOLOGIES = {
    "xc7": Technology(xc7.stages, xc7.finish),
    "ice40": Technology(*adders.rows(adders.ice40_row)),
    "ecp5": Technology(*adders.rows(adders.ecp5_row)),
    "asic": Technology(adders.gate_stages, adders.gate_finish),
    GENERIC: Technology(*adders.rows(adders.ice40_row)),
}
