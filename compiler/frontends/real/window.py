"""How a kernel slides over the spatial axes of (N, C, spatial...): any number of axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mulfree.ir import AnyArray

Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Kernel, stride and dilation per spatial axis; pads as ONNX orders them: all begins, then all ends.

    auto_pad and ceil_mode are resolved before: they are pads here.
    """

    kernel: Sizes
    stride: Sizes
    dilation: Sizes
    pads: Sizes

    @property
    def rank(self) -> int:
        """Number of spatial axes."""
        return len(self.kernel)

    @property
    def extent(self) -> Sizes:
        """Elements from the first to the last tap, per axis."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def taps(self) -> int:
        return prod(self.kernel)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(begin, end) pad per spatial axis."""
        return list(zip(self.pads[: self.rank], self.pads[self.rank :], strict=True))

    def output_size(self, spatial: Sizes) -> Sizes:
        """Positions per axis. Raises ValueError if the window does not fit the padded tensor."""
        if len(spatial) != self.rank:
            raise ValueError(f"a window of {self.rank} axes meets {len(spatial)} spatial axes")
        padded = [n + a + b for n, (a, b) in zip(spatial, self.edges, strict=True)]
        if any(p < e for p, e in zip(padded, self.extent, strict=True)):
            raise ValueError(f"a window of {self.extent} does not fit the padded size {tuple(padded)}")
        return tuple((p - e) // s + 1 for p, e, s in zip(padded, self.extent, self.stride, strict=True))

    def cut(self, x: AnyArray, fill: float | int) -> AnyArray:
        """Windows of x (N, C, spatial...) as (N, C, positions..., taps...)."""
        if any(self.pads):
            x = np.pad(x, [(0, 0), (0, 0), *self.edges], constant_values=x.dtype.type(fill))
        axes = tuple(range(2, 2 + self.rank))
        views = sliding_window_view(x, self.extent, axis=axes)
        steps = [slice(None, None, s) for s in (*self.stride, *self.dilation)]
        return views[(slice(None), slice(None), *steps)]
