"""The top bit of a sum on AMD 7 series: a carry chain over tables of several columns each.

A LUT6_2 is two functions of five bits. Those of some neighbouring columns tell whether the columns carry by themselves,
and whether they hand on a carry from below; constants in these columns are part of the table. Columns of three bits are
first added as in the adder of three rows, a table each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from mulfree.rtl.heap.counter import UNUSED, Area, Counter, Heights, Placed, Stage, alive
from mulfree.rtl.heap.xc7 import CARRY_PLACES, FREE_INPUTS, ROWS, slots

TABLE_INPUTS = 6
PLACE_INPUTS = 5
WIDEST = 8
"""Columns of a table on the carry chain."""

Ports = tuple[int, ...]
"""The columns of bits that a table reads."""


def finish(heights: Heights, constant: int) -> Stage | None:
    """The cheapest counter that gives the top bit at once; none where it is a bit of the heap already."""
    low, top = alive(heights, constant), len(heights) - 1
    if low == top and heights[top] <= 1 and not constant >> top & 1:
        return ()
    counter = _counter(heights[low:], (constant & (2 << top) - 1) >> low)
    return (Placed(low, counter),) if counter else None


@cache
def _counter(heights: Heights, constant: int) -> Counter | None:
    if sum(heights) <= TABLE_INPUTS:
        return _table(heights, constant)
    chains = (_chain(heights, constant, columns) for columns in range(len(heights)))
    found = min((chain for chain in chains if chain), key=lambda chain: chain.luts, default=None)
    return found and found.counter()


def _table(heights: Heights, constant: int) -> Counter:
    """Any function of six bits."""
    ports, top = _ports(heights), len(heights) - 1
    bits = sum((_sum(ports, address) + constant >> top & 1) << address for address in range(1 << len(ports)))
    parameters = (("INPUTS", str(len(ports))), ("TABLE", f"{1 << len(ports)}'h{bits:x}"))
    return Counter("heap_table", parameters, ports, 1, Area(luts=1), lowest=top, constant=constant)


class _Chain(NamedTuple):
    """The lowest columns in three rows, those above in tables, and perhaps the top column in a table of its own."""

    ports: list[int]
    """Of the carry in, of the columns in rows."""
    links: list[bool]
    """Which second carries there are; the last comes to the lowest column of the tables."""
    heights: Heights
    """Of the columns in tables, and of the top one."""
    constant: int
    """In the lowest column of the tables."""
    lengths: tuple[int, ...]
    """How many columns each table has."""

    @property
    def columns(self) -> int:
        return len(self.links) - 1

    @property
    def has_top(self) -> bool:
        """Whether anything is to be added to the carry."""
        is_odd = self.constant >> len(self.heights) - 1 & 1
        return bool(self.heights[-1] or is_odd or (self.links[-1] and not self.lengths))

    @property
    def luts(self) -> int:
        return self.columns + len(self.lengths) + self.has_top

    def counter(self) -> Counter:
        tables, ports = [*self._tables()], [*self.ports]
        for number, (of_table, _) in enumerate(tables):
            # Bit 4 of the first table is no port of its own where the second carry comes to it.
            ports += [*of_table, *[UNUSED] * (PLACE_INPUTS - len(of_table))]
            assert len(of_table) + (number == 0 and self.links[-1]) <= PLACE_INPUTS, "too many bits for a table"
        words = sum(table << 64 * number for number, (_, table) in enumerate(tables))
        parameters = (
            ("COLUMNS", str(self.columns)),
            ("LINKS", f"256'h{sum(link << i for i, link in enumerate(self.links)):x}"),
            ("PLACES", str(len(tables))),
            ("TABLES", f"{64 * len(tables) + 64}'h{words:x}"),
            ("TOP", str(int(self.has_top))),
        )
        area, top = Area(self.luts, -(-self.luts // CARRY_PLACES)), self.columns + len(self.heights) - 1
        known = self.constant << self.columns
        return Counter("heap_carry", parameters, tuple(ports), 1, area, lowest=top, constant=known)

    def _tables(self) -> Iterator[tuple[Ports, int]]:
        """Columns of the bits of each table, and what it holds."""
        start = 0
        for length in self.lengths:
            ports, is_linked = _ports(self.heights[start : start + length]), self.links[-1] and start == 0
            table = _carry_table(ports, length, self.constant >> start & (1 << length) - 1, is_linked)
            yield tuple(self.columns + start + column for column in ports), table
            start += length
        if self.has_top:
            is_odd, is_linked = bool(self.constant >> start & 1), self.links[-1] and start == 0
            ports = (self.columns + start,) * self.heights[-1]
            yield ports, _parity_table(len(ports), is_odd, is_linked)


def _chain(heights: Heights, constant: int, columns: int) -> _Chain | None:
    """With so many columns in rows, if they and the tables have room."""
    rows = None if constant % (1 << columns) else _rows(heights, columns)
    if rows is None:
        return None
    ports, links, left = rows
    *below, top = left
    lengths = _cut((*below,), (constant >> columns) & (1 << len(below)) - 1, links[-1])
    if lengths is None or top + (links[-1] and not below) > PLACE_INPUTS:
        return None
    return _Chain(ports, links, left, constant >> columns, lengths)


def _rows(heights: Heights, columns: int) -> tuple[list[int], list[bool], Heights] | None:
    """Ports and links of columns in three rows, and what is left; without any, the carry in takes a bit."""
    if columns == 0:
        above = len(heights) - 1
        taken = min(1, heights[0]) if above else 0
        return [*slots(0, taken, 1), UNUSED], [False], (heights[0] - taken, *heights[1:])
    free = max(0, heights[0] - ROWS)
    if free > FREE_INPUTS or max(heights[1:columns], default=0) > ROWS:
        return None
    ports, links = slots(0, free, FREE_INPUTS), [free > 1]
    for column, height in enumerate(heights[:columns]):
        held = min(height, ROWS)
        ports += slots(column, held, ROWS)
        links.append(held == ROWS or (held == 2 and links[-1]))
    return ports, links, heights[columns:]


@cache
def _cut(heights: Heights, constant: int, is_linked: bool) -> tuple[int, ...] | None:
    """How many columns each table takes, fewest tables: of five bits, and one carry out with one carry in."""
    if not heights:
        return ()
    ways = [(length, *rest) for length, rest in _first_cuts(heights, constant, is_linked)]
    return min(ways, key=len, default=None)


def _first_cuts(heights: Heights, constant: int, is_linked: bool) -> Iterator[tuple[int, tuple[int, ...]]]:
    for length in range(1, min(WIDEST, len(heights)) + 1):
        most = sum(height << place for place, height in enumerate(heights[:length])) + constant % (1 << length)
        if sum(heights[:length]) + is_linked > PLACE_INPUTS or most + is_linked + 1 >= 2 << length:
            continue
        rest = _cut(heights[length:], constant >> length, False)
        if rest is not None:
            yield length, rest


def _carry_table(ports: Ports, length: int, constant: int, is_linked: bool) -> int:
    """For every address, below: whether the sum carries; above: whether it does with a carry from below."""
    table, full = 0, 1 << length
    for address in range(1 << PLACE_INPUTS):
        total = constant + _sum(_addressed(ports, is_linked), address)
        table |= (total >= full) << address | (total == full - 1) << address + 32
    return table


def _parity_table(bits: int, is_odd: bool, is_linked: bool) -> int:
    ports = _addressed((0,) * bits, is_linked)
    return sum((_sum(ports, address) + is_odd & 1) << address + 32 for address in range(1 << PLACE_INPUTS))


def _addressed(ports: Ports, is_linked: bool) -> Ports:
    """The columns of a table's five bits."""
    padded = [*ports, *[UNUSED] * (PLACE_INPUTS - len(ports))]
    return (*padded[:-1], 0) if is_linked else tuple(padded)


def _ports(heights: Heights) -> Ports:
    return tuple(column for column, height in enumerate(heights) for _ in range(height))


def _sum(ports: Ports, address: int) -> int:
    """What the ones of an address add up to."""
    return sum((address >> place & 1) << port for place, port in enumerate(ports) if port != UNUSED)
