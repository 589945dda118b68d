"""Which bit meets which port of a plan: counters take the oldest bits of a column first."""

from __future__ import annotations

from collections import deque

from mulfree.rtl.heap.bits import Heap
from mulfree.rtl.heap.counter import NO_AREA, UNUSED, Area, Heights, Placed, Stage
from mulfree.rtl.heap.plan import Plan
from mulfree.rtl.heap.technology import TECHNOLOGIES

Place = tuple[int, int]
"""A bit of a plan: the vector (0: the heap's own bits, s: what stage s gave) and its index there."""
Wired = tuple[Placed, list[Place | None]]
"""A counter and the bits that its ports take."""
Columns = list[deque[Place]]


def wiring(plan: Plan) -> tuple[list[list[Wired]], list[Place | None]]:
    """The counters of every stage with their bits, and the bit that is left in each column that is wanted."""
    columns = _first_columns(plan.heights)
    stages = [_wired(stage, number, columns) for number, stage in enumerate(plan.stages, 1)]
    left = [column[0] if column else None for column in columns]
    return stages, left[-1:] if plan.is_sign else left


def inverters(heap: Heap, plan: Plan) -> Area:
    """To complement bits before counters that cannot absorb it, equal ones once; and the sum's top bit."""
    bits = [bit for column in heap.columns for bit in column]
    found = {
        bits[place[1]]: placed.counter.inverter
        for wired in wiring(plan)[0]
        for placed, taken in wired
        for place in taken
        if place and place[0] == 0 and bits[place[1]].is_inverted and placed.counter.inverter != NO_AREA
    }
    total = TECHNOLOGIES[plan.technology].inverter if heap.is_top_inverted else NO_AREA
    for area in found.values():
        total = total.plus(area)
    return total


def _first_columns(heights: Heights) -> Columns:
    numbers = iter(range(sum(heights)))
    return [deque((0, next(numbers)) for _ in range(height)) for height in heights]


def _wired(stage: Stage, number: int, columns: Columns) -> list[Wired]:
    """Takes from the columns, and gives back at the end."""
    wired, given = list[Wired](), list[tuple[int, Place]]()
    for placed in stage:
        column, counter = placed
        wired.append((placed, [None if p == UNUSED else columns[column + p].popleft() for p in counter.ports]))
        low = column + counter.lowest
        given += [(low + k, (number, len(given) + k)) for k in range(counter.gives)]
    for column, place in given:
        if column < len(columns):
            columns[column].append(place)
    return wired
