"""Two-dimensional convolution by Fermat number transforms (thesis section 2.5), exact in a ring or in several."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from mulfree.ir.fermat.ring import FermatRing
from mulfree.ir.fermat.tiles import Tiles, tiles_of
from mulfree.ir.fermat.transform import FermatTransform
from mulfree.ir.ops.window import Window
from mulfree.ir.types import INT64_MAX, IntArray


@dataclass(frozen=True, slots=True)
class FermatConvolution:
    """y = sum over c of x[c] correlated with w[m, c], as products of spectra that are added up before the inverse.

    Tiles of `length` x `length` are transformed once for each channel, in every ring. The moduli of different rings
    have no common factor, so their residues say which integer within `peak` the result is (Chinese remainders); the
    rings go from the smallest.
    """

    rings: tuple[FermatRing, ...]
    length: int
    window: Window
    groups: int = 1

    @property
    def peak(self) -> int:
        """The results that are told apart are those from -peak to peak (eq. 2.11, with the absolute value)."""
        return peak_of(self.rings)

    @property
    def transforms(self) -> tuple[FermatTransform, ...]:
        return tuple(FermatTransform(ring, self.length) for ring in self.rings)

    def tiles(self, height: int, width: int) -> tuple[Tiles, Tiles]:
        """Rows and columns of a map. Raises ValueError if the kernel is longer than a tile."""
        if max(self.window.extent) > self.length:
            raise ValueError(f"a {self.window.extent} kernel does not fit a transform of length {self.length}")
        return tiles_of(self.length, self.window, height, width)

    def kernel_spectra(self, weights: IntArray) -> list[IntArray]:
        """Of weights (M, C / groups, kernel rows, kernel columns), for each ring.

        (length^2, groups, C / groups, M / groups): points of the spectrum in its own order, row after row.
        """
        grouped = weights.reshape(self.groups, -1, *weights.shape[1:])
        return [np.swapaxes(_spectrum(t, self.kernel_tiles(t.ring, grouped)), 2, 3) for t in self.transforms]

    def kernel_tiles(self, ring: FermatRing, weights: IntArray) -> IntArray:
        """Kernels (..., rows, columns) as the residues (..., length, length) whose spectra meet those of tiles.

        They run backwards, because a window correlates. The factor that the inverse leaves is divided out here.
        """
        values = ring.shift(ring.residues(weights), -2 * FermatTransform(ring, self.length).levels)
        tile = np.zeros((*weights.shape[:-2], self.length, self.length), values.dtype)
        (kr, dr), (kc, dc) = zip(self.window.kernel, self.window.dilation, strict=True)
        tile[..., (-np.arange(kr) * dr % self.length)[:, None], -np.arange(kc) * dc % self.length] = values
        return tile

    def evaluate(self, x: IntArray, weights: IntArray) -> IntArray:
        """Maps (batch, C, H, W) to (batch, M, rows, columns)."""
        rows, columns = self.tiles(*x.shape[2:])
        tiles = rows.cut(columns.cut(x, -1), -3)
        spectra = self.kernel_spectra(weights)
        pairs = zip(self.transforms, spectra, strict=True)
        sums = self.combined([self.tile_sums(transform, tiles, spectrum) for transform, spectrum in pairs])
        y = columns.join(rows.join(sums, -3), -1)
        return y[..., :: self.window.stride[0], :: self.window.stride[1]]

    def tile_sums(self, transform: FermatTransform, tiles: IntArray, spectrum: IntArray) -> IntArray:
        """Residues (batch, M, tile rows, length, tile columns, length) of the cyclic sums over the channels."""
        ring = transform.ring
        ordered = np.moveaxis(tiles, 3, -2)
        x = transform.forward(ring.residues(ordered)).reshape(*ordered.shape[:-2], -1)
        batch, channels, down, right, points = x.shape
        lanes = np.moveaxis(x, (4, 1), (0, 4)).reshape(points, -1, self.groups, channels // self.groups)
        products = ring.matmul(np.swapaxes(lanes, 1, 2), spectrum)
        grouped = products.reshape(points, self.groups, batch, down, right, -1)
        y = np.moveaxis(grouped, (0, 1, 5), (5, 1, 2)).reshape(batch, -1, down, right, self.length, self.length)
        return np.moveaxis(transform.inverse(y), -2, 3)

    def combined(self, residues: list[IntArray]) -> IntArray:
        """The integers within `peak` that leave these residues in the rings."""
        value, done = residues[0], self.rings[:1]
        for ring, residue in zip(self.rings[1:], residues[1:], strict=True):
            digit = ring.subtract(residue, ring.residues(value))
            for other in done:
                digit = ring.divide(digit, other)
            modulus, done = prod(other.modulus for other in done), (*done, ring)
            value = value + modulus * (digit if peak_of(done) <= INT64_MAX else digit.astype(object))
        return np.where(value > self.peak, value - (2 * self.peak + 1), value)


def peak_of(rings: tuple[FermatRing, ...]) -> int:
    """Up to which absolute value the rings tell integers apart: 2^(b - 1) for one."""
    return prod(ring.modulus for ring in rings) // 2


def _spectrum(transform: FermatTransform, tile: IntArray) -> IntArray:
    """Points first, in groups: (length^2, groups, M / groups, C / groups)."""
    spectrum = transform.forward(tile)
    return np.moveaxis(spectrum.reshape(*spectrum.shape[:3], -1), -1, 0)
