"""Thresholds of a monotone function from integers to codes, found by asking the function itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntRange

Codes = Callable[[IntArray], IntArray]
"""Integers (rows, lanes) to codes of that shape."""

MAX_LEVELS = 2**16
MAX_TABLE = 2**24


@dataclass(frozen=True)
class Found:
    """Per lane: the codes at the least and greatest integer, the direction (-1, 0, +1), and `thresholds` (lanes, L).

    y = first + direction * spacing * #{j : x >= thresholds[lane, j]}; one that no integer reaches lies above them.
    """

    first: IntArray
    last: IntArray
    direction: IntArray
    thresholds: IntArray


def find_thresholds(codes: Codes, x: IntRange, lanes: int, spacing: int) -> Found:
    """Bisection over all of x for every level and lane at once; exact because codes are monotone per lane.

    Raises ValueError if there are more than MAX_LEVELS levels.
    """
    ends = codes(_spread([x.lo, x.hi], lanes))
    first, rise = ends[0], ends[1] - ends[0]
    count = int(np.abs(rise).max(initial=0)) // spacing
    if count > MAX_LEVELS:
        raise ValueError(f"it gives {count + 1} different values; clip it or quantise it to fewer bits")
    targets = spacing * np.arange(1, count + 1)[:, None]
    direction = np.sign(rise)
    places = _bisect(lambda i: direction * (codes(_at(x, i)) - first) >= targets, x.count, (count, lanes))
    return Found(first, ends[1], direction, _at(x, places).T)


def check_monotone(codes: Codes, x: IntRange, lanes: int) -> None:
    """Raise ValueError unless the codes rise or fall over all of x in every lane; every integer is tried."""
    if x.count * lanes > MAX_TABLE:
        raise ValueError(f"it is not known to rise or fall, and {x.count} integers are too many to try")
    table = codes(_spread(range(x.lo, x.hi + 1, x.step), lanes))
    rises = np.diff(table, axis=0)
    mixed = np.flatnonzero((rises > 0).any(axis=0) & (rises < 0).any(axis=0))
    if mixed.size:
        raise ValueError(f"it rises and falls (channel {mixed[0]}), and thresholds can do only one of these")


def _bisect(reached: Callable[[IntArray], AnyArray], count: int, shape: tuple[int, int]) -> IntArray:
    """The least index in 0..count at which `reached` holds; `count` where it never does."""
    low: IntArray = np.zeros(shape, dtype=_dtype(count))
    high: IntArray = np.full(shape, count, dtype=_dtype(count))
    while shape[0] and bool((low < high).any()):
        middle = (low + high) // 2
        is_reached = reached(np.minimum(middle, count - 1)) | (low >= high)
        low, high = np.where(is_reached, low, middle + 1), np.where(is_reached, middle, high)
        high = np.maximum(low, high)
    return low


def _at(x: IntRange, index: IntArray) -> IntArray:
    if not x.fits_int64:
        index = index.astype(object)
    return x.lo + x.step * index


def _spread(values: list[int] | range, lanes: int) -> IntArray:
    column: IntArray = np.array(values, dtype=_dtype(max(abs(values[0]), abs(values[-1]))))
    return np.broadcast_to(column[:, None], (len(values), lanes))


def _dtype(peak: int) -> type:
    return np.int64 if peak < 2**62 else object
