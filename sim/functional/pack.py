"""Constants as the kernels read them: bits in words, weights in blocks of output channels."""

from __future__ import annotations

import numpy as np

from mulfree.ir import AnyArray, IntArray

WIDE, NARROW = 32, 16


def pack_bits(bits: AnyArray) -> AnyArray:
    """Booleans (..., C) as int32 words (..., ceil(C / 32)); element c is bit c % 32 of word c // 32."""
    padded = pad_last(bits, 32)
    packed = np.packbits(padded.astype(np.uint8), axis=-1, bitorder="little")
    words: AnyArray = np.ascontiguousarray(packed).view("<i4").astype(np.int32)
    return words


def pad_last(array: AnyArray, unit: int) -> AnyArray:
    """Zeros behind the last axis, to a multiple of `unit`."""
    edges = [(0, 0)] * (array.ndim - 1) + [(0, -array.shape[-1] % unit)]
    return np.pad(array, edges)


def bit_weights(weights: IntArray) -> AnyArray:
    """Weights (M, C, rows, columns), positive or not, as words (blocks, rows * columns * words, channels)."""
    return _blocks(pack_bits(np.moveaxis(weights > 0, 1, -1)))


def byte_weights(weights: IntArray, pitch: int, dtype: str = "int8") -> AnyArray:
    """Weights (M, C, rows, columns) in words of as many as fit: (blocks, words, channels); C is padded to `pitch`."""
    last = pad_last(np.moveaxis(weights, 1, -1), pitch).astype(dtype)
    return _blocks(np.ascontiguousarray(last).view("<i4").astype(np.int32))


def block_size(channels: int) -> int:
    """Output channels of one block: a layer of up to sixteen needs one vector, not two."""
    return NARROW if channels <= NARROW else WIDE


def channel_blocks(table: AnyArray, fill: int = 0) -> AnyArray:
    """(rows, M) as (blocks, rows, channels of a block)."""
    block = block_size(table.shape[1])
    padded = np.pad(table, ((0, 0), (0, -table.shape[1] % block)), constant_values=fill)
    return np.moveaxis(padded.reshape(len(table), -1, block), 1, 0)


def _blocks(words: AnyArray) -> AnyArray:
    """(M, rows, columns, words) as (blocks, rows * columns * words, output channels of a block)."""
    rows = words.reshape(words.shape[0], -1)
    return channel_blocks(rows.T)
