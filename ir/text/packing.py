"""Constant arrays as text: decimal where a reader can take them in, else compressed bytes."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode, b64encode
from math import prod

import numpy as np

from mulfree.ir.op import AnyArray

READABLE_ELEMENTS = 32
"""Up to this many integers are written in decimal."""

INTEGER_DTYPES = ("int8", "int16", "int32", "int64")


def is_readable(array: AnyArray) -> bool:
    """Whether the integers are written one by one: few of them, or too large for 64 bits."""
    return array.size <= READABLE_ELEMENTS or array.dtype == object


def narrowest(array: AnyArray) -> AnyArray:
    """The same integers in the smallest of INTEGER_DTYPES that holds them."""
    lo, hi = int(array.min()), int(array.max())
    limits = ((name, np.iinfo(name)) for name in INTEGER_DTYPES)
    return array.astype(next(name for name, limit in limits if limit.min <= lo and hi <= limit.max))


def pack(array: AnyArray) -> str:
    """Little-endian bytes in C order, compressed, in base 64."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return b64encode(zlib.compress(little.tobytes(), 9)).decode()


def unpack(text: str, dtype: str, shape: tuple[int, ...]) -> AnyArray:
    """Inverse of `pack`. Raises ValueError if the text does not hold exactly these elements."""
    kind = _little_endian(dtype)
    size = prod(shape) * kind.itemsize
    data = _decompress(text, size + 1)
    if len(data) != size:
        raise ValueError(f"the data does not hold {'x'.join(map(str, shape)) or 'one'} elements of {dtype}")
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="))


def _decompress(text: str, limit: int) -> bytes:
    """At most `limit` bytes, however much the text claims to hold."""
    try:
        return zlib.decompressobj().decompress(b64decode(text, validate=True), limit)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"the data is damaged ({error})") from None


def _little_endian(dtype: str) -> np.dtype[np.generic]:
    try:
        kind = np.dtype(dtype)
    except TypeError:
        raise ValueError(f"there is no element type '{dtype}'") from None
    if kind.hasobject or kind.itemsize == 0:
        raise ValueError(f"elements of type '{dtype}' have no bytes of their own")
    return kind.newbyteorder("<")
