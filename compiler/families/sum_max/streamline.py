"""Sum-max of reals as sum-max of integers: the operand and the weights in one unit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from mulfree.compiler.families.sum_max.forms import SumMaxConv
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.compiler.streamline.deferred import Deferred, Unsupported, on_integers
from mulfree.compiler.streamline.exact import Affine
from mulfree.compiler.streamline.linear import quantised_weights
from mulfree.compiler.streamline.one_unit import in_one_unit
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.rules.layers import as_map, map_window
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import reshaped
from mulfree.ir import AnyArray, Tensor
from mulfree.ir.ops import Window


def dense(work: Work) -> Deferred:
    return _selected(work, settle(work.builder, work.activation()), Window())


def conv(work: Work) -> Deferred:
    x = as_map(work, settle(work.builder, work.activation()))
    return reshaped(work.builder, _selected(work, x, map_window(work.op(SumMaxConv).window)), work.sample)


def _selected(work: Work, x: Deferred, window: Window) -> Deferred:
    """max(u a + u v) + min(u a + u w) = u (max(a + v) + min(a + w)): the layer on integers, of which one means u."""
    terms = [_term(work, 1, -np.inf, "maximum", window), _term(work, 2, np.inf, "minimum", window)]
    finite = np.concatenate([np.where(kept, weights, weights.dtype.type(0)) for weights, kept in terms])
    x, codes = in_one_unit(work.builder, x, quantised_weights(finite))
    most, least = (Tensor(part) for part in np.split(codes, 2))
    kept, kept_min = (Tensor(kept.astype(np.int64)) for _, kept in terms)
    layer = SumMax(most, window, w_min=least, kept=kept, kept_min=kept_min)
    y = work.builder.add(layer, x.integers, name=work.name)
    return on_integers(y, Affine(x.leaf.scale, Parameter.scalar(Fraction(0))), work.dtype)


def _term(work: Work, index: int, nothing: float, name: str, window: Window) -> tuple[AnyArray, AnyArray]:
    """The weights (M, C, kernel rows, kernel columns), and which of them take part."""
    array = work.constant(index, f"the weights of the {name}")
    weights = array.reshape(*array.shape[:2], *window.kernel)
    kept = weights != nothing
    empty = np.flatnonzero(~kept.reshape(len(kept), -1).any(axis=1))
    if empty.size:
        raise Unsupported(
            f"output {empty[0]} keeps no entry of its {name}", "keep at least one weight of each term for every output"
        )
    return weights, kept
