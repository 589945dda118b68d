"""The cheapest plan of a constant matrix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from mulfree.ir import IntArray, IntRange
from mulfree.rtl.constant_matrix.price import heap_price, heights
from mulfree.rtl.constant_matrix.row_tree import centres, row_tree
from mulfree.rtl.constant_matrix.share_sums import share_sums, share_tree
from mulfree.rtl.constant_matrix.share_triples import share_triples
from mulfree.rtl.constant_matrix.sums import MatrixPlan, Total

DEEPEST = 4
"""Additions on the longest way to a shared sum, before sums are merged."""
GROUPS = ((), (2,), (3,), (4, 2), (5, 3), (6, 3, 2))
"""Rows taken together, and in each group of them again."""
CENTRES = 3
"""Rows that all others are taken from, in plans of differences."""
TREES = (3, 2)
"""Rows that are taken one from the other, at most."""
REMEMBERED = 8
"""Plans that are kept: a layer's is asked for when arithmetics are compared, and again when it is built."""
FAR = 1.1
"""Times the best price, from which on one plan of differences says that no other of them is worth a look."""


def plan_matrix(weights: IntArray, word: IntRange, target: str, deepest: int = DEEPEST) -> MatrixPlan:
    """y = weights x for weights (M, K) and inputs that are plain words of range `word`.

    The cheapest of plans with more and with less sharing, by `plan_price`; the first of them where prices are equal.
    """
    return _planned(weights.astype(np.int64).tobytes(), weights.shape, word, target, deepest)


@lru_cache(REMEMBERED)
def _planned(stored: bytes, shape: tuple[int, ...], word: IntRange, target: str, deepest: int) -> MatrixPlan:
    weights = np.frombuffer(stored, np.int64).reshape(shape)
    plans = [(plan_price(plan, target), plan) for plan in _of_rows(weights, word, target, deepest)]
    least = min(price for price, _ in plans)
    for plan in _of_differences(weights, word, target, deepest):
        price = plan_price(plan, target)
        plans.append((price, plan))
        if price > FAR * least:
            break
    return min(plans, key=lambda known: known[0])[1]


def candidates(weights: IntArray, word: IntRange, target: str, deepest: int) -> Iterator[MatrixPlan]:
    """Plans worth a look, the one without any sharing first."""
    yield from _of_rows(weights, word, target, deepest)
    yield from _of_differences(weights, word, target, deepest)


def _of_rows(weights: IntArray, word: IntRange, target: str, deepest: int) -> Iterator[MatrixPlan]:
    """What rows have in common, and rows taken together."""
    yield share_sums(weights, word, target, 0)
    if word.width == 1 and word.lo == 0 and np.abs(weights).max(initial=0) <= 1:
        yield share_triples(weights)
    if deepest:
        for groups in GROUPS if _has_like_columns(weights) else ((),):
            yield share_sums(weights, word, target, deepest, groups)


def _of_differences(weights: IntArray, word: IntRange, target: str, deepest: int) -> Iterator[MatrixPlan]:
    """Rows taken from others."""
    for centre in centres(weights, word.width, CENTRES) if deepest else ():
        for depth in TREES:
            yield share_tree(weights, word, target, deepest, row_tree(weights, centre, word.width, depth))


def _has_like_columns(weights: IntArray) -> bool:
    """Whether most columns of two rows are equal up to sign and a power of two."""
    return bool(np.unique(np.abs(weights)).size <= 2)


def plan_price(plan: MatrixPlan, target: str) -> float:
    """Look-up tables (asic: full adders), nearly."""
    totals = [node for node in plan.nodes if isinstance(node, Total)]
    bits = len(plan.nodes) - len(totals)
    return bits + sum(heap_price(_heights(plan, total), target) for total in (*totals, *plan.outputs))


def _heights(plan: MatrixPlan, total: Total) -> list[int]:
    return heights((plan.range_of(source).width, shift) for source, shift, _ in total.terms)
