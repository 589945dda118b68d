"""Constants of stages: orders of elements, memory words, which channel meets which lane."""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray, IntRange, TensorType, Value
from mulfree.ir.ops import as_map
from mulfree.rtl.design import Memory, Stream


def raster_order(shape: tuple[int, ...]) -> IntArray:
    """Row, column, then channel (axis 0), fastest last: how maps (C, H, W) travel. A vector goes in its own order."""
    index = np.arange(np.prod(shape, dtype=np.int64)).reshape(shape)
    return np.moveaxis(index, 0, -1).ravel() if shape else index.ravel()


def raster_stream(name: str, value: Value[TensorType], lanes: int) -> Stream:
    """The value in raster order."""
    return Stream(name, value, raster_order(value.type.shape), lanes, value.type)


def like(name: str, x: Stream, value: Value[TensorType]) -> Stream:
    """Another value, element by element in the order and lanes of x."""
    assert value.type.size == x.value.type.size, f"{name}: {value.type} has not the elements of {x.value.type}"
    return Stream(name, value, x.order, x.lanes, value.type)


def map_shape(x: Stream) -> tuple[int, int, int]:
    """(C, H, W) of a stream's value."""
    return as_map(x.value.type.shape)


def packed_words(elements: IntArray, range: IntRange) -> tuple[int, ...]:
    """Each row of numbers (words, elements) as one word, its first element in the least significant bits."""
    width = max(1, range.width)
    stored = range.encode(elements)
    planes = (stored[:, :, None] >> np.arange(width)) & 1
    rows = np.packbits(planes.reshape(len(stored), -1).astype(np.uint8), axis=1, bitorder="little")
    return tuple(int.from_bytes(row.tobytes(), "little") for row in rows)


def packed_memory(elements: IntArray, range: IntRange, style: str) -> Memory:
    """Memory of the rows of `elements`, each element stored as `range` stores it."""
    return Memory(elements.shape[1] * max(1, range.width), packed_words(elements, range), style)


def channel_pattern(x: Stream) -> IntArray:
    """Channel (axis 0 of the value) of every lane for the fewest tokens after which the channels repeat."""
    per_channel = x.value.type.size // x.value.type.shape[0]
    channels = (x.order // per_channel).reshape(x.tokens, x.lanes)
    for period in range(1, x.tokens + 1):
        if x.tokens % period == 0 and (channels.reshape(-1, period, x.lanes) == channels[:period]).all():
            return channels[:period]
    raise AssertionError("a frame repeats after itself")
