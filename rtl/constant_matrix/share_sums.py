"""Plans of sums: common pairs over the whole matrix, and over rows taken together, kept where they pay."""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray, IntRange
from mulfree.rtl.constant_matrix.group_rows import group_rows
from mulfree.rtl.constant_matrix.merge_sums import Merging
from mulfree.rtl.constant_matrix.share_pairs import Digits, share_pairs
from mulfree.rtl.constant_matrix.sums import MatrixPlan, Term, Total, ranges_of
from mulfree.rtl.price import signed_digits

Sums = dict[int, list[Term]]
"""Terms by the source that they make."""


def share_sums(weights: IntArray, word: IntRange, target: str, deepest: int, group: int) -> MatrixPlan:
    """The plan for weights (M, K): rows in groups of `group`, pairs at most `deepest` additions deep."""
    inputs = weights.shape[1]
    left, right = group_rows(weights, group) if group > 1 else (None, weights)
    sums: Sums = {}
    tops = _rows_of(right, list(range(inputs)), [word] * inputs, deepest, sums, inputs)
    if left is not None:
        tops = _rows_of(left, tops, ranges_of(right, word), deepest, sums, inputs)
    exact = ranges_of(_factors(sums, inputs), word)
    widths = [word.width] * inputs + [range.width for range in exact]
    merging = Merging(sums, set(tops), widths, target)
    merging.run()
    return _numbered(merging.sums, tops, exact, inputs, word)


def _rows_of(
    weights: IntArray, sources: list[int], ranges: list[IntRange], deepest: int, sums: Sums, inputs: int
) -> list[int]:
    """Sums for the pairs and then for the rows of weights over the sources; the rows' own sources."""
    least, most = (np.array(ends, np.int64) for ends in ([r.lo for r in ranges], [r.hi for r in ranges]))
    shared = share_pairs(digits_of(weights), least, most, deepest)
    known = [*sources]
    for first, second, shift, sign in shared.pairs.tolist():
        known.append(inputs + len(sums))
        sums[known[-1]] = [Term(known[first], 0, 1), Term(known[second], shift, sign)]
    rows = list[int]()
    for digits in shared.digits:
        rows.append(inputs + len(sums))
        places = np.argwhere(digits).tolist()
        sums[rows[-1]] = [Term(known[source], shift, int(digits[source, shift])) for source, shift in places]
    return rows


def digits_of(weights: IntArray) -> Digits:
    """Canonical signed digits (M, K, shifts) of weights (M, K)."""
    digits = np.zeros((*weights.shape, 1 + int(np.abs(weights).max(initial=0)).bit_length()), np.int8)
    for value in np.unique(weights).tolist():
        where = weights == value
        for sign, shift in signed_digits(abs(value)):
            digits[where, shift] = 1 if (sign == "+") == (value > 0) else -1
    return digits


def _factors(sums: Sums, inputs: int) -> IntArray:
    """What each input is worth in each sum (sums, K)."""
    factors = np.zeros((inputs + len(sums), inputs), np.int64)
    factors[:inputs] = np.eye(inputs, dtype=np.int64)
    for source, terms in sums.items():
        for used, shift, sign in terms:
            factors[source] += sign * (factors[used] << shift)
    return factors[inputs:]


def _numbered(sums: Sums, tops: list[int], ranges: list[IntRange], inputs: int, word: IntRange) -> MatrixPlan:
    """Without gaps in the numbers of sources, which stay in an order in which operands come first."""
    ends = set(tops)
    inner = [source for source in sums if source not in ends]
    number = {source: source for source in range(inputs)} | {source: inputs + i for i, source in enumerate(inner)}

    def total(source: int) -> Total:
        terms = (Term(number[used], shift, sign) for used, shift, sign in sums[source])
        return Total(tuple(sorted(terms)), ranges[source - inputs])

    return MatrixPlan(inputs, word, tuple(map(total, inner)), tuple(map(total, tops)))
