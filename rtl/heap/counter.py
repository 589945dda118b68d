"""Counters: the parts that a plan compresses a heap with."""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Area(NamedTuple):
    """What a counter takes of its technology."""

    luts: int = 0
    carries: int = 0
    """Carry primitives: CARRY4, SB_CARRY, CCU2C."""
    gates: float = 0
    """Two-input NAND equivalents; counted for standard cells only."""
    passes: int = 0
    """Tables that placing adds where a carry enters or leaves a chain; synthesis does not count them."""

    def plus(self, other: Area) -> Area:
        luts, carries = self.luts + other.luts, self.carries + other.carries
        return Area(luts, carries, self.gates + other.gates, self.passes + other.passes)

    def times(self, count: int) -> Area:
        """So many copies."""
        return Area(count * self.luts, count * self.carries, count * self.gates, count * self.passes)


NO_AREA = Area()
UNUSED = -1
"""A port of a counter that is tied to 0."""


@dataclass(frozen=True)
class Counter:
    """An instance of a library module with ports x and y.

    constant + sum_k x[k] 2^ports[k] = sum_j y[j] 2^(lowest + j), but for the bits of the sum below `lowest`, not made.
    """

    module: str
    parameters: tuple[tuple[str, str], ...]
    """Names and values of the module's parameters, as Verilog."""
    ports: tuple[int, ...]
    """For each bit of x, the column that it takes a bit from, counted from the counter's lowest; or UNUSED."""
    gives: int
    """Bits of y, one per column from `lowest` on."""
    area: Area
    inverter: Area = NO_AREA
    """What complementing a bit before a port takes; nothing where tables absorb it."""
    lowest: int = 0
    constant: int = 0

    @cached_property
    def takes(self) -> tuple[tuple[int, int], ...]:
        """(column, how many bits of it), in the order of columns."""
        return tuple(sorted(Tally(port for port in self.ports if port != UNUSED).items()))


class Placed(NamedTuple):
    """A counter whose lowest column is `column` of the heap."""

    column: int
    counter: Counter


Heights = tuple[int, ...]
"""How many bits each column holds, the lowest first."""
Stage = tuple[Placed, ...]
"""Counters side by side: all take bits that were there before the stage."""


def compressed(heights: Heights, stage: Stage) -> Heights:
    """The heights after a stage; what a counter gives beyond the last column is dropped (modulo 2^width)."""
    left = list(heights)
    for column, counter in stage:
        for offset, count in counter.takes:
            left[column + offset] -= count
        first = column + counter.lowest
        for place in range(first, min(first + counter.gives, len(left))):
            left[place] += 1
    return tuple(left)


def alive(heights: Heights, constant: int = 0) -> int:
    """The lowest column that counts if only the top column's bit is wanted: those below hand on no carry."""
    found, most = 0, 0
    for column, height in enumerate(heights):
        if most < 1 << column:
            found = column
        most += height + (constant >> column & 1) << column
    return found


def area_of(stages: tuple[Stage, ...]) -> Area:
    """All the counters of all the stages."""
    total = Area()
    for stage in stages:
        for placed in stage:
            total = total.plus(placed.counter.area)
    return total
