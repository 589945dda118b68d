"""Counters of other targets: full adders, and rows of adders on a carry chain of four-input tables.

A full adder is two tables and takes one bit off the heap; a row of n columns takes n bits (two rows and a carry in,
one row and a carry out) in little more than n tables, so bits are first made into short numbers, then numbers added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from mulfree.rtl.heap.counter import NO_AREA, UNUSED, Area, Counter, Heights, Placed, Stage

GATES_OF_FULL_ADDER = 7.0
GATES_OF_HALF_ADDER = 3.25
GATES_OF_CARRY, GATES_OF_HALF_CARRY = 4.25, 1.25
"""Of adders of three and of two bits whose sum nothing reads."""
LONGEST_IN_TABLES = 4
"""Columns of an ecp5 row up to which Yosys takes no carry chain."""
SHORTEST_GOWIN_CHAIN = 2
"""The same for gowin."""

Stages = Callable[[Heights], Iterator[Stage]]
Finish = Callable[[Heights], Stage | None]
RowArea = Callable[[int, bool, bool], Area]
"""From the columns of a row, whether it has a carry in, whether its carry out is read."""

FULL_ADDER = Counter("heap_full_adder", (), (0, 0, 0), 2, Area(luts=2))
GATE_FULL_ADDER = Counter("heap_full_adder", (), (0, 0, 0), 2, Area(gates=GATES_OF_FULL_ADDER))
GATE_HALF_ADDER = Counter("heap_half_adder", (), (0, 0), 2, Area(gates=GATES_OF_HALF_ADDER))
GATE_CARRIES = {
    2: Counter("heap_half_adder", (), (0, 0), 2, Area(gates=GATES_OF_HALF_CARRY)),
    3: Counter("heap_full_adder", (), (0, 0, 0), 2, Area(gates=GATES_OF_CARRY)),
}
"""By how many bits they add: nothing reads their sums."""


def ice40_row(width: int, has_carry_in: bool, has_carry_out: bool) -> Area:
    """A table per column."""
    return Area(width, width - (not has_carry_out), passes=has_carry_in + has_carry_out)


def ecp5_row(width: int, has_carry_in: bool, has_carry_out: bool) -> Area:
    """Two columns to a CCU2C, carries in and out taking a column each; Yosys makes full adders of up to four."""
    columns = width + has_carry_in + has_carry_out
    pairs = -(-columns // 2)
    return Area(2 * pairs, pairs) if columns > LONGEST_IN_TABLES else Area(2 * width)


def gowin_row(width: int, has_carry_in: bool, has_carry_out: bool) -> Area:
    """A table on the chain per column, and one each to bring a carry in and out; Yosys makes two columns of tables."""
    columns = width + has_carry_in + has_carry_out
    return Area(columns, columns) if columns > SHORTEST_GOWIN_CHAIN else Area(2 * width)


def gowin_sign_row(width: int, has_carry_in: bool, has_carry_out: bool) -> Area:
    """A chain is as long as it was."""
    columns = width + has_carry_in + has_carry_out
    return gowin_row(width, has_carry_in, has_carry_out) if columns > SHORTEST_GOWIN_CHAIN else Area(luts=width)


def ice40_sign_row(width: int, has_carry_in: bool, has_carry_out: bool) -> Area:
    """Columns whose sums nothing reads have no table, but its place beside the chain is taken."""
    below = width - (not has_carry_out)
    return Area(width - below, below, passes=below + has_carry_in + has_carry_out)


def ecp5_sign_row(width: int, has_carry_in: bool, has_carry_out: bool) -> Area:
    """A chain is as long as it was; tables of up to four columns are fewer."""
    columns = width + has_carry_in + has_carry_out
    return ecp5_row(width, has_carry_in, has_carry_out) if columns > LONGEST_IN_TABLES else Area(luts=width)


def rows(area: RowArea) -> tuple[Stages, Finish]:
    """Compression by rows and full adders on a target with such rows."""

    @cache
    def row(taken: Heights, total: int) -> Counter:
        return _row(taken, total, area)

    def stages(heights: Heights) -> Iterator[Stage]:
        for shortest in (2, 3, 4):
            for share in (4, 3):
                yield _rows_and_adders(heights, shortest, share, row)

    def finish(heights: Heights) -> Stage | None:
        first = next((i for i, height in enumerate(heights) if height > 1), None)
        if first is None:
            return ()
        if heights[first] > 3 or max(heights[first + 1 :], default=0) > 2:
            return None
        last = max(i for i, height in enumerate(heights) if height)
        return (Placed(first, row(heights[first : last + 1], min(last + 2, len(heights)) - first)),)

    return stages, finish


def _rows_and_adders(heights: Heights, shortest: int, share: int, row: Callable[[Heights, int], Counter]) -> Stage:
    """Rows of at least so many columns; full adders in columns without rows, for one bit in `share` of them."""
    left, placed = list(heights), list[Placed]()
    for column in range(len(heights)):
        while (length := _run(left, column)) >= shortest:
            taken = (min(3, left[column]), *(2 for _ in range(length - 1)))
            placed.append(Placed(column, row(taken, min(length + 1, len(heights) - column))))
            for offset, count in enumerate(taken):
                left[column + offset] -= count
    for column, height in enumerate(heights):
        if left[column] == height and height >= 3:
            placed += [Placed(column, FULL_ADDER)] * max(1, height // share)
    return tuple(placed)


def _run(left: list[int], column: int) -> int:
    """Columns from this one up that hold two bits or more."""
    length = 0
    while column + length < len(left) and left[column + length] >= 2:
        length += 1
    return length


def sign_of_rows(area: RowArea) -> Callable[[Heights, int], Stage | None]:
    """The last stage where the top bit alone is wanted; `area` is of a row of which nothing else is read."""
    _, finish = rows(area)

    def last(heights: Heights, constant: int) -> Stage | None:
        assert constant == 0, "rows of adders take constants as bits"
        return finish(heights)

    return last


def _row(taken: Heights, total: int, area: RowArea) -> Counter:
    has_carry = taken[0] > 2
    ports = [0 if has_carry else UNUSED]
    for column, count in enumerate(taken):
        used = min(count, 2)
        ports += [column] * used + [UNUSED] * (2 - used)
    parameters = (("WIDTH", str(len(taken))), ("CARRY", str(int(has_carry))), ("SUM", str(total)))
    takes = area(len(taken), has_carry, total > len(taken))
    # What a carry chain adds, it takes as it is.
    inverter = Area(luts=1) if takes.carries else NO_AREA
    return Counter("heap_row", parameters, tuple(ports), total, takes, inverter)


def gate_stages(heights: Heights) -> Iterator[Stage]:
    """Full adders wherever they fit, and a half adder where a ripple begins: as few of them as there can be."""
    placed = [Placed(column, GATE_FULL_ADDER) for column, height in enumerate(heights) for _ in range(height // 3)]
    first = next((i for i, height in enumerate(heights) if height > 1), None)
    if first is not None and heights[first] == 2:
        placed.append(Placed(first, GATE_HALF_ADDER))
    yield tuple(placed)


def gate_finish(heights: Heights) -> Stage | None:
    return () if max(heights) <= 1 else None


def gate_sign_stages(heights: Heights) -> Iterator[Stage]:
    """As `gate_stages`; in the lowest column of two or three bits the carry alone is made."""
    first = next((i for i, height in enumerate(heights) if height > 1), None)
    for stage in gate_stages(heights):
        if first is None or heights[first] > 3 or first == len(heights) - 1:
            yield stage
        else:
            carry = Placed(first, GATE_CARRIES[heights[first]])
            yield (carry, *(placed for placed in stage if placed.column != first))


def gate_sign_finish(heights: Heights, constant: int) -> Stage | None:
    """None: carries go up until only the top column is left."""
    assert constant == 0, "full adders take constants as bits"
    return () if max(heights[:-1], default=0) == 0 and heights[-1] <= 1 else None
