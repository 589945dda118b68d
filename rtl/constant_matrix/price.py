"""What a heap of words costs, near enough to compare plans by the thousand; `heap.plan` is the exact price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mulfree.rtl.heap import GENERIC

_PER_BIT = {"xc7": 0.5, "xcup": 0.5, "ice40": 1.0, "ecp5": 1.1, "gowin": 1.1, "asic": 1.0, GENERIC: 1.0}
"""Tables (asic: full adders) per bit that compression takes off a heap."""
_ROWS = {"xc7": 3, "xcup": 3}
"""Rows that one carry chain adds; elsewhere 2."""


def heap_price(heights: Sequence[int], target: str) -> float:
    """Look-up tables (asic: full adders) of a heap with so many bits per column, the lowest first."""
    used = [column for column, height in enumerate(heights) if height]
    first = next((column for column in used if heights[column] > 1), None)
    if first is None:
        return 0.0
    columns, bits, rows = used[-1] + 1 - first, sum(heights[first:]), _ROWS.get(target, 2)
    if max(heights) <= rows:
        return columns + (rows > 2 and max(heights) == rows)
    rate = _PER_BIT[target]
    return max(columns + rows - 1.0, rate * (bits - (2 if rate > 0.5 else 0) * columns) + columns * (rate > 0.5) + 1)


def heights(words: Iterable[tuple[int, int]]) -> list[int]:
    """Bits per column, the lowest first, of words given as (width, shift)."""
    listed = [*words]
    columns = [0] * max((width + shift for width, shift in listed), default=0)
    for width, shift in listed:
        for column in range(shift, shift + width):
            columns[column] += 1
    return columns
