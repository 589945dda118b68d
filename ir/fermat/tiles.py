"""Maps of any size in tiles as long as a transform (overlap-save)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.ir.op import AnyArray
from mulfree.ir.ops.window import Window


@dataclass(frozen=True, slots=True)
class Tiles:
    """One axis of a map: each tile reads `length` elements of the padded map and gives `outputs` results.

    A cyclic convolution of a kernel of `extent` elements gives length - extent + 1 results that no other end of the
    tile enters. Where the whole map is one tile it gives them all if only zeros wrap around: before and after the map
    they are the same zeros, so the length need be no more than the map and the larger of its pads.
    """

    length: int
    size: int
    extent: int
    before: int
    after: int

    @property
    def results(self) -> int:
        """Positions of the kernel over the padded map."""
        return self.size + self.before + self.after - self.extent + 1

    @property
    def outputs(self) -> int:
        """Results of a tile; less than one where the kernel is longer."""
        longest = max(self.size + max(self.before, self.after), self.extent, self.results)
        return self.results if longest <= self.length else self.length - self.extent + 1

    @property
    def count(self) -> int:
        return -(-self.results // self.outputs)

    def cut(self, x: AnyArray, axis: int) -> AnyArray:
        """The tiles of a map, zeros around it: along `axis`, (count, length) in the place of `size`."""
        x = np.moveaxis(x, axis, -1)
        end = max(0, self.outputs * (self.count - 1) + self.length - self.before - self.size)
        padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(self.before, end)])
        starts = self.outputs * np.arange(self.count)[:, None]
        tiles = padded[..., starts + np.arange(self.length)]
        return np.moveaxis(tiles, (-2, -1), (axis - 1, axis))

    def join(self, tiles: AnyArray, axis: int) -> AnyArray:
        """The results in order, from tiles as `cut` gives them."""
        rows = np.moveaxis(tiles, (axis - 1, axis), (-2, -1))[..., : self.outputs]
        flat = rows.reshape(*rows.shape[:-2], self.count * self.outputs)[..., : self.results]
        return np.moveaxis(flat, -1, axis)


def tiles_of(length: int, window: Window, height: int, width: int) -> tuple[Tiles, Tiles]:
    """Rows and columns of a map (height, width) under the window."""
    top, left, bottom, right = window.pads
    rows, columns = window.extent
    return Tiles(length, height, rows, top, bottom), Tiles(length, width, columns, left, right)
