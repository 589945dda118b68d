"""Arg-max, top-k and softmax: the last nodes of a classifier."""

from __future__ import annotations

from fractions import Fraction

from mulfree.compiler.frontends.real import ArgMax, Softmax, TopK
from mulfree.compiler.streamline.close import closed
from mulfree.compiler.streamline.deferred import Deferred, IntValue, Tailed, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.order import ordered
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.structure import reshaped
from mulfree.ir.ops import ChannelGather
from mulfree.ir.ops import TopK as IntTopK

ONE, ZERO = Parameter.scalar(Fraction(1)), Parameter.scalar(Fraction(0))


def softmax(work: Work) -> Tailed:
    """The hardware gives what the softmax reads, which has the same order; the host applies it afterwards."""
    op = work.op(Softmax)
    x = work.activation()
    rank = len(work.shape(0))
    if any(axis % rank == 0 for axis in op.axes):
        raise Unsupported("it normalises over the batch axis", "choose another axis")
    kind = "LogSoftmax" if op.logarithm else "Softmax"
    work.builder.note(f"{kind} keeps the order of the classes: the hardware gives what it reads, the host applies it")
    return Tailed(x, op)


def arg_max(work: Work) -> Deferred:
    op = work.op(ArgMax)
    x = _vector(work, op.axis)
    values = ordered(work.builder, x)
    count = x.shape[0]
    if op.last:
        values = work.builder.add(ChannelGather(tuple(reversed(range(count)))), values)
    meaning = _reversed(count) if op.last else Affine(ONE, ZERO)
    return _selected(work, values, 1, meaning)


def top_k(work: Work) -> Deferred:
    op = work.op(TopK)
    if op.output == "values":
        raise Unsupported("the values of the largest elements are used", "use only the indices of TopK")
    x = _vector(work, op.axis)
    values = ordered(work.builder, x)
    if not op.largest:
        values = work.builder.affine(values, Parameter.scalar(Fraction(-1)), ZERO)
    return _selected(work, values, op.k, Affine(ONE, ZERO))


def _selected(work: Work, values: IntValue, k: int, meaning: Affine) -> Deferred:
    indices = work.builder.add(IntTopK(k), values, name=work.name)
    return reshaped(work.builder, on_integers(indices, meaning, "int64"), work.sample)


def _reversed(count: int) -> Affine:
    return Affine(Parameter.scalar(Fraction(-1)), Parameter.scalar(Fraction(count - 1)))


def _vector(work: Work, axis: int) -> Deferred:
    """The operand as a vector along the axis, before a softmax if there is one.

    Raises Unsupported if another axis is longer than 1.
    """
    operand = work.operands[0]
    x = operand.before if isinstance(operand, Tailed) else work.activation()
    chosen = axis % len(work.shape(0)) - 1
    others = [n for i, n in enumerate(x.shape) if i != chosen]
    if chosen < 0 or any(n != 1 for n in others):
        raise Unsupported(
            f"it ranks along axis {axis} of {work.shape(0)}", "rank along the only axis that is longer than 1"
        )
    x = closed(work.builder, x)
    return reshaped(work.builder, x, (x.shape[chosen],))
