"""Pools and reductions over the axes of a map."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from mulfree.compiler.frontends.real import AveragePool, MaxPool, Reduce
from mulfree.compiler.streamline.builder import Builder, channel_axis
from mulfree.compiler.streamline.close import closed
from mulfree.compiler.streamline.deferred import Deferred, Unsupported, on_integers
from mulfree.compiler.streamline.expression import (
    Floats,
    Integers,
    Lanes,
    Step,
    evaluate,
    leaf_of,
    parameters_of,
    with_leaf,
)
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.rules.layers import as_map, map_window
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.structure import reshaped
from mulfree.compiler.streamline.thresholds import is_monotone
from mulfree.compiler.streamline.units import centred
from mulfree.ir import IntArray
from mulfree.ir.ops import MaxPool as IntMaxPool
from mulfree.ir.ops import MinPool, SumPool, Window


def max_pool(work: Work) -> Deferred:
    x = as_map(work, work.activation())
    return reshaped(work.builder, _greatest(work, x, map_window(work.op(MaxPool).window)), work.sample)


def average_pool(work: Work) -> Deferred:
    """The sum over the window, with 1 / taps in the scale."""
    op = work.op(AveragePool)
    divisors = np.unique(op.divisors(work.shape(0)[2:]))
    if divisors.size != 1:
        raise Unsupported(
            f"it divides by {divisors.min()} to {divisors.max()}, depending on the place, because pads do not count",
            "set count_include_pad to 1, or pad less",
        )
    x = as_map(work, settle(work.builder, work.activation()))
    total = _sum(work, x, map_window(op.window), Fraction(1, int(divisors[0])))
    return reshaped(work.builder, total, work.sample)


def reduce(work: Work) -> Deferred:
    """A reduction over axes of the map is a pool over all of it."""
    op, rank = work.op(Reduce), len(work.shape(0))
    axes = {axis % rank - 1 for axis in op.axes}
    if min(axes) < 1 or op.kind not in ("sum", "mean", "max"):
        raise Unsupported(
            f"it takes the {op.kind} over the axes {sorted(a + 1 for a in axes)}",
            "only the sum, mean and maximum over the spatial axes are built",
        )
    shape = work.shape(0)[1:]
    kernel = [n if axis in axes else 1 for axis, n in enumerate(shape)][1:]
    window = Window((1, kernel[0]) if rank == 3 else (kernel[0], kernel[1])) if rank < 5 else Window()
    x = work.activation()
    if op.kind == "max":
        return reshaped(work.builder, _greatest(work, as_map(work, x), window), work.sample)
    share = Fraction(1, window.taps if op.kind == "mean" else 1)
    return reshaped(work.builder, _sum(work, as_map(work, settle(work.builder, x)), window, share), work.sample)


def _sum(work: Work, x: Deferred, window: Window, share: Fraction) -> Deferred:
    """share * sum of each window of a settled map."""
    if window.is_padded:
        x = centred(work.builder, x)
    _check_space(x)
    total = work.builder.add(SumPool(window), x.integers, name=work.name)
    scale = combine(lambda s: s * share, x.leaf.scale)
    offset = combine(lambda o: o * share * window.taps, x.leaf.offset)
    meaning = replace(x.meaning, scale=scale, offset=offset)
    return on_integers(total, meaning, work.dtype)


def _greatest(work: Work, x: Deferred, window: Window) -> Deferred:
    """The maximum commutes with what rises, rounding included; where it falls, it is the minimum."""
    builder = work.builder
    x = closed(builder, x)
    if isinstance(x.expression, Step) and not is_monotone(x.expression):
        x = settle(builder, x)
    if isinstance(leaf_of(x.expression), Floats):
        x = settle(builder, x)
    _check_space(x)
    signs = _directions(x)
    if (signs < 0).any() and (signs > 0).any():
        x, signs = _turned(builder, x, signs), np.ones(1, dtype=np.int64)
    pool = MinPool(window) if (signs < 0).any() else IntMaxPool(window)
    y = builder.add(pool, x.integers, name=work.name)
    return Deferred(y, y.type.shape, x.expression)


def _check_space(x: Deferred) -> None:
    """Raises Unsupported if the meaning of the integers differs within a channel."""
    if channel_axis(*parameters_of(x.expression)) != 0:
        raise Unsupported(
            "a scale before it differs along another axis than the channels", "use one scale per tensor or channel"
        )


def _directions(x: Deferred) -> IntArray:
    """Per channel whether the expression rises (+1), falls (-1) or stays (0) over the range of its integers."""
    lanes, range = Lanes(x.shape, by_element=False), x.integers.type.range
    ends = np.array([[range.lo], [range.hi]], dtype=np.int64 if range.fits_int64 else object)
    values = evaluate(x.expression, np.broadcast_to(ends, (2, lanes.count)), lanes).astype(np.float64)
    return np.asarray(np.sign(values[1] - values[0])).astype(np.int64)


def _turned(builder: Builder, x: Deferred, signs: IntArray) -> Deferred:
    """x with the integers negated in the channels that fall, so that all rise."""
    rank, leaf = len(x.shape), leaf_of(x.expression)
    assert isinstance(leaf, Integers)
    values = np.where(signs < 0, -1, 1).reshape(-1, *(1,) * (rank - 1))
    sign = Parameter.of(values, rank).exact()
    base = builder.affine(x.integers, sign, Parameter.scalar(Fraction(0)))
    risen = Integers(combine(lambda s, t: s * t, leaf.scale, sign), leaf.offset, leaf.dtype)
    return Deferred(base, x.shape, with_leaf(x.expression, risen))
