"""Where a window's elements lie in memory, and the border around a map that padding needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mulfree.ir import AnyArray, TensorType
from mulfree.ir.ops import Window, as_map
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.plan import Buffer
from mulfree.sim.functional.planner import Planner

SWEPT = 256
"""About how many positions are swept together: samples of small maps share one sweep."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A window over a stored map, border included; all offsets count elements of `unit` times the pitch's type."""

    window: Window
    height: int
    width: int
    pitch: int

    @property
    def output(self) -> tuple[int, int]:
        return replace(self.window, pads=(0, 0, 0, 0)).output_size(self.height, self.width)

    @property
    def positions(self) -> int:
        return self.output[0] * self.output[1]

    @property
    def sample(self) -> int:
        """Elements of one sample of the map."""
        return self.height * self.width * self.pitch

    @property
    def bases(self) -> AnyArray:
        """Where each position's window begins, raster order."""
        (rows, columns), (down, right) = self.output, self.window.stride
        corner = np.add.outer(np.arange(rows) * down * self.width, np.arange(columns) * right)
        corners: AnyArray = corner.ravel() * self.pitch
        return corners

    @property
    def taps(self) -> AnyArray:
        """Offset of each tap from the window's beginning, raster order."""
        (rows, columns), (down, right) = self.window.kernel, self.window.dilation
        taps: AnyArray = np.add.outer(np.arange(rows) * down * self.width, np.arange(columns) * right).ravel()
        return taps * self.pitch

    @property
    def words(self) -> AnyArray:
        """Offset of each element of a window from its beginning: tap by tap, all channels of each."""
        return np.add.outer(self.taps, np.arange(self.pitch)).ravel()

    def in_words(self, of: int = 4) -> Geometry:
        """Of a map of bytes, counted in words of four; or of halfwords, in words of two."""
        return replace(self, pitch=self.pitch // of)

    @property
    def group(self) -> int:
        """Samples swept together."""
        return max(1, SWEPT // self.positions)

    def over_group(self, table: AnyArray, sample: int) -> AnyArray:
        """A table over positions, repeated for the samples of a group with `sample` added per sample."""
        return np.add.outer(np.arange(self.group) * sample, table).ravel().astype(np.int32)


def in_border(planner: Planner, source: Buffer, x: TensorType, window: Window, fill: int) -> tuple[Buffer, Geometry]:
    """The map with a border of `fill` (as stored) where the window is padded, and the window's geometry over it."""
    _, height, width = as_map(x.shape)
    if not window.is_padded:
        return source, Geometry(window, height, width, source.storage.pitch)
    top, left, bottom, right = window.pads
    geometry = Geometry(window, height + top + bottom, width + left + right, source.storage.pitch)
    storage = replace(source.storage, positions=geometry.height * geometry.width)
    target = planner.scratch(storage, fill)
    row, border = width * storage.pitch, geometry.width * storage.pitch
    start = top * border + left * storage.pitch
    planner.call(COPY_ROWS, source.slot, target.slot, (height, row, border, geometry.sample, start))
    return target, geometry


def valid_taps(window: Window, height: int, width: int) -> AnyArray:
    """Which taps of each position lie inside the map: (positions, kernel rows, kernel columns)."""
    inside: AnyArray = window.cut(np.ones((1, height, width), np.int64), fill=0)[0] != 0
    return inside.reshape(-1, *window.kernel)


def _copy_rows(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    rows, row, border, sample, start = params[0], params[1], params[2], params[3], params[4]
    for s in range(n):
        for r in range(rows):
            x, y = (s * rows + r) * row, s * sample + start + r * border
            for i in range(row):
                out[y + i] = a[x + i]


COPY_ROWS = Kernel(_copy_rows)
