"""How many operations a convolution takes, direct and by transforms (thesis Table 2.1, its shifts corrected)."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from mulfree.ir.fermat.convolution import FermatConvolution
from mulfree.ir.fermat.transform import FermatTransform
from mulfree.ir.ops.operations import Operations


@dataclass(frozen=True, slots=True)
class RingOperations:
    """Operations on diminished-1 numbers, and conversions to and from them (nb_to_d-1, d-1_to_nb)."""

    multiplications: int = 0
    additions: int = 0
    shifts: int = 0
    to_diminished: int = 0
    from_diminished: int = 0

    def __add__(self, other: RingOperations) -> RingOperations:
        return RingOperations(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def times(self, count: int) -> RingOperations:
        return RingOperations(*(count * n for n in astuple(self)))


def direct_operations(channels: int, outputs: int, size: int, kernel: int) -> Operations:
    """Of one sample with "same" pads: f' f n^2 k^2 products, and as many additions."""
    products = outputs * channels * size**2 * kernel**2
    return Operations(outputs * channels * kernel**2, products, products)


def map_transform_operations(transform: FermatTransform) -> RingOperations:
    """Of one tile, one way: each of the L^2 log2 L butterflies adds twice and shifts once.

    The thesis prints a shift for each addition. Odd powers of the square root of 2 take one more of both.
    """
    length = transform.length
    butterflies = length**2 * transform.levels
    odd = length * sum(
        length // (2 * half) * int((transform.powers(half) % 2).sum()) * 2
        for half in map(transform.half, range(transform.levels))
    )
    return RingOperations(additions=2 * butterflies + odd, shifts=butterflies + odd)


def sample_operations(conv: FermatConvolution, channels: int, outputs: int, height: int, width: int) -> RingOperations:
    """Of one sample, in all rings: transforms of every channel there and of every output back, products between."""
    tiles = conv.tiles(height, width)
    count, results = tiles[0].count * tiles[1].count, tiles[0].results * tiles[1].results
    products = conv.length**2 * (channels // conv.groups) * outputs
    each = RingOperations(products, products)
    moved = RingOperations(to_diminished=height * width * channels, from_diminished=results * outputs)
    parts = (map_transform_operations(t).times(channels + outputs) + each for t in conv.transforms)
    return sum((part.times(count) + moved for part in parts), RingOperations())


def weight_operations(conv: FermatConvolution, channels: int, outputs: int) -> RingOperations:
    """Of the weights, in all rings: once, before anything runs."""
    kernels = channels // conv.groups * outputs
    converted = RingOperations(to_diminished=kernels * conv.window.taps)
    parts = (map_transform_operations(t).times(kernels) + converted for t in conv.transforms)
    return sum(parts, RingOperations())
