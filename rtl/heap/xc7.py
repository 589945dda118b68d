"""Counters of AMD 7 series: dual-output six-input tables (LUT6_2) over fast carry chains (CARRY4).

A chain counts up to six bits of a pair of columns and the carry of the pair below with two tables and two places of
a carry chain; seven bits become three, so each table takes two bits off the heap. The adder at the end takes three
rows, one table per column. A full adder is one table.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby

from mulfree.rtl.heap.counter import UNUSED, Area, Counter, Heights, Placed, Stage

ROWS = 3
"""Bits per column that the adder at the end takes."""
FREE_INPUTS = 2
"""Bits that its lowest column takes besides."""
SHAPES = ((6, 0), (4, 1), (2, 2))
"""Bits of the lower and the upper column of a pair that one atom of a chain counts."""
CARRY_PLACES = 4

FULL_ADDER = Counter("heap_full_adder", (), (0, 0, 0), 2, Area(luts=1))

Atom = tuple[int, int, int]
"""The number of a shape, and how many bits of its lower and upper column are used."""


def stages(heights: Heights) -> Iterator[Stage]:
    """Ways to compress once: chains only where atoms are filled so far, everywhere or just where a column is high."""
    for filled, is_needed_only in ((6, False), (5, False), (4, False), (6, True), (5, True), (4, True), (3, True)):
        yield _chains(heights, filled, is_needed_only)
    yield _full_adders(heights)
    yield _adders(heights)


def finish(heights: Heights) -> Stage | None:
    """The adder that makes one row, or None where columns are too high for it."""
    first = next((i for i, height in enumerate(heights) if height > 1), None)
    if first is None:
        return ()
    if heights[first] == 3 and max(heights[first + 1 :], default=0) <= 1 and not any(heights[first + 1 : first + 2]):
        return (Placed(first, FULL_ADDER),)
    if heights[first] > ROWS + FREE_INPUTS or max(heights[first + 1 :], default=0) > ROWS:
        return None
    return (Placed(first, _adder(heights[first:])),)


def _chains(heights: Heights, filled: int, is_needed_only: bool) -> Stage:
    left, placed = [*heights, 0], list[Placed]()
    given = [0] * len(left)
    for column in range(len(heights)):
        while not is_needed_only or left[column] + given[column] > ROWS:
            atoms = _atoms(left, column, filled)
            if not atoms:
                break
            counter = _chain(atoms, left[column] > atoms[0][1])
            placed.append(Placed(column, counter))
            for offset, count in counter.takes:
                left[column + offset] -= count
            for place in range(column, min(column + counter.gives, len(given))):
                given[place] += 1
    return tuple(placed)


def _atoms(left: list[int], column: int, filled: int) -> tuple[Atom, ...]:
    """Atoms from this column up, as long as each counts so many bits."""
    found = list[Atom]()
    for low in range(column, len(left) - 1, 2):
        atom = _fullest(min(6, left[low]), min(2, left[low + 1]))
        if atom[1] + atom[2] < filled:
            break
        found.append(atom)
    return tuple(found)


@cache
def _fullest(low: int, high: int) -> Atom:
    """The shape that counts most of so many bits in a column and in the next."""
    taken = [(kind, min(a, low), min(b, high)) for kind, (a, b) in enumerate(SHAPES)]
    return max(taken, key=lambda atom: atom[1] + atom[2])


@cache
def _chain(atoms: tuple[Atom, ...], has_carry: bool) -> Counter:
    ports = [0 if has_carry else UNUSED]
    for i, (kind, low, high) in enumerate(atoms):
        shape = SHAPES[kind]
        used = [*slots(2 * i, low, shape[0]), *slots(2 * i + 1, high, shape[1])]
        ports += [*used, *[UNUSED] * (6 - len(used))]
    kinds = sum(kind << (2 * i) for i, (kind, _, _) in enumerate(atoms))
    parameters = (("ATOMS", str(len(atoms))), ("KINDS", f"256'h{kinds:x}"))
    area = Area(2 * len(atoms), -(-2 * len(atoms) // CARRY_PLACES))
    return Counter("heap_chain", parameters, tuple(ports), 2 * len(atoms) + 1, area)


def slots(column: int, used: int, count: int) -> list[int]:
    """Ports of which the first are used."""
    return [column] * used + [UNUSED] * (count - used)


def _full_adders(heights: Heights) -> Stage:
    """Where a column is too high for the adder at the end."""
    left, placed = list(heights), list[Placed]()
    given = [0] * (len(left) + 1)
    for column in range(len(left)):
        while left[column] >= 3 and left[column] + given[column] > ROWS:
            placed.append(Placed(column, FULL_ADDER))
            left[column] -= 3
            given[column] += 1
            given[column + 1] += 1
    return tuple(placed)


def _adders(heights: Heights) -> Stage:
    """Adders of three rows where columns are too high for the adder at the end."""
    placed = list[Placed]()
    for first, length in _runs([height > ROWS for height in heights]):
        free = min(FREE_INPUTS, heights[first] - ROWS)
        above = min(2, len(heights) - first - length)
        placed.append(Placed(first, _adder((ROWS + free, *[ROWS] * (length - 1), *[0] * above))))
    return tuple(placed)


def _runs(chosen: list[bool]) -> list[tuple[int, int]]:
    """First and length of each run of columns that are chosen."""
    groups = [(is_chosen, [*run]) for is_chosen, run in groupby(range(len(chosen)), chosen.__getitem__)]
    return [(run[0], len(run)) for is_chosen, run in groups if is_chosen]


@cache
def _adder(heights: Heights) -> Counter:
    """Columns up to the last that holds a bit or is linked to; `links` says which hand on a second carry."""
    free = max(0, heights[0] - ROWS)
    ports, links, width = slots(0, free, FREE_INPUTS), [free > 1], 0
    for column, height in enumerate(heights):
        if not (any(heights[column:]) or links[-1]):
            break
        rows = min(height, ROWS)
        ports += slots(column, rows, ROWS)
        links.append(rows == ROWS or (rows == 2 and links[-1]))
        width += 1
    total = min(width + 1, len(heights))
    known = sum(link << i for i, link in enumerate(links))
    parameters = (("WIDTH", str(width)), ("LINKS", f"256'h{known:x}"), ("SUM", str(total)))
    return Counter("heap_ternary", parameters, tuple(ports), total, Area(width, -(-width // CARRY_PLACES)))
