"""Convolutions and matrix products: integers times integers, with the scales and offsets taken out exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import add, mul

import numpy as np

from mulfree.compiler.streamline.builder import WIDE_MULTIPLIER, Builder, channel_axis, channel_values
from mulfree.compiler.streamline.deferred import Deferred, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine, greatest_common_divisor
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.units import centred
from mulfree.compiler.streamline.weights import Weights, weights_of
from mulfree.ir import AnyArray, IntArray, Tensor
from mulfree.ir.ops import MultiplyAccumulate, Window


@dataclass(frozen=True, eq=False)
class Layer:
    """What a contraction does besides its operand: weights (M, C / groups, kr, kc), bias (M,) or None."""

    weights: AnyArray
    bias: AnyArray | None = None
    window: Window = field(default_factory=Window)
    groups: int = 1
    dtype: str = "float32"
    name: str = ""


def quantised_weights(array: AnyArray) -> Weights:
    """Raises Unsupported if the weights are no small integers times a scale."""
    weights = weights_of(array)
    if weights is None:
        raise Unsupported(
            f"its {'x'.join(map(str, array.shape))} weights are floats, not multiples of a scale by short integers",
            "quantise them (Quant, BipolarQuant, QuantizeLinear), or put them into pieces with `mulfree approximate`",
        )
    return weights


def contract(builder: Builder, x: Deferred, layer: Layer) -> Deferred:
    """The layer applied to a settled vector (C,) or map (C, H, W).

    With x = s X + o and w = t[m] W the sum of w x is s t[m] (W X) + t[m] (sum W) o + bias[m], and only W X is
    hardware. Where s differs from channel to channel, s[c] = u k[c] with the largest u that makes all k integers,
    and the weights are W k. A scale that differs along space stays as it is, for a window of one tap.
    """
    weights = quantised_weights(layer.weights)
    if layer.window.is_padded:
        x = centred(builder, x)
    _check_axes(x, layer.window)
    unit, codes = _with_input_scales(builder, x, weights.codes, layer.groups)
    sums = builder.add(MultiplyAccumulate(Tensor(codes), layer.window, layer.groups), x.integers, name=layer.name)
    filters, rank = len(codes), len(sums.type.shape)
    scale = combine(mul, unit, by_output([weights.scale(m) for m in range(filters)], rank))
    offset = _offset(x, weights, layer, rank)
    if layer.bias is not None:
        offset = combine(add, offset, by_output([Fraction(float(b)) for b in layer.bias], rank))
    return on_integers(sums, Affine(scale, offset), layer.dtype)


def _check_axes(x: Deferred, window: Window) -> None:
    """Raises Unsupported if a scale differs within what one window sums over, or in more than one way."""
    axis = channel_axis(x.leaf.scale, x.leaf.offset)
    if axis and (window.taps > 1 or window.stride != (1, 1) or window.is_padded):
        raise Unsupported(
            "the scale of what it reads differs along another axis than the channels",
            "quantise its input with one scale, or one for each channel",
        )


def _with_input_scales(builder: Builder, x: Deferred, codes: IntArray, groups: int) -> tuple[Parameter, IntArray]:
    """(unit, codes times the scale of their input channel in that unit)."""
    if 0 not in x.leaf.scale.axes:
        return x.leaf.scale, codes
    scales = channel_values(x.leaf.scale, 0)
    unit = greatest_common_divisor(*scales) or Fraction(1)
    factors = np.array([int(s / unit) for s in scales], dtype=object)
    peak = max(abs(f) for f in factors) * int(np.abs(codes).max(initial=0))
    if peak > WIDE_MULTIPLIER:
        builder.note(f"the scales of its input channels have no simple ratio: weights grow to {peak.bit_length()} bits")
    return Parameter.scalar(unit), codes.astype(object) * factors[_channels_read(codes, groups)][..., None, None]


def _offset(x: Deferred, weights: Weights, layer: Layer, rank: int) -> Parameter:
    """What the offset of x adds to each output channel, exactly."""
    sums = weights.codes.sum(axis=(2, 3)).astype(object)
    if 0 in x.leaf.offset.axes:
        offsets = channel_values(x.leaf.offset, 0)
        rows = (sums * offsets[_channels_read(weights.codes, layer.groups)]).sum(axis=1)
        return by_output([weights.scale(m) * row for m, row in enumerate(rows)], rank)
    column = by_output([weights.scale(m) * row for m, row in enumerate(sums.sum(axis=1))], rank)
    return combine(mul, x.leaf.offset, column)


def by_output(values: Sequence[Fraction], rank: int) -> Parameter:
    """One value for each output channel."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return Parameter.of(array.reshape(-1, *(1,) * (rank - 1)), rank)


def _channels_read(codes: IntArray, groups: int) -> IntArray:
    """(M, C / groups): the input channel that meets each weight."""
    filters, per_group = codes.shape[:2]
    group = np.arange(filters) // (filters // groups)
    return np.asarray(group[:, None] * per_group + np.arange(per_group))
