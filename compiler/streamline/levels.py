"""The evenly spaced values that a quantiser can give, and the integers that stand for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from mulfree.compiler.frontends.real import (
    Binary,
    BipolarQuant,
    Cast,
    Clip,
    MultiThreshold,
    Quant,
    QuantizeLinear,
    Trunc,
    Unary,
    Where,
    integer_bounds,
)
from mulfree.compiler.frontends.real.quant import integer_limits
from mulfree.compiler.streamline.exact import Affine, after
from mulfree.compiler.streamline.expression import Expression, Step
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.ir import BIPOLAR, BIT, TERNARY, IntRange

ONE, ZERO = Parameter.scalar(Fraction(1)), Parameter.scalar(Fraction(0))


@dataclass(frozen=True)
class Levels:
    """real = meaning.scale * code + meaning.offset; `range` holds every code, None where nothing bounds it."""

    meaning: Affine
    range: IntRange | None

    @property
    def step(self) -> int:
        return self.range.step if self.range else 1


def levels_of(expression: Expression) -> Levels | None:
    """The levels of what a step gives, None if it is not known to lie on a grid."""
    if not isinstance(expression, Step):
        return None
    quantised = _quantised(expression)
    if quantised or len(expression.reads) != 1:
        return quantised
    inner = levels_of(expression.reads[0])
    return _after(expression, inner) if inner else None


def _quantised(step: Step) -> Levels | None:
    """The levels of a step that quantises whatever it reads."""
    match step.op:
        case Quant():
            return _quant(step.op, step.parameters)
        case BipolarQuant():
            return _grid(step.parameters[0].exact(), BIPOLAR)
        case QuantizeLinear():
            return _linear(step)
        case MultiThreshold():
            return _multi_threshold(step.op, step.parameters[0])
        case Trunc():
            return _truncated(step.op, step.parameters)
        case Where():
            return _choice(step)
        case Unary(kind="sign"):
            return _grid(ONE, TERNARY)
        case Unary(kind="floor" | "ceil" | "round"):
            return _grid(ONE, None)
        case Unary(kind="not") | Binary(kind="less" | "less_or_equal" | "greater" | "greater_or_equal" | "equal"):
            return _grid(ONE, BIT)
        case Cast() if step.dtype == "bool":
            return _grid(ONE, BIT)
        case Cast() if not step.dtype.startswith("float"):
            return _grid(ONE, None)
        case _:
            return None


def _after(step: Step, x: Levels) -> Levels | None:
    """The levels of a step that reads x."""
    match step.op:
        case Unary(kind="relu"):
            return _bounded(x, Fraction(0), None)
        case Clip():
            lo, hi = (_bound(p) for p in step.parameters)
            return _bounded(x, lo, hi)
        case Binary(kind="max") if step.parameters and step.parameters[0].is_uniform:
            return _bounded(x, _bound(step.parameters[0]), None)
        case Binary(kind="min") if step.parameters and step.parameters[0].is_uniform:
            return _bounded(x, None, _bound(step.parameters[0]))
        case _:
            meaning = after(step, x.meaning)
            return replace(x, meaning=meaning) if meaning else None


def _bounded(x: Levels, lo: Fraction | None, hi: Fraction | None) -> Levels | None:
    """The levels between two real bounds, if these lie on the grid."""
    scale, offset = x.meaning.scale, x.meaning.offset
    if not (scale.is_uniform and offset.is_uniform and scale.value > 0):
        return None
    low, high = (None if b is None else (b - offset.value) / scale.value for b in (lo, hi))
    if not x.range:
        return x if _are_integers(low, high) and None in (low, high) else _between(low, high, 0, 1, x)
    least, most = (_clipped(Fraction(end), low, high) for end in (x.range.lo, x.range.hi))
    return _between(least, most, x.range.lo, x.range.step, x)


def _clipped(value: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    value = value if low is None else max(value, low)
    return value if high is None else min(value, high)


def _between(low: Fraction | None, high: Fraction | None, origin: int, step: int, x: Levels) -> Levels | None:
    """The levels from low to high, if both are among origin, origin + step, ..."""
    if low is None or high is None or not _are_integers(low, high):
        return None
    is_on_grid = low == high or ((low - origin) % step == 0 and (high - origin) % step == 0)
    return replace(x, range=IntRange(int(low), int(high), step)) if is_on_grid else None


def _are_integers(*ends: Fraction | None) -> bool:
    return all(end is None or end.denominator == 1 for end in ends)


def _bound(p: Parameter) -> Fraction | None:
    value = float(p.value)
    return Fraction(value) if np.isfinite(value) else None


def _quant(op: Quant, parameters: tuple[Parameter, ...]) -> Levels:
    scale, zero_point, bits = parameters
    width = np.asarray(bits.value)
    if op.signed and width == 1:
        return _shifted(scale.exact(), zero_point.exact(), BIPOLAR)
    lo, hi = (int(np.round(b)) for b in op.bounds(width))
    return _shifted(scale.exact(), zero_point.exact(), IntRange(lo, hi))


def _linear(step: Step) -> Levels:
    assert isinstance(step.op, QuantizeLinear)
    _, zero_point = step.parameters
    centred = _shifted(ONE, zero_point.exact(), IntRange(*integer_bounds(step.op.dtype)))
    return replace(centred, meaning=centred.meaning.plus(zero_point.exact()))


def _shifted(scale: Parameter, zero_point: Parameter, range: IntRange) -> Levels:
    """real = scale * (q - zero_point): the code is q - zero_point where that needs no more bits, else q."""
    if zero_point.is_uniform and zero_point.value.denominator == 1:
        z = int(zero_point.value)
        centred = IntRange(range.lo - z, range.hi - z, range.step)
        if centred.width <= range.width:
            return _grid(scale, centred)
    return Levels(Affine(scale, combine(lambda s, z: -s * z, scale, zero_point)), range)


def _multi_threshold(op: MultiThreshold, thresholds: Parameter) -> Levels:
    count = thresholds.table.shape[-1]
    scale, bias = (Fraction(float(np.float32(v))) for v in (op.out_scale, op.out_bias))
    for spacing in (1, 2):
        start = spacing * bias / scale
        if start.denominator == 1:
            range = IntRange(int(start), int(start) + spacing * count, spacing)
            return _grid(Parameter.scalar(scale / spacing), range)
    return Levels(Affine(Parameter.scalar(scale), Parameter.scalar(bias)), IntRange(0, count))


def _truncated(op: Trunc, parameters: tuple[Parameter, ...]) -> Levels | None:
    scale, zero_point = (p.exact() for p in parameters[:2])
    if op.version == 1:
        return Levels(Affine(scale, combine(lambda s, z: -s * z, scale, zero_point)), None)
    out_scale, bits = parameters[3].exact(), np.asarray(parameters[4].value)
    shift = combine(lambda o, s: Fraction(2) ** round(np.log2(float(o / s))), out_scale, scale)
    offset = combine(lambda o, z, s: -o * z / s, out_scale, zero_point, shift)
    lo, hi = (int(np.round(b)) for b in integer_limits(bits, op.signed, op.narrow))
    return Levels(Affine(out_scale, offset), IntRange(lo, hi))


def _choice(step: Step) -> Levels | None:
    """Where(condition, a, b) with constants a and b: two levels."""
    if not all(isinstance(o, Parameter) for o in step.operands[1:]):
        return None
    a, b = (o.exact() for o in step.operands[1:] if isinstance(o, Parameter))
    if all(combine(lambda p, q: p == -q, a, b).used):
        return _grid(combine(abs, a), BIPOLAR)
    scale = combine(lambda p, q: p - q, a, b)
    return Levels(Affine(scale, b), BIT)


def _grid(scale: Parameter, range: IntRange | None) -> Levels:
    return Levels(Affine(scale, ZERO), range)
