"""Lazy evaluation of trees of minima and maxima: which units it takes, one after the other."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.forest import END, MAX, Forest
from mulfree.sim.jit import jit


class Row(Protocol):
    """An array of int64, as compiled code sees it."""

    def __getitem__(self, index: int, /) -> int: ...
    def __setitem__(self, index: int, value: int, /) -> None: ...
    def __len__(self) -> int: ...


class Rows(Protocol):
    """A two-dimensional array of int64, as compiled code sees it."""

    def __getitem__(self, row: int, /) -> Row: ...
    def __len__(self) -> int: ...


class Walked(NamedTuple):
    """What the evaluation of every tree of every sample found and took, each (samples, trees)."""

    values: IntArray
    visits: IntArray
    """Units evaluated."""
    looks: IntArray
    """Nodes looked at after a unit, to find that they are decided or not; the end of the tree counts as one."""


class Table(NamedTuple):
    """The forest by its leaves, and room for bounds by number of turns."""

    leaves: Row
    kinds: Row
    turns: Row
    lasts: Row
    lower: Row
    upper: Row


def walked(units: AnyArray, forest: Forest) -> Walked:
    """Fail-soft alpha-beta over the units' values (samples, units), from the left; see `walk_tree`.

    Values must lie within 62 bits, so that there are integers beyond them for the bounds of a whole tree.
    """
    values = np.ascontiguousarray(units, np.int64)
    peak = int(np.abs(values).max(initial=0)) + 1
    room = [np.zeros(len(forest.leaves) + 1, np.int64) for _ in range(2)]
    table = Table(forest.leaves, forest.kinds, forest.turns, forest.lasts, *room)
    found = [np.zeros((len(values), forest.trees), np.int64) for _ in Walked._fields]
    walk_all(values, table, peak, *found)
    return Walked(*found)


@jit
def walk_all(units: Rows, table: Table, peak: int, values: Rows, visits: Rows, looks: Rows) -> None:
    for s in range(len(units)):
        leaf = 0
        for t in range(len(values[s])):
            leaf = walk_tree(units[s], table, peak, leaf, t, values[s], visits[s], looks[s])


@jit
def walk_tree(units: Row, table: Table, peak: int, leaf: int, t: int, values: Row, visits: Row, looks: Row) -> int:
    """Evaluates tree t, whose first leaf is given; returns the first leaf of the next one.

    At a node whose left tree's value v is known, with known_max and known_min from the nodes above: a maximum is
    decided if v >= known_min, else its right tree is evaluated with max(known_max, v); a minimum is decided if
    v <= known_max, else its right tree is evaluated with min(known_min, v). A value is kept within its bounds, so that
    the last one is the result; on which side of a bound it lies does not change, and so neither does what is visited.
    """
    lower, upper = table.lower, table.upper
    lower[0], upper[0] = -peak, peak
    place = 0
    while True:
        value = min(max(units[table.leaves[leaf]], lower[place]), upper[place])
        visits[t] += 1
        looks[t] += 1
        while table.kinds[leaf] != END and is_decided(value, table, leaf):
            leaf = table.lasts[leaf]
            looks[t] += 1
        if table.kinds[leaf] == END:
            values[t] = value
            return leaf + 1
        turns = table.turns[leaf]
        place = turns + 1
        is_max = table.kinds[leaf] == MAX
        lower[place] = max(lower[turns], value) if is_max else lower[turns]
        upper[place] = upper[turns] if is_max else min(upper[turns], value)
        leaf += 1


@jit
def is_decided(value: int, table: Table, node: int) -> bool:
    turns = table.turns[node]
    if table.kinds[node] == MAX:
        return value >= table.upper[turns]
    return value <= table.lower[turns]
