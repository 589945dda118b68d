"""Tensor types that carry the exact set of integers every element is drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, prod

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
"""Exact integers: int64, or Python ints in an object array where 64 bits do not hold the range."""

INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class IntRange:
    """The integers lo, lo + step, ..., hi: both ends belong to the set.

    A step above one is what tells a bipolar value, {-1, +1}, from a ternary one, {-1, 0, +1}: the
    first is stored in one bit. Arithmetic on ranges is the tightest set of this form (a strided interval).
    """

    lo: int
    hi: int
    step: int = 1

    def __post_init__(self) -> None:
        if self.lo > self.hi:
            raise ValueError(f"empty range [{self.lo}, {self.hi}]")
        if self.lo == self.hi:
            object.__setattr__(self, "step", 1)
        if self.step < 1 or (self.hi - self.lo) % self.step:
            raise ValueError(f"step {self.step} does not lead from {self.lo} to {self.hi}")

    @classmethod
    def spanning(cls, values: Iterable[int]) -> IntRange:
        """The tightest range that holds all of the (at least one) values."""
        ordered = sorted({int(v) for v in values})
        return cls(ordered[0], ordered[-1], max(1, reduce(gcd, (v - ordered[0] for v in ordered), 0)))

    @classmethod
    def unsigned(cls, width: int) -> IntRange:
        return cls(0, 2**width - 1)

    @classmethod
    def signed_of(cls, width: int) -> IntRange:
        return cls(-(2 ** (width - 1)), 2 ** (width - 1) - 1)

    def __str__(self) -> str:
        return f"[{self.lo}, {self.hi}]" if self.step == 1 else f"[{self.lo}, {self.hi}, {self.step}]"

    def __contains__(self, value: int) -> bool:
        return self.lo <= value <= self.hi and (value - self.lo) % self.step == 0

    def __add__(self, other: IntRange) -> IntRange:
        return _strided(self.lo + other.lo, self.hi + other.hi, gcd(self._stride, other._stride))

    def __neg__(self) -> IntRange:
        return IntRange(-self.hi, -self.lo, self.step)

    def __sub__(self, other: IntRange) -> IntRange:
        return self + -other

    def __mul__(self, other: IntRange) -> IntRange:
        corners = [a * b for a in (self.lo, self.hi) for b in (other.lo, other.hi)]
        s, t = self._stride, other._stride
        return _strided(min(corners), max(corners), gcd(self.lo * t, other.lo * s, s * t))

    def __or__(self, other: IntRange) -> IntRange:
        """The tightest range that holds both."""
        stride = gcd(self._stride, other._stride, self.lo - other.lo)
        return _strided(min(self.lo, other.lo), max(self.hi, other.hi), stride)

    def __abs__(self) -> IntRange:
        if self.lo >= 0 or self.hi <= 0:
            return self if self.lo >= 0 else -self
        last_negative = self.lo + (-1 - self.lo) // self.step * self.step
        below = IntRange(self.lo, last_negative, self.step)
        return -below | IntRange(last_negative + self.step, self.hi, self.step)

    def times(self, factor: int) -> IntRange:
        """Range of factor * x."""
        return self * IntRange(factor, factor)

    def scaled(self, count: int) -> IntRange:
        """Range of a sum of `count` independent values of this range."""
        return _strided(self.lo * count, self.hi * count, self._stride if count else 0)

    def clamped(self, lo: int, hi: int) -> IntRange:
        """Range of min(max(x, lo), hi)."""
        a, b = (min(max(v, lo), hi) for v in (self.lo, self.hi))
        return _strided(a, b, self._stride if (a, b) == (self.lo, self.hi) else 1)

    @property
    def _stride(self) -> int:
        """The step, with 0 for a single value, so that gcd leaves the other operand's step alone."""
        return 0 if self.lo == self.hi else self.step

    @property
    def count(self) -> int:
        """How many values the set holds."""
        return (self.hi - self.lo) // self.step + 1

    @property
    def is_coded(self) -> bool:
        """Whether hardware stores the index (x - lo) / step instead of x itself."""
        return self.step > 1

    @property
    def is_bipolar(self) -> bool:
        return (self.lo, self.hi, self.step) == (-1, 1, 2)

    @property
    def is_signed(self) -> bool:
        """Whether the stored word is in two's complement."""
        return self.lo < 0 and not self.is_coded

    @property
    def width(self) -> int:
        """Fewest bits of the stored word: the index if coded, two's complement if signed, else plain binary."""
        if self.is_coded:
            return (self.count - 1).bit_length()
        if self.lo < 0:
            return max((~self.lo).bit_length(), max(0, self.hi).bit_length()) + 1
        return self.hi.bit_length()

    def encode(self, values: IntArray) -> IntArray:
        """Stored words, as unsigned integers of `width` bits."""
        if self.is_coded:
            return (values - self.lo) // self.step
        return values & ((1 << self.width) - 1) if self.lo < 0 else values

    def decode(self, words: IntArray) -> IntArray:
        """Inverse of `encode`."""
        if self.is_coded:
            return words * self.step + self.lo
        return np.where(words >> (self.width - 1) != 0, words - (1 << self.width), words) if self.lo < 0 else words

    @property
    def fits_int64(self) -> bool:
        return self.lo >= -INT64_MAX and self.hi <= INT64_MAX


def _strided(lo: int, hi: int, stride: int) -> IntRange:
    return IntRange(lo, hi, max(1, stride))


BIT = IntRange(0, 1)
BIPOLAR = IntRange(-1, 1, 2)
TERNARY = IntRange(-1, 1)

Scale = Fraction | tuple[Fraction, ...]
"""What one integer step means: one rational for the tensor, or one per channel (axis 0)."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """Shape of one sample (no batch axis), the range of its integers, and what an integer means.

    Axis 0 is the channel. The scale never enters the arithmetic: real value = scale * integer.
    """

    shape: tuple[int, ...]
    range: IntRange
    scale: Scale = Fraction(1)

    @property
    def size(self) -> int:
        return prod(self.shape)

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.shape)) or 'scalar'}{self.range}"


@dataclass(frozen=True, slots=True)
class RealType:
    """An ONNX tensor before quantisation is resolved: shape with the batch axis, and numpy dtype name."""

    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def size(self) -> int:
        return prod(self.shape)

    def __str__(self) -> str:
        return f"{'x'.join(map(str, self.shape)) or 'scalar'}:{self.dtype}"
