"""Trees of minima and maxima over the elements of a vector, as adaptive logic networks have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TypeVar

import numpy as np

from mulfree.ir.types import IntArray

MAX, MIN = -1, -2
"""Codes of the two kinds of node."""
END = 0
"""In the place of a node's kind: the tree is complete."""

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees, each of which is an element of the vector, or the MAX or MIN of two trees.

    `codes` are the trees one after the other, each in preorder: a node's kind before its left, then its right tree;
    a leaf is the index (from 0) of its element. `MAX 0 MIN 1 2` is max(x[0], min(x[1], x[2])).

    A binary tree has one node between each two neighbouring leaves, so nodes are numbered by the leaf on their left:
    node i has leaf i as the last of its left tree, and leaf i + 1 as the first of its right one. Leaves are numbered
    through all trees; behind the last leaf of each stands END instead of a node.
    """

    codes: tuple[int, ...]
    leaves: IntArray
    """The element at each leaf."""
    kinds: IntArray
    """MAX, MIN or END behind each leaf."""
    turns: IntArray
    """How often the way from the root to the node behind each leaf turns right."""
    lasts: IntArray
    """The last leaf of the right tree of the node behind each leaf; of END the leaf itself."""

    @classmethod
    def of(cls, codes: Sequence[int]) -> Forest:
        """Raises ValueError if the codes are no complete trees."""
        if not len(codes):
            raise ValueError("there is no tree")
        count = sum(code >= 0 for code in codes)
        columns = {name: np.zeros(count, np.int64) for name in ("kinds", "turns", "lasts")}
        _mark_nodes(codes, columns["kinds"], columns["lasts"])
        _count_turns(codes, columns["turns"])
        return cls(tuple(int(c) for c in codes), np.array([c for c in codes if c >= 0]), **columns)

    @property
    def trees(self) -> int:
        return int((self.kinds == END).sum())

    @cached_property
    def closed(self) -> list[list[int]]:
        """For each leaf the nodes whose right tree it ends, innermost first."""
        nodes: list[list[int]] = [[] for _ in self.leaves]
        for node in reversed(range(len(self.leaves))):
            if self.kinds[node] != END:
                nodes[int(self.lasts[node])].append(node)
        return nodes

    def fold(self, leaf: Callable[[int], ValueT], combine: Callable[[int, ValueT, ValueT], ValueT]) -> list[ValueT]:
        """The trees' values, from `leaf(number of a leaf)` and `combine(node, left, right)`, left to right."""
        results: list[ValueT] = []
        stack: list[ValueT] = []
        for i, closed in enumerate(self.closed):
            stack.append(leaf(i))
            for node in closed:
                right, left = stack.pop(), stack.pop()
                stack.append(combine(node, left, right))
            if self.kinds[i] == END:
                results.append(stack.pop())
        return results

    @property
    def height(self) -> int:
        """Nodes on the longest way from a root to a leaf."""
        heights: list[int] = self.fold(lambda leaf: 0, lambda node, a, b: 1 + max(a, b))
        return max(heights)

    @cached_property
    def levels(self) -> Levels:
        """The nodes that can be computed together, the lower before the higher."""
        heights: dict[int, int] = {}
        pairs: dict[int, tuple[int, int]] = {}
        count = len(self.leaves)

        def combine(node: int, left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
            heights[node], pairs[node] = 1 + max(left[1], right[1]), (left[0], right[0])
            return count + node, heights[node]

        roots = [place for place, _ in self.fold(lambda leaf: (leaf, 0), combine)]
        ordered = sorted(pairs, key=lambda node: (heights[node], self.kinds[node], node))
        slots = np.arange(2 * count)
        slots[[count + node for node in ordered]] = count + np.arange(len(ordered))
        runs = [list(run) for _, run in groupby(ordered, key=lambda node: (heights[node], int(self.kinds[node])))]
        levels = [Level(int(self.kinds[run[0]]), *slots[np.array([pairs[node] for node in run]).T]) for run in runs]
        return Levels(tuple(levels), slots[roots])


@dataclass(frozen=True, eq=False)
class Level:
    """Nodes of one kind that depend only on what comes before: where the values of both their trees stand."""

    kind: int
    left: IntArray
    right: IntArray


@dataclass(frozen=True, eq=False)
class Levels:
    """The nodes in runs. Values stand in slots: those of the leaves first, then those of the nodes, run after run."""

    runs: tuple[Level, ...]
    roots: IntArray
    """The slots of the trees' values."""


def _mark_nodes(codes: Sequence[int], kinds: IntArray, lasts: IntArray) -> None:
    """Read backwards, both trees of a node are there before it: what is left at the end are the roots."""
    spans: list[tuple[int, int]] = []
    leaf = len(kinds)
    for code in reversed(codes):
        if code >= 0:
            leaf -= 1
            spans.append((leaf, leaf))
            continue
        if code not in (MAX, MIN):
            raise ValueError(f"{code} is neither MAX ({MAX}) nor MIN ({MIN}) nor an element")
        if len(spans) < 2:
            raise ValueError("a node has fewer than two trees behind it")
        (first, before), (_, last) = spans.pop(), spans.pop()
        kinds[before], lasts[before] = code, last
        spans.append((first, last))
    for _, last in spans:
        lasts[last] = last


def _count_turns(codes: Sequence[int], turns: IntArray) -> None:
    """Read forwards: `waiting` holds, for each tree still to come, its turns and whether a node stands before it."""
    waiting: list[tuple[int, bool]] = []
    leaf = 0
    for code in codes:
        count, is_right = waiting.pop() if waiting else (0, False)
        if is_right:
            turns[leaf - 1] = count - 1
        if code >= 0:
            leaf += 1
        else:
            waiting += [(count + 1, True), (count, False)]
