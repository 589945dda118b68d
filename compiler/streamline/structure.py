"""Operators that only move elements, on integers, on their meaning and on what the host computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mulfree.compiler.streamline.builder import Builder, to_front
from mulfree.compiler.streamline.deferred import Deferred, HostInput, IntValue, Unsupported
from mulfree.compiler.streamline.expression import moved
from mulfree.ir import AnyArray, IntArray, RealOp, RealType
from mulfree.ir.ops import ChannelGather, Reshape, Transpose


def source_of(op: RealOp, x: RealType, *constants: AnyArray) -> IntArray:
    """For each element of a sample of the result, the flat index of the element of x's sample that it is.

    Raises Unsupported unless every sample of the batch (axis 0) is moved alike and stays one sample.
    """
    places = op.evaluate(np.arange(x.size).reshape(x.shape), *constants)
    batch = x.shape[0]
    size = x.size // batch
    if places.ndim == 0 or places.shape[0] != batch:
        raise Unsupported(f"it moves the batch axis: {x.shape} becomes {places.shape}", "keep the first axis as it is")
    source: IntArray = places[0]
    offsets = size * np.arange(batch).reshape(-1, *(1,) * source.ndim)
    if source.size and (source.max() >= size or not bool((places == source + offsets).all())):
        raise Unsupported("it mixes the samples of a batch", "keep the first axis as it is")
    return source


def rearranged(builder: Builder, x: Deferred, source: IntArray) -> Deferred:
    """The tensor whose element i is x's element source[i]."""
    expression = moved(x.expression, x.shape, source)
    if isinstance(x.base, HostInput):
        base: HostInput | IntValue = replace(x.base, source=x.base.source.ravel()[source])
    else:
        base = _moved_integers(builder, x.base, source)
    return Deferred(base, source.shape, expression)


def reshaped(builder: Builder, x: Deferred, shape: tuple[int, ...]) -> Deferred:
    """The same elements in C order under another shape."""
    if shape == x.shape:
        return x
    return rearranged(builder, x, np.arange(int(np.prod(shape))).reshape(shape))


def transposed(builder: Builder, x: Deferred, permutation: tuple[int, ...]) -> Deferred:
    """Axis i of the result is x's axis permutation[i]."""
    if permutation == tuple(range(len(permutation))):
        return x
    return rearranged(builder, x, np.arange(int(np.prod(x.shape))).reshape(x.shape).transpose(permutation))


def _moved_integers(builder: Builder, x: IntValue, source: IntArray) -> IntValue:
    """The fewest operators that move the elements so; none if nothing moves."""
    places = np.arange(x.type.size).reshape(x.type.shape)
    if source.size == places.size and bool((source.ravel() == places.ravel()).all()):
        return _reshaped(builder, x, source.shape)
    permutation = _permutation(places, source)
    if permutation:
        return builder.add(Transpose(permutation), x)
    return _reshaped(builder, _selected(builder, x, places, source), source.shape)


def _reshaped(builder: Builder, x: IntValue, shape: tuple[int, ...]) -> IntValue:
    producer = builder.producer(x)
    if producer and isinstance(producer.op, Reshape):
        x = producer.inputs[0]
    return x if x.type.shape == shape else builder.add(Reshape(shape), x)


def _permutation(places: IntArray, source: IntArray) -> tuple[int, ...] | None:
    """The axes in their new order, if that is all that happened; told by the stride of each axis."""
    if source.ndim != places.ndim or source.size != places.size:
        return None
    strides = [int(source.take(1, axis=i).flat[0] - source.flat[0]) if n > 1 else 0 for i, n in enumerate(source.shape)]
    old = [int(np.prod(places.shape[i + 1 :])) if n > 1 else 0 for i, n in enumerate(places.shape)]
    free = list(range(places.ndim))
    permutation: list[int] = []
    for stride in strides:
        match = next((i for i in free if old[i] == stride), None)
        if match is None:
            return None
        free.remove(match)
        permutation.append(match)
    is_all = bool((places.transpose(permutation) == source).all()) if _fits(places, source, permutation) else False
    return tuple(permutation) if is_all else None


def _fits(places: IntArray, source: IntArray, permutation: list[int]) -> bool:
    return tuple(places.shape[i] for i in permutation) == source.shape


def _selected(builder: Builder, x: IntValue, places: IntArray, source: IntArray) -> IntValue:
    """The elements chosen along each axis by itself, for a slice or a gather.

    Raises Unsupported if the elements are no such box of x.
    """
    coordinates = [np.asarray(c).reshape(source.shape) for c in np.unravel_index(source, places.shape)]
    # As many axes as before: an element may be chosen more than once.
    has_all = source.ndim == places.ndim and source.size > 0
    chosen = [_along(c, axis) if has_all else _in_order(c.ravel()) for axis, c in enumerate(coordinates)]
    box = places[np.ix_(*chosen)]
    if box.size != source.size or not bool((box.ravel() == source.ravel()).all()):
        raise Unsupported("it moves elements in a way that is no reshape, transpose, slice or gather", "rewrite it")
    for axis, indices in enumerate(chosen):
        if indices != list(range(x.type.shape[axis])):
            gather = ChannelGather(tuple(indices))
            x = builder.permuted(x, to_front(axis, len(x.type.shape)), lambda v, op=gather: builder.add(op, v))  # type: ignore[misc]
    return x


def _along(coordinate: IntArray, axis: int) -> list[int]:
    """The coordinate of each element of one line along the axis."""
    line = np.moveaxis(coordinate, axis, -1)
    return [int(v) for v in line.reshape(-1, coordinate.shape[axis])[0]]


def _in_order(coordinate: IntArray) -> list[int]:
    """The distinct values, in the order in which they first occur."""
    values, first = np.unique(coordinate, return_index=True)
    return [int(v) for v in values[np.argsort(first)]]
