"""Pools over the spatial axes; a global pool is one window over the whole map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import float_dtype, integer_bounds, is_integer, number_dtype
from mulfree.compiler.frontends.real.window import Window
from mulfree.ir import AnyArray, RealOp, RealType


@dataclass(frozen=True, slots=True)
class MaxPool(RealOp):
    """y = max of the window over (N, C, spatial...); taps outside the map do not take part."""

    window: Window

    name: ClassVar[str] = "max_pool"

    def infer(self, *operands: RealType) -> RealType:
        number_dtype(*operands)
        return _pooled(self.window, operands[0])

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        least = integer_bounds(x.dtype.name)[0] if is_integer(x.dtype.name) else -np.inf
        return np.asarray(self.window.cut(x, fill=least).max(axis=_taps(self.window)))


@dataclass(frozen=True, slots=True)
class AveragePool(RealOp):
    """y = sum of the window / number of taps that count.

    Pads count where `count_include_pad`; the last `overhang` pads of each axis (those that ceil_mode added) never do.
    """

    window: Window
    count_include_pad: bool = False
    overhang: tuple[int, ...] = ()

    name: ClassVar[str] = "average_pool"

    def infer(self, *operands: RealType) -> RealType:
        float_dtype(*operands)
        return _pooled(self.window, operands[0])

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        sums = self.window.cut(x, fill=0).sum(axis=_taps(self.window), dtype=x.dtype)
        return np.asarray(sums / self.divisors(x.shape[2:]).astype(x.dtype))

    def divisors(self, spatial: tuple[int, ...]) -> AnyArray:
        """Taps that count at each position, of shape (1, 1, positions...)."""
        window, overhang = self.window, self.overhang or (0,) * self.window.rank
        inner = [b - o for (_, b), o in zip(window.edges, overhang, strict=True)]
        begins = window.pads[: window.rank]
        counted = np.full((1, 1, *spatial), 1, dtype=np.int64)
        mark = int(self.count_include_pad)
        counted = np.pad(counted, [(0, 0), (0, 0), *zip(begins, inner, strict=True)], constant_values=mark)
        counted = np.pad(counted, [(0, 0), (0, 0), *((0, o) for o in overhang)])
        unpadded = Window(window.kernel, window.stride, window.dilation, (0,) * (2 * window.rank))
        return np.asarray(unpadded.cut(counted, fill=0).sum(axis=_taps(window)))


def _taps(window: Window) -> tuple[int, ...]:
    """The axes of `Window.cut` that run over the taps."""
    return tuple(range(-window.rank, 0))


def _pooled(window: Window, x: RealType) -> RealType:
    return RealType((*x.shape[:2], *window.output_size(x.shape[2:])), x.dtype)
