"""Min-select of reals as min-select of integers: the operand and the weights in one unit."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import numpy as np

from mulfree.compiler.families.min_select.forms import MinSelectConv
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.streamline.builder import WIDE_MULTIPLIER, Builder
from mulfree.compiler.streamline.deferred import Deferred, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.linear import quantised_weights
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.rules.layers import as_map, map_window
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import reshaped
from mulfree.compiler.streamline.units import in_units
from mulfree.compiler.streamline.weights import Weights
from mulfree.ir import AnyArray, IntArray, Tensor
from mulfree.ir.ops import Window

MOST_PARTS = 64
"""Of how many equal parts of one scale the other may be a multiple."""
RELATIVE_ERROR = Fraction(1, 2**20)
"""What rounding scales to float32 may do to their ratio."""


def conv(work: Work) -> Deferred:
    op = work.op(MinSelectConv)
    weights, window = work.constant(1, "the weights"), map_window(op.window)
    kernels = quantised_weights(weights.reshape(*weights.shape[:2], *window.kernel))
    x = settle(work.builder, work.activation())
    return reshaped(work.builder, _selected(work, as_map(work, x), kernels, window, op.groups), work.sample)


def matmul(work: Work) -> Deferred:
    weights = quantised_weights(work.constant(1, "the weights").T[:, :, None, None])
    return _selected(work, settle(work.builder, work.activation()), weights, Window(), 1)


def _selected(work: Work, x: Deferred, weights: Weights, window: Window, groups: int) -> Deferred:
    """mins(u a, u b) = u mins(a, b): the layer on a and b, of which one unit means u."""
    x, codes = in_one_unit(work.builder, x, weights)
    y = work.builder.add(MinSelect(Tensor(codes), window, groups), x.integers, name=work.name)
    return on_integers(y, Affine(x.leaf.scale, Parameter.scalar(Fraction(0))), work.dtype)


def in_one_unit(builder: Builder, x: Deferred, weights: Weights) -> tuple[Deferred, IntArray]:
    """x and the codes of the weights as integers of one unit, which is the scale of x then.

    Raises Unsupported if their scales have no simple ratio.
    """
    x = in_units(builder, x, is_common=True)
    scale = x.leaf.scale.value
    ratios = [_ratio(weights.scale(m) / scale) if row.any() else Fraction(1) for m, row in enumerate(weights.codes)]
    parts = lcm(*(ratio.denominator for ratio in ratios))
    factors = np.array([int(ratio * parts) for ratio in ratios], dtype=np.int64)
    codes: AnyArray = weights.codes * factors.reshape(-1, 1, 1, 1)
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
        f"it compares its operand with weights whose scale is {float(ratio):.6g} times the operand's, no simple ratio",
        "quantise both with the same scale, or with scales that are small multiples of one unit",
    )
