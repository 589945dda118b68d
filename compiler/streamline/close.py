"""A quantiser, and all that comes before it, becomes thresholds on integers or an input of the graph."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from mulfree.compiler.frontends.real import Cast, Unary
from mulfree.compiler.streamline.builder import Builder, channel_axis, to_front
from mulfree.compiler.streamline.deferred import Deferred, HostInput, IntValue, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine, after, is_affine
from mulfree.compiler.streamline.expression import Expression, Floats, Integers, Step, moved, parameters_of
from mulfree.compiler.streamline.host import Quantiser
from mulfree.compiler.streamline.levels import Levels, levels_of
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.thresholds import Derived, derive
from mulfree.ir import Node, TensorType
from mulfree.ir.ops import MaxPool, MinPool, Pool, Threshold

FEW_LEVELS = 4
"""Below this many levels thresholds cost less than a clamp."""


def closed(builder: Builder, x: Deferred) -> Deferred:
    """x with its last quantiser, and all before it, as thresholds (or as an input of the graph)."""
    step = x.expression
    if not isinstance(step, Step):
        return x
    return builder.once("closed", x, lambda: _closed(builder, x, step))


def _closed(builder: Builder, x: Deferred, step: Step) -> Deferred:
    levels = None if is_affine(step) else levels_of(step)
    if levels:
        return _same_integers(builder, x, step) or _quantised(builder, x, step, levels)
    if len(step.reads) != 1:
        return x
    inner = closed(builder, reading(x, step))
    if inner.expression is step.reads[0]:
        return x
    operands = tuple(o if isinstance(o, Parameter) else inner.expression for o in step.operands)
    return replace(inner, expression=replace(step, operands=operands))


def reading(x: Deferred, step: Step) -> Deferred:
    """What the last step of x reads."""
    return replace(x, expression=step.reads[0])


def _same_integers(builder: Builder, x: Deferred, step: Step) -> Deferred | None:
    """Rounding what is an integer anyway changes nothing but the number format."""
    match step.op:
        case Unary(kind="floor" | "ceil" | "round") | Cast() if step.dtype != "bool":
            inner = closed(builder, reading(x, step))
            meaning = _meaning(inner.expression)
            if meaning and meaning.is_integral:
                return replace(inner, expression=Integers(meaning.scale, meaning.offset, step.dtype))
            return None
        case _:
            return None


def _meaning(expression: Expression) -> Affine | None:
    """The exact meaning of an expression all of whose steps are affine."""
    if isinstance(expression, Integers):
        return Affine(expression.scale, expression.offset)
    if isinstance(expression, Floats) or not is_affine(expression):
        return None
    inner = _meaning(expression.reads[0])
    return after(expression, inner) if inner else None


def _quantised(builder: Builder, x: Deferred, step: Step, levels: Levels) -> Deferred:
    if isinstance(x.base, HostInput):
        base = _quantised_input(builder, x.base, step, levels)
    else:
        base = _thresholds(builder, x.base, step, levels)
    return on_integers(base, levels.meaning, step.dtype)


def _quantised_input(builder: Builder, x: HostInput, step: Step, levels: Levels) -> IntValue:
    if levels.range is None:
        raise Unsupported(
            f"the input '{x.name}' is rounded to integers that nothing bounds",
            f"clip it, or declare the format of '{x.name}' (for example uint8)",
            step,
        )
    return builder.add_input(x.name, TensorType(x.source.shape, levels.range), Quantiser(x.source, step, levels))


def _thresholds(builder: Builder, x: IntValue, step: Step, levels: Levels) -> IntValue:
    shape = x.type.shape
    permutation = _channels_first(step, len(shape))
    front = tuple(shape[i] for i in permutation)
    source = np.arange(x.type.size).reshape(shape).transpose(permutation)
    turned = step if front == shape else moved(step, shape, source)
    assert isinstance(turned, Step)
    in_front = replace(levels, meaning=levels.meaning.moved(shape, source))
    try:
        derived = derive(turned, in_front, x.type.range, front)
    except ValueError as error:
        raise Unsupported(str(error), "change the model so that it is monotone and bounded", step) from error
    _note_rounding(builder, step.name, derived)
    return builder.permuted(x, permutation, lambda value: _placed(builder, value, derived.op, step))


def _channels_first(step: Step, rank: int) -> tuple[int, ...]:
    """The permutation that brings the axis along which the constants differ to the front."""
    try:
        return to_front(channel_axis(*parameters_of(step)), rank) if rank else ()
    except Unsupported as problem:
        problem.step = step
        raise


def _note_rounding(builder: Builder, name: str, derived: Derived) -> None:
    count = derived.op.thresholds.array.size
    if derived.decided_by_rounding:
        builder.notes.append(
            f"{name}: float32 rounding decides {derived.decided_by_rounding} of {count} thresholds; "
            "in exact arithmetic they would lie elsewhere"
        )
    if derived.decided_by_order:
        builder.notes.append(
            f"{name}: {derived.decided_by_order} of {count} thresholds lie where a runtime that adds up in float32 "
            "may decide otherwise; the sums here are exact"
        )


def _placed(builder: Builder, x: IntValue, op: Threshold, step: Step) -> IntValue:
    """The thresholds, or a shift and a clamp where that is the same."""
    producer = builder.producer(x)
    pool = _pool_after(producer, op)
    if producer and pool:
        unpooled = builder.add(op, *producer.inputs, name=f"{step.name}.unpooled", location=step.location)
        return builder.add(pool, unpooled, name=step.name, location=producer.location)
    by = _shift_of(op, x)
    if by is None:
        return builder.add(op, x, name=step.name, location=step.location)
    one, offset = Parameter.scalar(Fraction(1)), Parameter.scalar(Fraction(by))
    return builder.clamp(builder.affine(x, one, offset), op.levels.lo, op.levels.hi, name=step.name)


def _pool_after(producer: Node[TensorType] | None, op: Threshold) -> Pool | None:
    """The pool of few bits that does after the thresholds what the producer, a pool of wide sums, does before them."""
    if not (producer and isinstance(producer.op, MaxPool | MinPool)):
        return None
    signs = set(np.sign(op.step.array).tolist())
    if signs == {1}:
        return producer.op
    mirrored = MinPool if isinstance(producer.op, MaxPool) else MaxPool
    return mirrored(producer.op.window) if signs == {-1} else None


def _shift_of(op: Threshold, x: IntValue) -> int | None:
    """k if the thresholds are consecutive integers, so that they compute clamp(x + k)."""
    table = op.thresholds.array
    is_plain = len(table) == 1 and x.type.range.step == 1 and int(op.step.array[0]) == 1
    if not is_plain or table.shape[1] < FEW_LEVELS or not bool((np.diff(table[0]) == 1).all()):
        return None
    return int(op.base.array[0]) + 1 - int(table[0, 0])
