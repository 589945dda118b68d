"""Common triples of single bits: full adders that many rows of a matrix share.

Rows of -1, 0 and +1 add up bits, some complemented. Of three bits a, b, c a full adder makes a parity and a majority.
The parity is the same bit for every row, up to its complement; the majority comes in four forms, up to its
complement. So three inputs cost five functions of three bits for all rows together, and parities are bits again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mulfree.ir import BIT, IntArray
from mulfree.rtl.actors import BoolArray
from mulfree.rtl.constant_matrix.sums import Majority, MatrixPlan, Node, Parity, Term, Total, ranges_of

Item = tuple[int, IntArray]
"""A source, and its sign (-1, 0 or 1) in each row (M,)."""


def share_triples(signs: IntArray) -> MatrixPlan:
    """The plan for signs (M, K) on inputs of one bit."""
    rows, inputs = signs.shape
    sharing = _Sharing(rows, inputs)
    items: list[Item] = [(k, signs[:, k]) for k in range(inputs)]
    while len(items) >= 3:
        items = items[len(items) - len(items) % 3 :] + [
            sharing.add(items[at : at + 3]) for at in range(0, len(items) - 2, 3)
        ]
    for source, sign in items:
        sharing.feed(np.full(rows, source), sign, 0)
    outputs = zip(sharing.terms, ranges_of(signs, BIT), sharing.constants.tolist(), strict=True)
    return MatrixPlan(inputs, BIT, tuple(sharing.nodes), tuple(Total(tuple(t), r, c) for t, r, c in outputs))


@dataclass
class _Sharing:
    rows: int
    inputs: int
    nodes: list[Node] = field(default_factory=list[Node])

    def __post_init__(self) -> None:
        self.terms: list[list[Term]] = [[] for _ in range(self.rows)]
        self.constants = np.zeros(self.rows, np.int64)

    def add(self, triple: list[Item]) -> Item:
        """Rows that hold all three feed the majority and keep the parity; others feed what they hold."""
        sources, signs = [source for source, _ in triple], np.stack([sign for _, sign in triple])
        full = (signs != 0).all(axis=0)
        for source, sign in triple:
            self.feed(np.full(self.rows, source), np.where(full, 0, sign), 0)
        # With -b = (1 - b) - 1 a row is a sum of bits, the negative ones complemented, less how many those are.
        negative = signs < 0
        self.constants -= np.where(full, negative.sum(axis=0), 0)
        self._carry(sources, negative, full)
        odd = negative.sum(axis=0) % 2 == 1
        self.constants += np.where(full & odd, 1, 0)
        return self._node(Parity(tuple(sources))), np.where(full, np.where(odd, -1, 1), 0)

    def feed(self, sources: IntArray, signs: IntArray, shift: int) -> None:
        for row in np.flatnonzero(signs).tolist():
            self.terms[row].append(Term(int(sources[row]), shift, int(signs[row])))

    def _carry(self, sources: list[int], negative: BoolArray, full: BoolArray) -> None:
        """2 * majority; where the first bit is complemented, of the complements of all, complemented."""
        forms = negative ^ negative[0]
        carry, chosen = np.zeros(self.rows, np.int64), np.unique(forms[:, full], axis=1).T
        for form in chosen:
            source = self._node(Majority(tuple(sources), tuple(bool(flip) for flip in form)))
            carry[(forms == form[:, None]).all(axis=0)] = source
        self.constants += np.where(full & negative[0], 2, 0)
        self.feed(carry, np.where(full, np.where(negative[0], -1, 1), 0), 1)

    def _node(self, node: Node) -> int:
        self.nodes.append(node)
        return self.inputs + len(self.nodes) - 1
