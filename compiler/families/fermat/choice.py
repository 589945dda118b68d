"""Which rings and which length of transform compute a convolution with the fewest operations on bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mulfree.ir import IntArray, IntRange, TensorType
from mulfree.ir.fermat import FermatConvolution, FermatRing, peak_of, sample_operations
from mulfree.ir.ops import Contraction

Rings = tuple[FermatRing, ...]

CHOICES: tuple[Rings, ...] = tuple(
    tuple(FermatRing(t) for t in ts) for ts in ((3,), (4,), (3, 4), (5,), (3, 5), (4, 5), (3, 4, 5), (6,))
)
"""Sets of rings, by the largest sum that they hold; several rings are together cheaper than one that holds as much."""
LEAST_GAIN = 16
"""In bit products; with less, none of the layers of bench/fermat_area.py is smaller."""
MOST_SPECTRUM_BITS = 1 << 24
"""Of all weights; beyond it no one waits for a price."""
LARGEST = peak_of(CHOICES[-1])


def peak(layer: Contraction, x: TensorType) -> int:
    """The largest magnitude that a sum of the layer reaches, with the very weights and the range of x."""
    return max(max(abs(r.lo), abs(r.hi)) for r in layer.row_ranges(layer.tap_range(x.range)))


def is_spatial(layer: Contraction, x: TensorType) -> bool:
    """Whether the layer is a convolution with anything to share between positions."""
    return len(x.shape) == 3 and layer.window.taps > 1


def refusal(layer: Contraction, x: TensorType) -> str | None:
    """Why no set of rings computes a convolution, in numbers; None if one does."""
    most, extent = peak(layer, x), max(layer.window.extent)
    if most > LARGEST:
        return f"its sums reach {most}, but integers modulo F_6 = 2^64 + 1 are told apart up to {LARGEST} only"
    fitting = [rings for rings in CHOICES if _holds(rings, most, layer.tap_range(x.range))]
    if not fitting:
        return f"its operands {x.range} have more bits than words modulo F_6, which are 64"
    longest = max(min(ring.roots for ring in rings) for rings in fitting)
    if extent > longest:
        return f"its kernel spans {extent} elements, but transforms of sums up to {most} are {longest} long at most"
    return None


def cheapest(layer: Contraction, x: TensorType) -> FermatConvolution:
    """The convolution of least `bit_operations` that holds every sum of a layer without a `refusal`."""
    channels, height, width = x.shape
    outputs = layer.weights.shape[0]
    most, operand = peak(layer, x), layer.tap_range(x.range)
    held = (conv for conv in _forms(layer) if _holds(conv.rings, most, operand))
    return min(held, key=lambda conv: bit_operations(conv, channels, outputs, height, width))


def is_promising(conv: FermatConvolution, x: IntRange, weights: IntArray) -> bool:
    """Whether transforms may be smaller than planes at all: only then they are priced, where nobody asks for them.

    An output takes one product at the very least, of b^2 bit products for each ring, where planes take one for every
    pair of bits of x and of w, for each tap. The transforms come to that, and the memory of the spectra.
    """
    products = sum(ring.bits**2 for ring in conv.rings)
    planes = conv.window.taps * max(1, x.width) * max(1, IntRange.spanning([0, *np.unique(weights).tolist()]).width)
    words = conv.length**2 * weights.shape[0] * weights.shape[1] * sum(ring.bits for ring in conv.rings)
    return LEAST_GAIN * products < planes and words <= MOST_SPECTRUM_BITS


def _holds(rings: Rings, most: int, operand: IntRange) -> bool:
    """Whether the rings tell all sums apart, and each has words as wide as the operands."""
    plain = IntRange(operand.lo, operand.hi)
    return peak_of(rings) >= most and all(plain.width <= ring.bits for ring in rings)


def bit_operations(conv: FermatConvolution, channels: int, outputs: int, height: int, width: int) -> int:
    """Of one sample: an addition, and a rotation that is none of wires, takes b; a product, bit by bit, b^2."""
    total = 0
    for ring in conv.rings:
        counted = sample_operations(replace(conv, rings=(ring,)), channels, outputs, height, width)
        total += counted.multiplications * ring.bits**2 + counted.additions * ring.bits
    return total


def _forms(layer: Contraction) -> Iterator[FermatConvolution]:
    """All sets of rings, with every power of two as length that they have roots for and the kernel fits."""
    for rings in CHOICES:
        for level in range(1, min(ring.roots for ring in rings).bit_length()):
            if 1 << level >= max(layer.window.extent):
                yield FermatConvolution(rings, 1 << level, layer.window, layer.groups)
