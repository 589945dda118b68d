"""Plans of sums: pairs common to rows, to rows taken together, to differences of rows; kept where they pay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mulfree.ir import IntArray, IntRange
from mulfree.rtl.constant_matrix.group_rows import group_rows
from mulfree.rtl.constant_matrix.merge_sums import Merging
from mulfree.rtl.constant_matrix.row_tree import RowTree
from mulfree.rtl.constant_matrix.share_pairs import Digits, share_pairs
from mulfree.rtl.constant_matrix.sums import MatrixPlan, Term, Total, ranges_of
from mulfree.rtl.price import signed_digits

Sums = dict[int, list[Term]]
"""Terms by the source that they make."""


def share_sums(weights: IntArray, word: IntRange, target: str, deepest: int, groups: Sequence[int] = ()) -> MatrixPlan:
    """The plan for weights (M, K), pairs at most `deepest` additions deep.

    Rows are taken together in groups of groups[0], the sums that this leaves for each group in groups of groups[1],
    and so on.
    """
    sharing, tops = _Sharing(weights.shape[1], word, target), list(range(weights.shape[1]))
    ranges, worth = [word] * len(tops), None
    for size in groups:
        weights, sums = group_rows(weights, size)
        tops = sharing.rows(sums, tops, ranges, deepest)
        worth = sums if worth is None else sums @ worth
        ranges = ranges_of(worth, word)
    return sharing.plan(sharing.rows(weights, tops, ranges, deepest))


def share_tree(weights: IntArray, word: IntRange, target: str, deepest: int, tree: RowTree) -> MatrixPlan:
    """The plan for weights (M, K), the first rows of the tree: pairs are shared by the differences of its rows."""
    sharing, inputs = _Sharing(weights.shape[1], word, target), list(range(weights.shape[1]))
    order = tree.order()
    differences = np.stack([tree.difference(row) for row in order])
    made: dict[int, int] = {}
    for row, terms in zip(order, sharing.terms(differences, inputs, [word] * len(inputs), deepest), strict=True):
        link = tree.links[row]
        made[row] = sharing.add([*terms, *([Term(made[link.parent], 0, link.sign)] if link.parent is not None else [])])
    # A row that others are taken from is no output, but an output is that row alone.
    return sharing.plan([sharing.add([Term(made[row], 0, 1)]) for row in range(len(weights))])


class _Sharing:
    """Sums while they are found."""

    def __init__(self, inputs: int, word: IntRange, target: str) -> None:
        self.inputs, self.word, self.target = inputs, word, target
        self.sums: Sums = {}

    def add(self, terms: list[Term]) -> int:
        """The source that a sum makes."""
        source = self.inputs + len(self.sums)
        self.sums[source] = terms
        return source

    def rows(self, weights: IntArray, sources: list[int], ranges: list[IntRange], deepest: int) -> list[int]:
        """Sums for the pairs and then for the rows of weights over the sources; the rows' own sources."""
        return [self.add(terms) for terms in self.terms(weights, sources, ranges, deepest)]

    def terms(
        self, weights: IntArray, sources: list[int], ranges: list[IntRange], deepest: int
    ) -> Iterator[list[Term]]:
        """Adds sums for the pairs; then the terms of each row, one after the other."""
        least, most = (np.array(ends, np.int64) for ends in ([r.lo for r in ranges], [r.hi for r in ranges]))
        shared = share_pairs(digits_of(weights), least, most, deepest)
        known = [*sources]
        for first, second, shift, sign in shared.pairs.tolist():
            known.append(self.add([Term(known[first], 0, 1), Term(known[second], shift, sign)]))
        for digits in shared.digits:
            places = np.argwhere(digits).tolist()
            yield [Term(known[source], shift, int(digits[source, shift])) for source, shift in places]

    def plan(self, tops: list[int]) -> MatrixPlan:
        """With the sums that do not pay merged into those that read them; output m is the sum tops[m]."""
        exact = ranges_of(_factors(self.sums, self.inputs), self.word)
        widths = [self.word.width] * self.inputs + [range.width for range in exact]
        merging = Merging(self.sums, set(tops), widths, self.target)
        merging.run()
        return _numbered(merging.sums, tops, exact, self.inputs, self.word)


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
