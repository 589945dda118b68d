"""The integers modulo a Fermat number, in which a power of two is a rotation (thesis section 2.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.ir.op import AnyArray
from mulfree.ir.types import IntArray

LIMB_BITS = 16
MOST_TERMS = 1 << 53 - 2 * LIMB_BITS
"""Products of two limbs that a float64 still adds up exactly."""


@dataclass(frozen=True, slots=True)
class FermatRing:
    """Residues 0 ... 2^b modulo F_t = 2^b + 1, b = 2^t.

    2^b = -1, so 2 is a root of unity of order 2b, and its square root 2^(b/4) (2^(b/2) - 1) one of order 4b. Residues
    are int64 up to b = 32, and Python ints beyond.
    """

    t: int

    @property
    def bits(self) -> int:
        """b."""
        return 1 << self.t

    @property
    def modulus(self) -> int:
        """F_t."""
        return (1 << self.bits) + 1

    @property
    def roots(self) -> int:
        """The order of the square root of 2: the longest transform whose factors are shifts and one addition."""
        return 4 * self.bits

    def residues(self, x: IntArray) -> IntArray:
        """Integers of any size or sign as residues."""
        exact = x if self.is_native else x.astype(object)
        return self._stored(exact % self.modulus)

    def centred(self, x: IntArray) -> IntArray:
        """Residues as the integers between -2^(b - 1) and 2^(b - 1) that they stand for."""
        centred: IntArray = np.where(x > self.modulus // 2, x - self.modulus, x)
        return centred

    def add(self, x: IntArray, y: IntArray) -> IntArray:
        total = x + y
        return self._once_reduced(total)

    def subtract(self, x: IntArray, y: IntArray) -> IntArray:
        return self._once_reduced(x + (self.modulus - y))

    def shift(self, x: IntArray, places: int | IntArray) -> IntArray:
        """x * 2^places for any integers, also negative ones: what leaves at the top comes in below, negated."""
        turns = self._stored(np.asarray(places) % (2 * self.bits))
        k = turns % self.bits
        kept = self.bits - k
        y = self.subtract((x & (1 << kept) - 1) << k, x >> kept)
        return self._once_reduced(np.where(turns >= self.bits, self.modulus - y, y))

    def times_root(self, x: IntArray, power: int | IntArray) -> IntArray:
        """x * sqrt(2)^power for any integer powers; an odd one takes a second shift and a subtraction."""
        power = np.asarray(power)
        y = self.shift(x, power // 2)
        if not (power % 2).any():
            return y
        z = self.shift(y, self.bits // 4)
        odd = self.subtract(self.shift(z, self.bits // 2), z)
        result: IntArray = np.where(power % 2 == 1, odd, y)
        return result

    def multiply(self, x: IntArray, y: IntArray) -> IntArray:
        """Element by element."""
        if not self.is_native:
            return self.residues(x * y)
        low, high = y & (1 << LIMB_BITS) - 1, y >> LIMB_BITS
        return self.add(x * low % self.modulus, self.shift(x * high % self.modulus, LIMB_BITS))

    def matmul(self, a: IntArray, b: IntArray) -> IntArray:
        """(..., n, k) times (..., k, m), limb by limb where floats hold every partial sum exactly."""
        if not self.is_native:
            return self.residues(a @ b)
        assert a.shape[-1] < MOST_TERMS, "more terms than floats add exactly"
        total = np.zeros((), np.int64)
        for i, x in enumerate(self._limbs(a)):
            for j, y in enumerate(self._limbs(b)):
                part = (x @ y).astype(np.int64) % self.modulus
                total = self.add(total, self.shift(part, LIMB_BITS * (i + j)))
        return total

    def divide(self, x: IntArray, smaller: FermatRing) -> IntArray:
        """x / F_s for s < t by shifts: F_s (2^(2^s) - 1) F_(s + 1) ... F_(t - 1) = 2^b - 1 = -2."""
        y = self.shift(x, self.bits - 1)  # 2^b = -1, so this is -x / 2
        y = self.subtract(self.shift(y, smaller.bits), y)
        for t in range(smaller.t + 1, self.t):
            y = self.add(self.shift(y, 1 << t), y)
        return y

    @property
    def is_native(self) -> bool:
        """Whether residues are int64."""
        return self.bits <= 32

    def _limbs(self, x: IntArray) -> list[AnyArray]:
        """Parts below 2^17, worth 2^16 each of the one before."""
        if self.bits <= LIMB_BITS:
            return [x.astype(np.float64)]
        low = x & (1 << LIMB_BITS) - 1
        return [low.astype(np.float64), (x >> LIMB_BITS).astype(np.float64)]

    def _stored(self, x: IntArray) -> IntArray:
        stored: IntArray = x.astype(np.int64 if self.is_native else object)
        return stored

    def _once_reduced(self, x: IntArray) -> IntArray:
        """0 <= x < 2 F_t."""
        reduced: IntArray = np.where(x >= self.modulus, x - self.modulus, x)
        return reduced
