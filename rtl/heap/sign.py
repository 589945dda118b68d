"""Sums of which only the top bit is wanted: which constants are left to the last counter.

A heap of w columns then decides whether its sum reaches 2^(w-1), and no bit below that is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mulfree.rtl.heap.bits import ONE, Heap
from mulfree.rtl.heap.plan import Plan, plan_sign
from mulfree.rtl.heap.technology import TECHNOLOGIES

MANY = 96
"""Bits of a heap above which constants are bits like any others: they matter little, and every way is a search."""


def decided(heap: Heap, technology: str) -> tuple[Heap, Plan]:
    """The heap, perhaps without constants that its plan knows, and the plan of its top bit: the cheapest found."""
    ways = ((left, plan_sign(left.heights, technology, known)) for left, known in _ways(heap, technology))
    return min(((left, plan) for left, plan in ways if plan), key=lambda way: way[1].cost)


def _ways(heap: Heap, technology: str) -> Iterator[tuple[Heap, int]]:
    """Constants are bits like any others below some column, and the last counter's to know from there on."""
    if not TECHNOLOGIES[technology].sign.knows_constants:
        yield heap, 0
        return
    top = int(heap.is_top_inverted) << len(heap.columns) - 1
    if sum(heap.heights) > MANY:
        yield _without(heap, top), top
        return
    ones = [place for place, column in enumerate(heap.columns) if ONE in column]
    for first in sorted({0, len(ones) // 2, len(ones)}):
        known = top + sum(1 << place for place in ones[first:])
        yield _without(heap, known), known


def _without(heap: Heap, known: int) -> Heap:
    columns = (
        tuple(bit for bit in column if bit != ONE) if known >> place & 1 else column
        for place, column in enumerate(heap.columns)
    )
    return replace(heap, columns=tuple(columns), is_top_inverted=False)
