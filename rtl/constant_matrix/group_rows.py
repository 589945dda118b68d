"""Rows taken together: W = A B with few, denser rows in B.

In a group of g rows the columns that are equal up to sign and a power of two meet the same factors in every row, so
their inputs are added once: B has one row for each such class of columns, A its g factors. For weights of -1 and +1
there are at most 2^(g-1) classes.
"""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray


def group_rows(weights: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """A (M, C) and B (C, K) with A B = weights (M, K), for groups of `size` neighbouring rows."""
    parts = [_classes(weights[start : start + size]) for start in range(0, len(weights), size)]
    left = np.zeros((len(weights), sum(a.shape[1] for a, _ in parts)), np.int64)
    column = 0
    for number, (a, _) in enumerate(parts):
        left[number * size : number * size + len(a), column : column + a.shape[1]] = a
        column += a.shape[1]
    return left, np.concatenate([b for _, b in parts])


def _classes(rows: IntArray) -> tuple[IntArray, IntArray]:
    numbers: dict[tuple[int, ...], int] = {}
    members: list[tuple[int, int, int]] = []
    for k in np.flatnonzero(rows.any(axis=0)).tolist():
        factor = _common_factor(rows[:, k])
        column = tuple((rows[:, k] // factor).tolist())
        members.append((numbers.setdefault(column, len(numbers)), k, factor))
    sums = np.zeros((len(numbers), rows.shape[1]), np.int64)
    for number, k, factor in members:
        sums[number, k] = factor
    return np.array(list(numbers), np.int64).reshape(len(numbers), len(rows)).T, sums


def _common_factor(column: IntArray) -> int:
    """The power of two that divides all, with the sign of the first that is not 0."""
    bits = int(np.bitwise_or.reduce(np.abs(column)))
    first = int(column[np.flatnonzero(column)[0]])
    return (bits & -bits) * (1 if first > 0 else -1)
