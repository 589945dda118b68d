"""Operators that move elements: reshape, transpose, slice, gather, concat, pad."""

from __future__ import annotations

from math import prod

from mulfree.compiler.frontends.real import Concat, Pad
from mulfree.compiler.streamline.close import closed
from mulfree.compiler.streamline.deferred import Deferred, Failed, Unsupported
from mulfree.compiler.streamline.join import concatenate
from mulfree.compiler.streamline.rules.layers import as_map
from mulfree.compiler.streamline.rules.rule import Skip, Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import rearranged, reshaped, source_of, transposed
from mulfree.compiler.streamline.units import centred
from mulfree.ir import Value
from mulfree.ir.ops import Pad as IntPad


def move(work: Work) -> Deferred:
    x = work.activation()
    if isinstance(x.base, Value):
        x = closed(work.builder, x)  # before a flatten makes one channel of each element
    constants = [work.constant(i, "the indices") for i in range(1, len(work.operands))]
    return rearranged(work.builder, x, source_of(work.node.op, work.node.inputs[0].type, *constants))


def concat(work: Work) -> Deferred:
    if any(isinstance(o, Failed) for o in work.operands):
        raise Skip
    axis = work.op(Concat).axis % len(work.node.output.type.shape) - 1
    if axis < 0:
        raise Unsupported("it joins along the batch axis", "join along another axis")
    settled = [settle(work.builder, work.activation(i)) for i in range(len(work.operands))]
    return concatenate(work.builder, settled, axis, work.dtype, work.name)


def pad(work: Work) -> Deferred:
    """Constant padding with a value that an integer stands for; any axis but the batch."""
    op, rank = work.op(Pad), len(work.shape(0))
    if op.mode != "constant":
        raise Unsupported(f"it pads by '{op.mode}'", "pad with a constant")
    edges = list(zip(op.pads[:rank], op.pads[rank:], strict=True))
    if any(edges[0]):
        raise Unsupported("it pads the batch axis", "pad other axes")
    x = settle(work.builder, work.activation())
    x = x if op.value else centred(work.builder, x)
    code = _code(x, op.value)
    if rank in (3, 4) and not any(edges[1]):
        return _framed(work, x, edges[2:], code)
    for axis, edge in enumerate(edges[1:]):
        if any(edge):
            _check_uniform(x, axis)
            x = _padded(work, x, axis, edge, code)
    return x


def _code(x: Deferred, value: float) -> int:
    """The integer that stands for the value in every channel. Raises Unsupported if there is none."""
    scale, offset = x.leaf.scale, x.leaf.offset
    codes = {(type(s)(value) - o) / s for s in scale.used for o in offset.used}
    if value and (len(codes) != 1 or next(iter(codes)).denominator != 1):
        raise Unsupported(f"no integer stands for the padding value {value}", "pad with 0, or before the quantiser")
    return int(next(iter(codes))) if value else 0


def _check_uniform(x: Deferred, axis: int) -> None:
    """Raises Unsupported if what is added along the axis would have no scale."""
    if axis in (*x.leaf.scale.axes, *x.leaf.offset.axes):
        raise Unsupported("it pads along the axis along which scales differ", "quantise its input with one scale")


def _framed(work: Work, x: Deferred, edges: list[tuple[int, int]], code: int) -> Deferred:
    """A line or a map, padded along its spatial axes at once."""
    for axis, edge in enumerate(edges, start=1):
        if any(edge):
            _check_uniform(x, axis)
    map = as_map(work, x)
    (top, bottom), (left, right) = edges if len(edges) == 2 else [(0, 0), *edges]
    y = work.builder.add(IntPad((top, left, bottom, right), code), map.integers, name=work.name)
    return reshaped(work.builder, Deferred(y, y.type.shape, map.expression), work.sample)


def _padded(work: Work, x: Deferred, axis: int, edge: tuple[int, int], code: int) -> Deferred:
    """Padded along one axis: it becomes the last of three, and goes back afterwards."""
    rank, builder = len(x.shape), work.builder
    order = (*(i for i in range(rank) if i != axis), axis)
    last = transposed(builder, x, order)
    shape = last.shape
    flat = reshaped(builder, last, (shape[0] if rank > 1 else 1, prod(shape[1:-1]), shape[-1]))
    padded = builder.add(IntPad((0, edge[0], 0, edge[1]), code), flat.integers, name=work.name)
    wide = Deferred(padded, padded.type.shape, flat.expression)
    whole = reshaped(builder, wide, (*shape[:-1], shape[-1] + sum(edge)))
    return transposed(builder, whole, tuple(order.index(i) for i in range(rank)))
