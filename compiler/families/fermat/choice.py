"""Which rings and which length of transform compute a convolution with the fewest operations on bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mulfree.ir import TensorType
from mulfree.ir.fermat import FermatConvolution, FermatRing, peak_of, sample_operations
from mulfree.ir.ops import Contraction

Rings = tuple[FermatRing, ...]

CHOICES: tuple[Rings, ...] = tuple(
    tuple(FermatRing(t) for t in ts) for ts in ((3,), (4,), (3, 4), (5,), (3, 5), (4, 5), (3, 4, 5), (6,))
)
"""Sets of rings, by the largest sum that they hold; several rings are together cheaper than one that holds as much."""
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
    fitting = [rings for rings in CHOICES if peak_of(rings) >= most]
    longest = max(min(ring.roots for ring in rings) for rings in fitting)
    if extent > longest:
        return f"its kernel spans {extent} elements, but transforms of sums up to {most} are {longest} long at most"
    return None


def cheapest(layer: Contraction, x: TensorType) -> FermatConvolution:
    """The convolution of least `bit_operations` that holds every sum of a layer without a `refusal`."""
    channels, height, width = x.shape
    outputs = layer.weights.shape[0]
    most = peak(layer, x)
    held = (conv for conv in _forms(layer) if conv.peak >= most)
    return min(held, key=lambda conv: bit_operations(conv, channels, outputs, height, width))


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
