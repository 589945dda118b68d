"""The Fermat number transform (thesis eq. 2.4 to 2.9): butterflies whose factors are shifts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mulfree.ir.fermat.ring import FermatRing
from mulfree.ir.types import IntArray

Words = Iterator[IntArray]
ROWS_FIRST, COLUMNS_FIRST = (-1, -2), (-2, -1)


@dataclass(frozen=True, slots=True)
class FermatTransform:
    """X[k] = sum_l x[l] alpha^(l k) modulo F_t for a length that is a power of two up to 4b.

    alpha = sqrt(2)^(4b / length) has that order: 2 for 2b, sqrt(2) for 4b. The spectrum is in bit-reversed order, so
    that neither direction sorts anything: forward is decimation in frequency, (a, b) -> (a + b, (a - b) alpha^q) over
    halves that shrink; inverse is decimation in time, (a, b) -> (a + b alpha^-q, a - b alpha^-q) over halves that
    grow, and leaves `length` times the sequence.
    """

    ring: FermatRing
    length: int

    def __post_init__(self) -> None:
        if self.length < 1 or self.length & (self.length - 1) or self.length > self.ring.roots:
            raise ValueError(f"modulo F_{self.ring.t} a length is a power of two up to {self.ring.roots}")

    @property
    def step(self) -> int:
        """alpha as a power of sqrt(2)."""
        return self.ring.roots // self.length

    @property
    def levels(self) -> int:
        """log2 of the length: stages of butterflies."""
        return self.length.bit_length() - 1

    @property
    def order(self) -> IntArray:
        """Of which frequency k each element of a spectrum is."""
        order = np.zeros(1, np.int64)
        for _ in range(self.levels):
            order = np.concatenate([2 * order, 2 * order + 1])
        return order

    def half(self, level: int) -> int:
        """How far apart the two operands of a butterfly are in a stage of the forward transform, first to last."""
        return self.length >> level + 1

    def powers(self, half: int) -> IntArray:
        """By which power of sqrt(2) the second word of each butterfly of a block is multiplied, forward."""
        powers: IntArray = np.arange(half) * (self.ring.roots // (2 * half))
        return powers

    def forward_stage(self, x: IntArray, level: int, axis: int = -1) -> IntArray:
        half = self.half(level)
        x = np.moveaxis(x, axis, -1)
        a, b = self._operands(x, half)
        turned = self.ring.times_root(self.ring.subtract(a, b), self.powers(half))
        return self._joined(self.ring.add(a, b), turned, axis)

    def inverse_stage(self, x: IntArray, level: int, axis: int = -1) -> IntArray:
        """Undoes the forward stage of that level, but for a factor of 2."""
        half = self.half(level)
        x = np.moveaxis(x, axis, -1)
        a, b = self._operands(x, half)
        turned = self.ring.times_root(b, -self.powers(half))
        return self._joined(self.ring.add(a, turned), self.ring.subtract(a, turned), axis)

    def forward_words(self, x: IntArray, axes: tuple[int, ...] = (-1,)) -> Words:
        """The residues after every stage; the last are the spectrum along these axes."""
        for axis in axes:
            for level in range(self.levels):
                x = self.forward_stage(x, level, axis)
                yield x

    def inverse_words(self, x: IntArray, axes: tuple[int, ...] = (-1,)) -> Words:
        """From a spectrum, the residues after every stage; the last are `length` times the sequence, for each axis."""
        for axis in axes:
            for level in reversed(range(self.levels)):
                x = self.inverse_stage(x, level, axis)
                yield x

    def forward(self, x: IntArray) -> IntArray:
        """Residues (..., length, length) to their two-dimensional spectrum: rows, then columns (thesis eq. 2.10)."""
        return _last(x, self.forward_words(x, ROWS_FIRST))

    def inverse(self, x: IntArray) -> IntArray:
        """A two-dimensional spectrum to length^2 times the residues: columns, then rows."""
        return _last(x, self.inverse_words(x, COLUMNS_FIRST))

    def _operands(self, x: IntArray, half: int) -> tuple[IntArray, IntArray]:
        """(..., blocks, half) each."""
        pairs = x.reshape(*x.shape[:-1], self.length // (2 * half), 2, half)
        return pairs[..., 0, :], pairs[..., 1, :]

    def _joined(self, a: IntArray, b: IntArray, axis: int) -> IntArray:
        x = np.stack([a, b], axis=-2)
        return np.moveaxis(x.reshape(*x.shape[:-3], self.length), -1, axis)


def _last(x: IntArray, words: Words) -> IntArray:
    """What the last stage gives, or x where there is none."""
    last = deque(words, maxlen=1)
    return last[0] if last else x
