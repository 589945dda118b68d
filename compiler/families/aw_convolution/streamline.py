"""AW-convolutions of reals as convolutions of integers whose weights are shifted."""

from __future__ import annotations

from fractions import Fraction
from operator import mul

import numpy as np

from mulfree.compiler.families.aw_convolution.forms import AttentionalWeightConv
from mulfree.compiler.families.aw_convolution.operator import MOST_PLACES, AttentionalConv, expanded
from mulfree.compiler.streamline.deferred import Deferred, Known, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.linear import Layer, by_output, contract, quantised_weights
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.rules.layers import as_map, map_window
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import reshaped
from mulfree.compiler.streamline.units import in_units
from mulfree.compiler.streamline.weights import Weights
from mulfree.ir import AnyArray, Tensor
from mulfree.ir.ops import Window


def conv(work: Work) -> Deferred:
    """Attention that is the same for all samples belongs to the weights."""
    op, weights = work.op(AttentionalWeightConv), work.constant(1, "the weights")
    window = map_window(op.window)
    kernels = weights.reshape(*weights.shape[:2], *window.kernel)
    x, attention = as_map(work, settle(work.builder, work.activation())), work.operands[2]
    if isinstance(attention, Known):
        layer = Layer(kernels * _factors(op, attention, weights).reshape(kernels.shape), None, window, op.groups)
        return reshaped(work.builder, contract(work.builder, x, layer), work.sample)
    y = _attended(work, x, quantised_weights(kernels), window, op)
    return reshaped(work.builder, y, work.sample)


def _factors(op: AttentionalWeightConv, exponent: Known, weights: AnyArray) -> AnyArray:
    """What constant attention multiplies the weights by. Raises Unsupported if it differs between samples."""
    factors = op.residual + np.exp2(expanded(exponent.array, weights.shape))
    if not bool((factors == factors[:1]).all()):
        raise Unsupported("its attention is constant, but another for each sample of the batch", "make it one")
    first: AnyArray = factors[0]
    return first


def _attended(work: Work, x: Deferred, weights: Weights, window: Window, op: AttentionalWeightConv) -> Deferred:
    """Exponents count from the least, or from 0 where the weights themselves are added: y is so much finer."""
    x, attention = in_units(work.builder, x, is_common=True), _exponents(work)
    range = attention.integers.type.range
    least = min(range.lo, 0) if op.residual else range.lo
    if range.hi - least > MOST_PLACES:
        raise Unsupported(f"its exponents range over {range}", f"quantise them to {MOST_PLACES} or fewer places")
    amounts = work.builder.affine(attention.integers, Parameter.scalar(Fraction(1)), Parameter.scalar(Fraction(-least)))
    layer = AttentionalConv(Tensor(weights.codes), window, op.groups, 2**-least if op.residual else 0)
    y = work.builder.add(layer, x.integers, amounts, name=work.name)
    unit = combine(lambda s: s * Fraction(2) ** least, x.leaf.scale)
    scales = by_output([weights.scale(m) for m in np.arange(len(weights.codes)).tolist()], len(y.type.shape))
    return on_integers(y, Affine(combine(mul, unit, scales), Parameter.scalar(Fraction(0))), work.dtype)


def _exponents(work: Work) -> Deferred:
    """As the integers that they are, in the shape of the attention over a map's window."""
    settled = settle(work.builder, work.activation(2))
    x = in_units(work.builder, settled, Fraction(1), is_common=True)
    if x.leaf.scale.value != 1:
        raise Unsupported(
            f"its exponents are multiples of {float(x.leaf.scale.value):.6g}, not integers",
            "quantise them with the scale 1",
        )
    return x if len(x.shape) == 4 else reshaped(work.builder, x, (*x.shape[:2], 1, x.shape[2]))
