"""Min-select of reals as min-select of integers: the operand and the weights in one unit."""

from __future__ import annotations

from fractions import Fraction

from mulfree.compiler.families.min_select.forms import MinSelectConv
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.streamline.deferred import Deferred, on_integers
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.linear import quantised_weights
from mulfree.compiler.streamline.one_unit import in_one_unit
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.rules.layers import as_map, map_window
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import reshaped
from mulfree.compiler.streamline.weights import Weights
from mulfree.ir import Tensor
from mulfree.ir.ops import Window


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
