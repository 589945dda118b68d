"""An activation and weights that are compared or added, not multiplied: integers of one unit."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import numpy as np

from mulfree.compiler.streamline.builder import WIDE_MULTIPLIER, Builder
from mulfree.compiler.streamline.deferred import Deferred, Unsupported
from mulfree.compiler.streamline.units import in_units
from mulfree.compiler.streamline.weights import Weights
from mulfree.ir import AnyArray, IntArray

MOST_PARTS = 64
"""Of how many equal parts of one scale the other may be a multiple."""
RELATIVE_ERROR = Fraction(1, 2**20)
"""What rounding scales to float32 may do to their ratio."""


def in_one_unit(builder: Builder, x: Deferred, weights: Weights) -> tuple[Deferred, IntArray]:
    """x without an offset and the codes of the weights, both as integers of one unit: the scale of the x returned.

    Raises Unsupported if their scales have no simple ratio.
    """
    x = in_units(builder, x, is_common=True)
    scale = x.leaf.scale.value
    ratios = [_ratio(weights.scale(m) / scale) if row.any() else Fraction(1) for m, row in enumerate(weights.codes)]
    parts = lcm(*(ratio.denominator for ratio in ratios))
    factors = np.array([int(ratio * parts) for ratio in ratios], dtype=np.int64)
    codes: AnyArray = weights.codes * factors.reshape(-1, *(1,) * (weights.codes.ndim - 1))
    if parts > MOST_PARTS or int(np.abs(codes).max(initial=0)) > WIDE_MULTIPLIER:
        raise _no_ratio(weights.scale(0) / scale)
    return (in_units(builder, x, scale / parts, is_common=True) if parts > 1 else x), codes


def _ratio(exact: Fraction) -> Fraction:
    """The simple fraction that the ratio of two scales is, up to their rounding."""
    simple = exact.limit_denominator(MOST_PARTS)
    if abs(simple - exact) > exact * RELATIVE_ERROR:
        raise _no_ratio(exact)
    return simple


def _no_ratio(ratio: Fraction) -> Unsupported:
    return Unsupported(
        f"its weights have a scale that is {float(ratio):.6g} times its operand's, no simple ratio, so that the two "
        "cannot be counted in one unit",
        "quantise both with the same scale, or with scales that are small multiples of one unit",
    )
