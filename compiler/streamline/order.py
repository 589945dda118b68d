"""Integers in the order of the real values they stand for: all that arg-max needs."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.streamline.builder import Builder
from mulfree.compiler.streamline.deferred import Deferred, IntValue
from mulfree.compiler.streamline.expression import Floats, Lanes, evaluate, leaf_of, parameters_of
from mulfree.compiler.streamline.search import find_thresholds
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.thresholds import threshold_operator
from mulfree.compiler.streamline.units import in_units
from mulfree.ir import AnyArray, IntRange

MAX_TRIED = 2**22
MAX_RANKS = 2**12


def ordered(builder: Builder, x: Deferred) -> IntValue:
    """Integers with the order, and the ties, of the closed vector x over all elements.

    Its own integers where their meaning rises strictly, the same in every element. Else their ranks among all
    floats that can occur, by thresholds. Too many of these: exact multiples of a common unit, and the report says so.
    """
    if isinstance(leaf_of(x.expression), Floats):
        x = settle(builder, x)
    range, is_uniform = x.integers.type.range, all(p.is_uniform for p in parameters_of(x.expression))
    count = 1 if is_uniform else x.shape[0]
    if range.count * count <= MAX_TRIED:
        table = _table(x, count)
        if is_uniform and bool((np.diff(table[:, 0]) > 0).all()):
            return x.integers
        ranks = _ranked(builder, x, table)
        if ranks:
            return ranks
    builder.note("the order of its classes is decided in exact arithmetic, not in float32")
    return in_units(builder, settle(builder, x), is_common=True).integers


def _table(x: Deferred, count: int) -> AnyArray:
    """(integers, elements): the float for each."""
    range = x.integers.type.range
    column = np.arange(range.lo, range.hi + 1, range.step)[:, None]
    lanes = Lanes((count,), by_element=False)
    return evaluate(x.expression, np.broadcast_to(column, (len(column), count)), lanes).astype(np.float64)


def _ranked(builder: Builder, x: Deferred, table: AnyArray) -> IntValue | None:
    """Ranks by thresholds; None if they are too many, or an element does not rise or fall."""
    values, ranks = np.unique(table, return_inverse=True)
    ranks = ranks.reshape(table.shape)
    rises = np.diff(ranks, axis=0)
    is_mixed = bool(((rises > 0).any(axis=0) & (rises < 0).any(axis=0)).any())
    if is_mixed or len(values) > MAX_RANKS or not np.isfinite(values).all():
        return None
    range = x.integers.type.range

    def codes(integers: AnyArray) -> AnyArray:
        return np.take_along_axis(ranks, (integers - range.lo) // range.step, axis=0)

    found = find_thresholds(codes, range, table.shape[1], 1)
    return builder.add(threshold_operator(found, 1, IntRange(range.lo, range.hi, range.step)), x.integers)
