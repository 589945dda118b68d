"""Rows as differences from other rows: w = ±w' + d, where d has fewer digits than w.

Around one row, which all others are first taken from, stand rows that are in nobody's matrix: of three rows the median,
element by element, is nearer to each than they are to each other, so a row and two that are taken from it become a
median and three rows taken from that. For weights of -1 and 1 every column in which the three are not equal then counts
once; it counted once or twice before.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mulfree.ir import IntArray


@dataclass
class RowTree:
    """Row i is links[i].sign * rows[links[i].parent] + a difference; the first rows are those of the matrix."""

    rows: list[IntArray]
    links: list[Link]

    def difference(self, row: int) -> IntArray:
        link = self.links[row]
        return self.rows[row] - (link.sign * self.rows[link.parent] if link.parent is not None else 0)

    def depth(self, row: int) -> int:
        """Rows that must be there first, one after the other."""
        parent = self.links[row].parent
        return 0 if parent is None else 1 + self.depth(parent)

    def order(self) -> list[int]:
        """Parents before those taken from them."""
        return sorted(range(len(self.rows)), key=self.depth)


class Link(NamedTuple):
    """What a row is taken from; None: from nothing."""

    parent: int | None
    sign: int = 1


class _Median(NamedTuple):
    """Two rows taken from the same, how many digits a median between the three saves; the most first in a queue."""

    loss: float
    first: int
    second: int
    parent: int
    row: tuple[int, ...]


def centres(weights: IntArray, width: int, most: int) -> list[int]:
    """Rows from which the others differ by few digits, the best first; none where rows by themselves are smaller.

    A digit is worth the input's `width` bits, and a row that others are taken from its own for each of them.
    """
    own = digit_counts(weights)
    totals = own + np.array([_nearest(weights, row)[0].sum() for row in weights])
    row_bits = width + int(np.abs(weights).sum(axis=1).max(initial=1)).bit_length()
    saved = (own.sum() - totals) * width
    return [int(row) for row in np.argsort(totals, kind="stable")[:most] if saved[row] > len(weights) * row_bits]


def row_tree(weights: IntArray, centre: int, width: int, deepest: int) -> RowTree:
    """All rows from the centre, with medians between, no row more than `deepest` links from the centre."""
    _, signs = _nearest(weights, weights[centre])
    links = [Link(None) if row == centre else Link(centre, int(sign)) for row, sign in enumerate(signs)]
    tree = RowTree([*weights], links)
    _Medians(tree, width, deepest).run([row for row in range(len(weights)) if row != centre])
    return tree


def _nearest(weights: IntArray, row: IntArray) -> tuple[IntArray, IntArray]:
    """For each row, digits of its difference from ±`row`, and the sign that has fewer."""
    same, opposite = digit_counts(weights - row), digit_counts(weights + row)
    return np.minimum(same, opposite), np.where(same <= opposite, 1, -1)


def digit_counts(rows: IntArray) -> IntArray:
    """How many signed digits the elements of rows (..., K) have together: (...).

    Where the digits of n stand, the bits of n and 3n differ.
    """
    differing = np.abs(rows) ^ 3 * np.abs(rows)
    counts = np.zeros(rows.shape[:-1], np.int64)
    for place in range(int(differing.max(initial=0)).bit_length()):
        counts += (differing >> place & 1).sum(axis=-1)
    return counts


@dataclass
class _Medians:
    """Puts medians into a tree, those that save most first."""

    tree: RowTree
    width: int
    deepest: int

    def run(self, children: Sequence[int]) -> None:
        """All of `children` are taken from the same row."""
        queue = [found for at, row in enumerate(children) for found in self._between(row, children[:at])]
        heapq.heapify(queue)
        while queue:
            best = heapq.heappop(queue)
            if not self._is_possible(best):
                continue
            median = self._insert(best)
            siblings = [row for row in self._children(best.parent) if row != median]
            for found in self._between(median, siblings):
                heapq.heappush(queue, found)

    def _between(self, row: int, others: Sequence[int]) -> Iterable[_Median]:
        """Medians of the parent, the row and each of the others, as far as they pay."""
        if not others:
            return
        parent, own = self._parent(row)
        rows = np.stack([self._parent(other)[1] for other in others])
        middle = np.sort(np.stack([np.broadcast_to(a, rows.shape) for a in (parent, own, rows)]), axis=0)[1]
        before = digit_counts(own - parent) + digit_counts(rows - parent)
        after = sum(digit_counts(middle - end) for end in (parent, own, rows))
        bits = np.ceil(np.log2(np.abs(middle).sum(axis=1) + 1)) + self.width
        gains = (before - after) * self.width - bits
        link = self.tree.links[row]
        assert link.parent is not None, "the centre has no parent"
        for at in np.flatnonzero(gains > 0).tolist():
            yield _Median(-float(gains[at]), row, others[at], link.parent, tuple(middle[at].tolist()))

    def _parent(self, row: int) -> tuple[IntArray, IntArray]:
        """The row's parent, and the row with the sign that brings it near."""
        link = self.tree.links[row]
        assert link.parent is not None, "the centre has no parent"
        return self.tree.rows[link.parent], link.sign * self.tree.rows[row]

    def _is_possible(self, found: _Median) -> bool:
        """Whether both are still taken from the same row, and not too deep one link further."""
        both = (found.first, found.second)
        if any(self.tree.links[row].parent != found.parent for row in both):
            return False
        return self.tree.depth(found.parent) + 2 + max(map(self._height, both)) <= self.deepest

    def _height(self, row: int) -> int:
        return max((1 + self._height(child) for child in self._children(row)), default=0)

    def _children(self, row: int) -> list[int]:
        return [child for child, link in enumerate(self.tree.links) if link.parent == row]

    def _insert(self, found: _Median) -> int:
        median = len(self.tree.rows)
        self.tree.rows.append(np.array(found.row, np.int64))
        self.tree.links.append(Link(found.parent))
        for row in (found.first, found.second):
            self.tree.links[row] = Link(median, self.tree.links[row].sign)
        return median
