"""How a kernel slides over a feature map: the geometry shared by convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mulfree.ir.op import AnyArray

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """Kernel, stride, dilation (rows, columns) and pads (top, left, bottom, right) over a (C, H, W) map.

    A vector (C,) is the map (C, 1, 1), so a dense layer is the 1x1 window.
    """

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def extent(self) -> Pair:
        """Rows and columns from the first to the last tap."""
        return (self.dilation[0] * (self.kernel[0] - 1) + 1, self.dilation[1] * (self.kernel[1] - 1) + 1)

    @property
    def taps(self) -> int:
        return self.kernel[0] * self.kernel[1]

    @property
    def is_padded(self) -> bool:
        return any(self.pads)

    def output_size(self, height: int, width: int) -> Pair:
        """Positions of the window. Raises ValueError if it does not fit the padded map."""
        top, left, bottom, right = self.pads
        rows = (height + top + bottom - self.extent[0]) // self.stride[0] + 1
        columns = (width + left + right - self.extent[1]) // self.stride[1] + 1
        if rows < 1 or columns < 1:
            raise ValueError(f"a {self.extent[0]}x{self.extent[1]} window does not fit a padded {height}x{width} map")
        return rows, columns

    def cut(self, x: AnyArray, fill: int) -> AnyArray:
        """Windows of x (..., C, H, W) as (..., C, rows, columns, kernel rows, kernel columns)."""
        top, left, bottom, right = self.pads
        if self.is_padded:
            edges = [(0, 0)] * (x.ndim - 2) + [(top, bottom), (left, right)]
            x = np.pad(x, edges, constant_values=fill)
        views = sliding_window_view(x, self.extent, axis=(-2, -1))
        return views[..., :: self.stride[0], :: self.stride[1], :: self.dilation[0], :: self.dilation[1]]
