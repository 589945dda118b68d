"""Shared sums are kept only where they pay: against feeding their terms straight into the heaps that use them.

A chain of additions is dear in a heap's terms: a heap of n bits costs about half a table a bit on targets with
six-input tables, so a sum of two that is used twice costs more than it saves, and a sum of three does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.rtl.constant_matrix.price import heap_price, heights
from mulfree.rtl.constant_matrix.sums import Term

Terms = list[Term]


class Merging:
    """Sums of terms by source: all are candidates to be merged into their users, but those of `kept`."""

    def __init__(self, sums: dict[int, Terms], kept: set[int], widths: Sequence[int], target: str) -> None:
        self.sums, self.kept, self.widths, self.target = sums, kept, widths, target
        self.prices = {source: self._price(terms) for source, terms in sums.items()}
        self.users: dict[int, set[int]] = {source: set() for source in sums}
        for user, terms in sums.items():
            self._link(user, terms)

    @property
    def price(self) -> float:
        return sum(self.prices.values())

    def run(self) -> None:
        """Until nothing is gained; the last sums first, since they hold the others."""
        candidates = sorted(self.sums.keys() - self.kept, reverse=True)
        while merged := [source for source in candidates if self._merge(source)]:
            candidates = [source for source in candidates if source in self.sums and source not in merged]

    def _merge(self, source: int) -> bool:
        """Whether the sum was merged into its users, which it is where that costs no more."""
        users = self.users[source]
        fresh = {user: self._inlined(self.sums[user], source) for user in users}
        prices = {user: self._price(terms) for user, terms in fresh.items()}
        if sum(prices[user] - self.prices[user] for user in users) > self.prices[source]:
            return False
        self._replace(source, fresh)
        self.prices.update(prices)
        return True

    def _replace(self, source: int, fresh: dict[int, Terms]) -> None:
        for term in self.sums.pop(source):
            if term.source in self.users:
                self.users[term.source].discard(source)
        del self.prices[source], self.users[source]
        for user, terms in fresh.items():
            self.sums[user] = terms
            self._link(user, terms)

    def _link(self, user: int, terms: Terms) -> None:
        for term in terms:
            if term.source in self.users:
                self.users[term.source].add(user)

    def _inlined(self, terms: Terms, source: int) -> Terms:
        parts = [
            [Term(t.source, t.shift + shift, t.sign * sign) for t in self.sums[source]] if used == source else []
            for used, shift, sign in terms
        ]
        return [term for term in terms if term.source != source] + [term for part in parts for term in part]

    def _price(self, terms: Terms) -> float:
        return heap_price(heights((self.widths[source], shift) for source, shift, _ in terms), self.target)
