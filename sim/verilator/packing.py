"""Lanes of a token packed into the 32-bit words of a port, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mulfree.ir import IntArray

_WORD = 32


def pack_tokens(lanes: IntArray, element_bits: int) -> npt.NDArray[np.uint32]:
    """(tokens, lanes) unsigned stored words -> (tokens, 32-bit words): lane 0 in the least significant bits."""
    if element_bits > 63 or lanes.dtype == object:
        return _pack_big(lanes, element_bits)
    bits = (lanes.astype(np.int64)[:, :, None] >> np.arange(element_bits)) & 1
    flat = bits.astype(np.uint8).reshape(len(lanes), element_bits * lanes.shape[1])
    filled = np.pad(flat, ((0, 0), (0, -flat.shape[1] % _WORD)))
    return np.ascontiguousarray(np.packbits(filled, axis=1, bitorder="little")).view("<u4").astype(np.uint32)


def unpack_tokens(words: npt.NDArray[np.uint32], lanes: int, element_bits: int) -> IntArray:
    """Inverse of `pack_tokens`: (tokens, lanes) unsigned, as Python ints where 63 bits do not hold them."""
    octets = np.ascontiguousarray(words.astype("<u4")).view(np.uint8)
    bits = np.unpackbits(octets, axis=1, count=lanes * element_bits, bitorder="little")
    split = bits.reshape(len(words), lanes, element_bits)
    if element_bits > 63:
        big: IntArray = np.sum(split.astype(object) << np.arange(element_bits).astype(object), axis=2)
        return big
    small: IntArray = np.sum(split.astype(np.int64) << np.arange(element_bits), axis=2)
    return small


def _pack_big(lanes: IntArray, element_bits: int) -> npt.NDArray[np.uint32]:
    shifts = [element_bits * lane for lane in range(lanes.shape[1])]
    size = -(-element_bits * lanes.shape[1] // _WORD)
    tokens = [sum(int(v) << s for v, s in zip(row, shifts, strict=True)) for row in lanes]
    words = [[token >> _WORD * i & 0xFFFFFFFF for i in range(size)] for token in tokens]
    return np.array(words, dtype=np.uint32).reshape(len(lanes), size)
