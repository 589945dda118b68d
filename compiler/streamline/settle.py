"""From a deferred tensor to integers with an exact affine meaning: what convolutions and sums need."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from mulfree.compiler.frontends.real import Binary, Clip, LeakyRelu, Unary
from mulfree.compiler.streamline.builder import Builder
from mulfree.compiler.streamline.close import closed, reading
from mulfree.compiler.streamline.deferred import Deferred, HostInput, Unsupported, on_integers
from mulfree.compiler.streamline.exact import after
from mulfree.compiler.streamline.expression import Floats, Integers, Step, leaf_of
from mulfree.compiler.streamline.join import add_settled
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.units import extremes, in_units
from mulfree.ir.ops import Leaky


def settle(builder: Builder, x: Deferred) -> Deferred:
    """x as integers whose meaning is exactly affine.

    Raises Unsupported, naming the node, if the model does something in between that is neither affine, a
    rectifier or a clip, nor quantised.
    """
    x = closed(builder, x)
    match x.expression:
        case Integers():
            return x
        case Floats():
            assert isinstance(x.base, HostInput)
            raise unquantised_input(x.base.name)
        case Step():
            step, before = x.expression, x
            return builder.once("settled", x, lambda: _settled(builder, before, step))


def unquantised_input(name: str) -> Unsupported:
    return Unsupported(
        f"it reads the model input '{name}', which is float, before any quantiser",
        f"declare the format of '{name}' (for example uint8 or uint8/255), or quantise it in the model",
    )


def _settled(builder: Builder, x: Deferred, step: Step) -> Deferred:
    if len(step.reads) == 2 and isinstance(step.op, Binary) and step.op.kind in ("add", "sub"):
        pair = [settle(builder, replace(x, expression=read)) for read in step.reads]
        return add_settled(builder, pair[0], pair[1], step.op.kind, step.dtype, step.name)
    if len(step.reads) != 1:
        raise _not_affine(step)
    if isinstance(leaf_of(step), Floats):
        assert isinstance(x.base, HostInput)
        raise unquantised_input(x.base.name)
    inner = settle(builder, reading(x, step))
    meaning = after(step, inner.meaning)
    if meaning:
        return on_integers(inner.integers, meaning, step.dtype)
    return _bent(builder, inner, step)


def _bent(builder: Builder, x: Deferred, step: Step) -> Deferred:
    """Rectifiers and clips of affine integers, as integer operators."""
    match step.op:
        case Unary(kind="relu"):
            return _clipped(builder, x, step, Fraction(0), None)
        case Clip():
            lo, hi = (_finite(p) for p in step.parameters)
            return _clipped(builder, x, step, lo, hi)
        case Binary(kind="max") if step.parameters[0].is_uniform:
            return _clipped(builder, x, step, _finite(step.parameters[0]), None)
        case Binary(kind="min") if step.parameters[0].is_uniform:
            return _clipped(builder, x, step, None, _finite(step.parameters[0]))
        case LeakyRelu(alpha=alpha) if alpha >= 0:
            return _leaky(builder, x, step, Fraction(float(np.dtype(step.dtype).type(alpha))))
        case _:
            raise _not_affine(step)


def _not_affine(step: Step) -> Unsupported:
    kind = getattr(step.op, "kind", step.op.name)
    return Unsupported(
        f"'{kind}' gives values on no regular grid, and they are used as numbers",
        "quantise its result (Quant, QuantizeLinear) before it is used",
        step,
    )


def _finite(p: Parameter) -> Fraction | None:
    value = float(p.value)
    return Fraction(value) if np.isfinite(value) else None


def _clipped(builder: Builder, x: Deferred, step: Step, lo: Fraction | None, hi: Fraction | None) -> Deferred:
    least, greatest = extremes(x)
    low = None if lo is None or lo <= least else lo
    high = None if hi is None or hi >= greatest else hi
    if low is None and high is None:
        return on_integers(x.integers, x.meaning, step.dtype)
    bounds = [b for b in (low, high) if b]
    x = in_units(builder, x, *bounds, is_common=bool(bounds))
    r = x.integers.type.range
    unit = x.leaf.scale.value if bounds else Fraction(1)
    lo_code, hi_code = (None if b is None else int(b / unit) for b in (low, high))
    least_code = lo_code if lo_code is not None else min(r.lo, hi_code or 0)
    greatest_code = hi_code if hi_code is not None else max(r.hi, least_code)
    y = builder.clamp(x.integers, least_code, greatest_code, name=step.name)
    return on_integers(y, x.meaning, step.dtype)


def _leaky(builder: Builder, x: Deferred, step: Step, slope: Fraction) -> Deferred:
    x = in_units(builder, x)
    op = Leaky(slope.denominator, slope.numerator)
    y = builder.add(op, x.integers, name=step.name, location=step.location)
    unit = Parameter.scalar(Fraction(1, slope.denominator))
    return on_integers(y, x.meaning.times(unit), step.dtype)
