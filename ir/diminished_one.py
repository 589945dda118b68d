"""Diminished-1 numbers: the integers modulo F = 2^b + 1 in words whose arithmetic is b bits wide.

A word is a code: 2^b stands for 0, and every other code X for the value X + 1, so codes are values less one modulo F.
The rules are those of Algorithm 1 of the thesis, chapter 2, corrected: where what is printed there gives another
result, the rule's docstring says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mulfree.ir.op import AnyArray
from mulfree.ir.types import IntRange

INT64_BITS = 62
"""Widths up to this one have sums of two codes, and shifted codes, that int64 holds."""


@dataclass(frozen=True, slots=True)
class DiminishedOne:
    """The ring of the integers modulo F = 2^bits + 1, bits a power of two from 2 on.

    Functions take and give arrays of codes 0..2^bits, of any shape: int64, or Python ints in an object array where
    64 bits do not hold them (bits >= 64).
    """

    bits: int

    def __post_init__(self) -> None:
        if self.bits < 2 or self.bits & (self.bits - 1):
            raise ValueError(f"{self.bits} bits: a Fermat number is 2^b + 1 with b a power of two from 2 on")

    @property
    def modulus(self) -> int:
        """F. (The thesis once prints 2^(b+1) + 1.)"""
        return (1 << self.bits) + 1

    @property
    def zero(self) -> int:
        """The code of 0: bit b alone, the zero flag."""
        return 1 << self.bits

    @property
    def codes(self) -> IntRange:
        """All codes."""
        return IntRange(0, self.zero)

    @property
    def centred(self) -> IntRange:
        """The values that `decode` gives: the integers that the ring holds without ambiguity, of both signs."""
        return IntRange(-(2 ** (self.bits - 1)), 2 ** (self.bits - 1))

    def words(self, codes: AnyArray | Sequence[int] | int) -> AnyArray:
        """The codes in an array of the type that holds them."""
        return np.asarray(codes, dtype=object if self.bits > INT64_BITS else np.int64)

    def encode(self, values: AnyArray | int) -> AnyArray:
        """Codes of integers of any size and sign: 0 becomes 2^b, every other value v becomes (v mod F) - 1.

        The printed rule, a diminished-1 addition of 2^b - 1, has no end: it adds a code to what is no code.
        """
        return self.words((self._exact(values, self.bits) - 1) % self.modulus)

    def residues(self, words: AnyArray) -> AnyArray:
        """Values 0..2^b: X + 1, and 0 for the code 2^b.

        The printed rule, a diminished-1 addition of the code 1, adds the value 2 and is wrong for every code but 2^b.
        """
        return np.where(words == self.zero, 0, words + 1)

    def decode(self, words: AnyArray) -> AnyArray:
        """The values of least magnitude, -2^(b-1)..2^(b-1)."""
        residues = self.residues(words)
        return np.where(residues > self.centred.hi, residues - self.modulus, residues)

    def add(self, x: AnyArray, y: AnyArray) -> AnyArray:
        """x + y: with s = X + Y, its lower b bits plus the complement of its carry, which may give 2^b, zero.

        A zero operand leaves the other one as it is. (As printed.)
        """
        total = x + y
        carry = total >> self.bits
        summed = (total & self._mask) + (1 - carry)
        return np.where(x == self.zero, y, np.where(y == self.zero, x, summed))

    def negate(self, x: AnyArray) -> AnyArray:
        """-x: the complement of b bits; zero stays zero. The printed 2^b - X is larger by one."""
        return self._unless_zero(x, lambda x: self._mask - x)

    def subtract(self, x: AnyArray, y: AnyArray) -> AnyArray:
        """x - y."""
        return self.add(x, self.negate(y))

    def shift_left(self, x: AnyArray, places: int) -> AnyArray:
        """x * 2^places, for any integer: a rotation in which every bit that goes round is complemented.

        2^b = -1, so b places complement all bits, and 2b places none. Zero stays zero. (The printed function takes no
        number of places; its plain circular shift lacks the complement, which the text describes.)
        """
        turns, places = divmod(places % (2 * self.bits), self.bits)
        rotated = self._unless_zero(x, lambda x: self._rotated(x, places))
        return self.negate(rotated) if turns else rotated

    def shift_right(self, x: AnyArray, places: int) -> AnyArray:
        """x / 2^places: for one place, the complement of the lowest bit becomes the highest."""
        return self.shift_left(x, -places)

    def times_root(self, x: AnyArray, power: int) -> AnyArray:
        """x * r^power with r = 2^(b/4) (2^(b/2) - 1), whose square is 2; for bits >= 4.

        An even power is a shift; an odd one the difference of two.
        """
        if power % 2 == 0:
            return self.shift_left(x, power // 2)
        places = power // 2 + self.bits // 4
        return self.subtract(self.shift_left(x, places + self.bits // 2), self.shift_left(x, places))

    def multiply(self, x: AnyArray, y: AnyArray) -> AnyArray:
        """x * y: the product of the residues, high half times 2^b plus low half, is low half less high half.

        The value 2^b = -1, whose residue alone does not fit b bits, negates the other operand. Zero needs no case: its
        residue is 0. (The printed function, for a second operand 2^b, leaves Z without a value; and it takes the halves
        of the product, which are residues, for codes.)
        """
        a, b = (self._exact(self.residues(word), 2 * self.bits) for word in (x, y))
        product = a * b
        low, high = self.encode(product & self._mask), self.encode(product >> self.bits)
        usual = self.subtract(low, high)
        return np.where(x == self._mask, self.negate(y), np.where(y == self._mask, self.negate(x), usual))

    @property
    def _mask(self) -> int:
        """All b bits: also the code of 2^b = -1."""
        return self.zero - 1

    def _exact(self, numbers: AnyArray | int, bits: int) -> AnyArray:
        """Numbers in an array whose type holds `bits` bits; those that are larger already are in another one."""
        array = np.asarray(numbers)
        return array.astype(object) if bits > INT64_BITS else array

    def _rotated(self, x: AnyArray, places: int) -> AnyArray:
        kept = x << places & self._mask
        round_ = (self._mask - x) >> (self.bits - places)
        return kept | round_

    def _unless_zero(self, x: AnyArray, rule: Callable[[AnyArray], AnyArray]) -> AnyArray:
        is_zero = x == self.zero
        return np.where(is_zero, x, rule(np.where(is_zero, 0, x)))
