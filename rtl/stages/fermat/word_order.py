"""In which order the words of tiles travel: nested loops over tile, row, column, channel, bit by bit.

A value of words is (channels, tiles, length, length). A token holds `lanes` channels of one point; the loops are named
by what they count: `tile`, `fold` of channels, and the bits of a row `r0` (lowest), `r1`, ... and of a column `c0`, ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mulfree.ir import IntArray

Loops = tuple[str, ...]
"""Innermost first."""


@dataclass(frozen=True, slots=True)
class WordOrder:
    """Tiles of 2^levels x 2^levels points."""

    channels: int
    lanes: int
    tiles: int
    levels: int

    @property
    def folds(self) -> int:
        return self.channels // self.lanes

    @property
    def length(self) -> int:
        return 1 << self.levels

    @property
    def shape(self) -> tuple[int, ...]:
        return self.channels, self.tiles, self.length, self.length

    def bits(self, axis: str) -> Loops:
        return tuple(f"{axis}{i}" for i in range(self.levels))

    @property
    def by_rows(self) -> Loops:
        """Points row after row, all channels of a point together."""
        return ("fold", *self.bits("c"), *self.bits("r"), "tile")

    @property
    def by_columns(self) -> Loops:
        return ("fold", *self.bits("r"), *self.bits("c"), "tile")

    def elements(self, loops: Loops) -> IntArray:
        """The elements of a value in that order: a stream's `order`."""
        sizes = {"fold": self.folds, "tile": self.tiles}
        axes = ["fold", "lane", "tile", *reversed(self.bits("r")), *reversed(self.bits("c"))]
        index = np.arange(np.prod(self.shape)).reshape(*(sizes.get(a, self.lanes if a == "lane" else 2) for a in axes))
        order: IntArray = index.transpose([axes.index(a) for a in (*reversed(loops), "lane")]).ravel()
        return order


def with_first(loops: Sequence[str], first: str) -> Loops:
    """The same loops, one of them made the innermost."""
    return (first, *(loop for loop in loops if loop != first))
