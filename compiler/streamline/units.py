"""Settled tensors in other units: a common scale, an offset of zero."""

from __future__ import annotations

from fractions import Fraction

from mulfree.compiler.streamline.builder import Builder
from mulfree.compiler.streamline.deferred import Deferred, on_integers
from mulfree.compiler.streamline.exact import Affine, greatest_common_divisor
from mulfree.compiler.streamline.parameter import Parameter, combine


def extremes(x: Deferred) -> tuple[Fraction, Fraction]:
    """The least and greatest real value of a settled tensor."""
    r = x.integers.type.range
    ends = combine(lambda s, o: (min(s * r.lo, s * r.hi) + o, max(s * r.lo, s * r.hi) + o), x.leaf.scale, x.leaf.offset)
    return min(e[0] for e in ends.used), max(e[1] for e in ends.used)


def in_units(builder: Builder, x: Deferred, *marks: Fraction, is_common: bool = False) -> Deferred:
    """x with offset 0 and a positive scale of which every mark is a multiple; one for all channels if `is_common`."""
    scale, offset = x.leaf.scale, x.leaf.offset
    if is_common:
        units = Parameter.scalar(greatest_common_divisor(*scale.used, *offset.used, *marks) or Fraction(1))
    else:
        units = combine(lambda s, o: greatest_common_divisor(s, o, *marks) or Fraction(1), scale, offset)
    multiplier, shift = (combine(lambda v, u: v / u, p, units) for p in (scale, offset))
    zero = Parameter.scalar(Fraction(0))
    return on_integers(builder.affine(x.integers, multiplier, shift), Affine(units, zero), x.leaf.dtype)


def centred(builder: Builder, x: Deferred) -> Deferred:
    """x with the integer 0 for the real 0, which is what padding means."""
    return x if x.leaf.offset.used == [0] else in_units(builder, x)
