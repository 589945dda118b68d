"""Exact meaning of single steps on values that are affine in an integer: real = scale * integer + offset."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from operator import add, mul, neg

import numpy as np

from mulfree.compiler.frontends.real import BatchNormalization, Binary, Cast, DequantizeLinear, Unary
from mulfree.compiler.streamline.expression import Step
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.ir import IntArray


@dataclass(frozen=True)
class Affine:
    """real = scale * integer + offset, exact rationals per element of the sample."""

    scale: Parameter
    offset: Parameter

    def times(self, factor: Parameter) -> Affine:
        return Affine(combine(mul, self.scale, factor), combine(mul, self.offset, factor))

    def plus(self, term: Parameter) -> Affine:
        return Affine(self.scale, combine(add, self.offset, term))

    def moved(self, shape: tuple[int, ...], source: IntArray) -> Affine:
        """See Parameter.moved."""
        return Affine(self.scale.moved(shape, source), self.offset.moved(shape, source))

    @property
    def is_integral(self) -> bool:
        """Whether every integer means an integer."""
        return all(v.denominator == 1 for p in (self.scale, self.offset) for v in p.used)


def after(step: Step, x: Affine) -> Affine | None:
    """What the step makes of a value affine in an integer, or None if that is not affine.

    Batch normalisation counts with its two vectors as the operator rounds them; nothing else is rounded.
    """
    constants = step.parameters
    match step.op:
        case Unary(kind="identity"):
            return x
        case Unary(kind="neg"):
            return x.times(Parameter.scalar(Fraction(-1)))
        case Cast():
            return x if _is_float(step.dtype) or x.is_integral else None
        case DequantizeLinear():
            scale, zero_point = (p.exact() for p in constants)
            return x.plus(_negated(zero_point)).times(scale)
        case BatchNormalization():
            return _normalized(step.op, x, *constants)
        case Binary(kind=kind) if len(constants) == 1:
            return _arithmetic(kind, step, x, constants[0].exact())
        case _:
            return None


def is_affine(step: Step) -> bool:
    """Whether `after` gives a result for whatever affine value the step reads."""
    match step.op:
        case Binary(kind=kind):
            is_constant_divided = kind == "div" and isinstance(step.operands[0], Parameter)
            is_truncated = kind == "div" and not _is_float(step.dtype)
            is_known = kind in ("add", "sub", "mul", "div") and not (is_constant_divided or is_truncated)
            return is_known and len(step.parameters) == 1
        case Unary(kind=kind):
            return kind in ("identity", "neg")
        case Cast():
            return _is_float(step.dtype)
        case DequantizeLinear() | BatchNormalization():
            return True
        case _:
            return False


def _normalized(op: BatchNormalization, x: Affine, *constants: Parameter) -> Affine:
    columns = np.broadcast_arrays(*(p.index for p in constants))
    rank = constants[0].index.ndim
    vectors = op.affine(*(p.table[i] for p, i in zip(constants, columns, strict=True)))
    multiplier, offset = (Parameter.of(np.asarray(v), rank).exact() for v in vectors)
    return x.times(multiplier).plus(offset)


def _arithmetic(kind: str, step: Step, x: Affine, constant: Parameter) -> Affine | None:
    is_left = isinstance(step.operands[0], Parameter)
    match kind:
        case "add":
            return x.plus(constant)
        case "sub":
            return _mirrored(x).plus(constant) if is_left else x.plus(_negated(constant))
        case "mul":
            return x.times(constant)
        case "div" if not is_left and _is_float(step.dtype):
            return x.times(combine(lambda v: 1 / v, constant)) if all(constant.used) else None
        case _:
            return None


def _mirrored(x: Affine) -> Affine:
    return Affine(_negated(x.scale), _negated(x.offset))


def _negated(p: Parameter) -> Parameter:
    return combine(neg, p)


def _is_float(dtype: str) -> bool:
    return dtype.startswith("float")


def greatest_common_divisor(*values: Fraction) -> Fraction:
    """The greatest u >= 0 of which every value is an integer multiple; 0 if all are."""
    denominator = lcm(*(v.denominator for v in values))
    return Fraction(gcd(*(int(v * denominator) for v in values)), denominator)
