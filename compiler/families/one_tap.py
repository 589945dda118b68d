"""Convolutions that keep one tap for each pair of an output and an input channel, by the tap's index.

    y[m] = sum over c of w[m, c] x[c, l + tap(m, c)]

All taps of a channel are at hand at once; a multiplexer before each lane takes the one that its weight names. So a
position takes a step for each channel, not for each channel and tap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.and_popcount import AndPopcount
from mulfree.ir import BIPOLAR, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window
from mulfree.rtl import Circuit, Wire, cells


def _layer(bound: int, window: Window, *pairs: int) -> MultiplyAccumulate:
    """Random weights, each at a random tap."""
    random = np.random.default_rng(sum(pairs) + bound)
    weights = np.zeros((*pairs, window.taps), np.int64)
    taps = random.integers(0, window.taps, pairs)
    np.put_along_axis(weights, taps[..., None], random.integers(-bound, bound + 1, (*pairs, 1)), axis=2)
    return MultiplyAccumulate(Tensor(weights.reshape(*pairs, *window.kernel)), window)


@dataclass(frozen=True, slots=True)
class OneTap(AndPopcount):
    """The sum of bit planes as `AndPopcount` forms it, of the operands that the taps' indices choose."""

    name: ClassVar[str] = "one_tap"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((4, 4, 5), IntRange(0, 15)), _layer(7, Window((3, 3), pads=(1, 1, 1, 1)), 4, 4)),
        (TensorType((3, 4, 4), IntRange(-8, 7)), _layer(3, Window((2, 2), (2, 2)), 2, 3)),
        (TensorType((2, 1, 9), BIPOLAR), _layer(1, Window((1, 3), (1, 1), (1, 2)), 4, 2)),
        (TensorType((2, 4, 4), BIPOLAR), _layer(2, Window((3, 3), pads=(1, 0, 1, 0)), 2, 2)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return layer.listed_steps(1, 1) is not None

    @property
    def elements_per_code(self) -> int:
        return self.window.taps

    @property
    def tap_bits(self) -> int:
        return (self.window.taps - 1).bit_length()

    @property
    def codes(self) -> IntArray:
        """The index of the tap, and above it the weight: (M, C, 1, 1)."""
        by_tap = self.weights.array.reshape(*self.weights.shape[:2], -1)
        codes: IntArray = (by_tap != 0).argmax(axis=2) + (self.value_range.encode(by_tap.sum(axis=2)) << self.tap_bits)
        return codes[..., None, None]

    @property
    def weight_range(self) -> IntRange:
        return IntRange(0, 2 ** (self.tap_bits + max(1, self.value_range.width)) - 1)

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        """x holds tap after tap, in each the lanes of w."""
        return self.products(circuit, self._chosen(circuit, x, w), w, self.tap_bits)

    def _chosen(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        """In each lane the tap that the code names: a tree of multiplexers, a bit of the index for each level."""
        starts = range(0, x.lanes, w.lanes)
        left = [circuit.drive(cells.pick(range(start, start + w.lanes)), x) for start in starts]
        for i in range(self.tap_bits):
            odd = circuit.drive(cells.bit(i), w)
            pairs = [circuit.drive(cells.MUX, odd, b, a) for a, b in zip(left[::2], left[1::2], strict=False)]
            left = pairs + left[2 * len(pairs) :]
        return left[0]
