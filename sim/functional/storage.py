"""How a value lies in memory: one bit, a byte or a word per element, channels last.

A sample of shape (C, ...) is stored as [position][channel], position running over the other axes in C order, each
position padded to `pitch` elements. Samples follow each other without a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import prod

import numpy as np

from mulfree.ir import AnyArray, IntRange, TensorType


class Kind(Enum):
    """What a buffer holds per channel, narrowest first."""

    BITS = "bits"
    """A word of 32 bits for 32 channels: 1 is the upper of the range's two values; bits past the last channel are 0."""
    BYTE = "byte"
    """value - bias, unsigned, see `byte_bias`."""
    INT16 = "int16"
    """Only where a kernel takes halfwords; no result is stored so."""
    INT32 = "int32"
    INT64 = "int64"

    @property
    def dtype(self) -> str:
        """numpy's name for one element of the buffer."""
        return {Kind.BITS: "int32", Kind.BYTE: "uint8"}.get(self, self.value)

    @property
    def itemsize(self) -> int:
        return np.dtype(self.dtype).itemsize


@dataclass(frozen=True, slots=True)
class Storage:
    """The arrangement of one sample."""

    kind: Kind
    channels: int
    positions: int
    range: IntRange

    @property
    def bias(self) -> int:
        """value = stored + bias, for all kinds but bits."""
        return byte_bias(self.range) if self.kind is Kind.BYTE else 0

    @property
    def pitch(self) -> int:
        """Elements from one position to the next."""
        match self.kind:
            case Kind.BITS:
                return -(-self.channels // 32)
            case Kind.BYTE:
                return _padded(self.channels, 4 if self.channels <= 8 else 16 if self.channels <= 16 else 32)
            case Kind.INT16:
                return _padded(self.channels, 2 if self.channels <= 4 else 16)
            case Kind.INT32:
                return _padded(self.channels, 32)
            case Kind.INT64:
                return self.channels

    @property
    def elements(self) -> int:
        """Elements of one sample, padding included."""
        return self.positions * self.pitch

    @property
    def size(self) -> int:
        """Bytes of one sample."""
        return self.elements * self.kind.itemsize

    def index(self, flat: AnyArray) -> AnyArray:
        """Where an element, numbered in C order of the sample, is stored; not for bits."""
        assert self.kind is not Kind.BITS
        place: AnyArray = flat % self.positions * self.pitch + flat // self.positions
        return place


def storage_of(type: TensorType, kind: Kind) -> Storage:
    channels = type.shape[0] if type.shape else 1
    return Storage(kind, channels, prod(type.shape[1:]), type.range)


def fits(range: IntRange, kind: Kind) -> bool:
    """Whether every value of the range can be stored; the ends of int32 are left to sentinels."""
    match kind:
        case Kind.BITS:
            return range.count == 2 and range.fits_int64
        case Kind.BYTE:
            return range.lo >= (-128 if range.lo < 0 else 0) and range.hi <= byte_bias(range) + 255
        case Kind.INT16:
            return range.lo >= -(2**15) and range.hi < 2**15
        case Kind.INT32:
            return range.lo > -(2**31) and range.hi < 2**31 - 1
        case Kind.INT64:
            return range.lo > -(2**63) and range.hi < 2**63 - 1


def byte_bias(range: IntRange) -> int:
    """What a stored byte leaves out: -128 where values may be negative, so that bytes are unsigned."""
    return -128 if range.lo < 0 else 0


def narrowest(range: IntRange) -> Kind | None:
    """The smallest kind that holds the range; None where 64 bits do not."""
    return next((kind for kind in Kind if fits(range, kind)), None)


def _padded(count: int, unit: int) -> int:
    return -(-count // unit) * unit
