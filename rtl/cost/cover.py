"""Logic covered by look-up tables of k inputs: cuts chosen by area flow, then by the area that they really add.

After A. Mishchenko, S. Cho, S. Chatterjee, R. Brayton, "Combinational and sequential mapping with priority cuts",
ICCAD 2007.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

from mulfree.rtl.cost.logic import INPUT, Logic

PRIORITY = 6
"""Cuts kept per node."""
ROUNDS = 2
"""Of recovering area, after the first choice."""
Cut = frozenset[int]


def tables(logic: Logic, roots: Sequence[int], inputs: int) -> int:
    """Look-up tables of so many inputs that give the roots; complements are taken in by what reads them."""
    return len(_Cover(logic, roots, inputs).chosen)


class _Cover:
    def __init__(self, logic: Logic, roots: Sequence[int], inputs: int) -> None:
        self.logic, self.inputs = logic, inputs
        self.roots = [node for node in dict.fromkeys(r >> 1 for r in roots) if logic.nodes[node][0] != INPUT and node]
        self.gates = logic.used([2 * node for node in self.roots])
        read = Counter(literal >> 1 for gate in self.gates for literal in logic.nodes[gate][1])
        ends = set(self.roots)
        self.references = {gate: max(1, read[gate] + (gate in ends)) for gate in self.gates}
        self.cuts: dict[int, list[Cut]] = {}
        self.flow: dict[int, float] = {}
        for gate in self.gates:
            self._enumerate(gate)
        self.best = {gate: self.cuts[gate][0] for gate in self.gates}
        self.chosen = self._select()
        for _ in range(ROUNDS):
            self._recover()

    def _enumerate(self, gate: int) -> None:
        """The best cuts by area flow: its own area, and that of what it reads, shared among all who read that."""
        choices = [[Cut([fan]), *self.cuts.get(fan, [])] for fan in self._fans(gate)]
        merged = {Cut().union(*cuts) for cuts in product(*choices)}
        fitting = [cut for cut in merged if len(cut) <= self.inputs]
        cost = {cut: 1 + sum(self.flow.get(leaf, 0.0) for leaf in cut) for cut in fitting}
        kept = sorted(fitting, key=lambda cut: (cost[cut], len(cut), sorted(cut)))[:PRIORITY]
        self.cuts[gate] = kept
        self.flow[gate] = cost[kept[0]] / self.references[gate]

    def _fans(self, gate: int) -> list[int]:
        return [literal >> 1 for literal in self.logic.nodes[gate][1]]

    def _select(self) -> Counter[int]:
        """How often each gate that has a table is read."""
        read: Counter[int] = Counter(self.roots)
        for gate in reversed(self.gates):
            if read[gate]:
                read.update(leaf for leaf in self.best[gate] if leaf in self.best)
        return +read

    def _recover(self) -> None:
        """Each table in turn is given the cut that adds fewest tables beside the others."""
        for gate in self.gates:
            if self.chosen[gate]:
                self._release(gate)
                self.best[gate] = min(self.cuts[gate], key=self._added)
                self._take(self.best[gate])
        self.chosen = +self.chosen

    def _release(self, gate: int) -> None:
        for leaf in self.best[gate]:
            if leaf in self.best:
                self.chosen[leaf] -= 1
                if not self.chosen[leaf]:
                    self._release(leaf)

    def _take(self, cut: Cut) -> int:
        """Tables that are needed anew."""
        added = 1
        for leaf in cut:
            if leaf in self.best:
                self.chosen[leaf] += 1
                if self.chosen[leaf] == 1:
                    added += self._take(self.best[leaf])
        return added

    def _added(self, cut: Cut) -> tuple[int, int]:
        added = self._take(cut)
        self._give(cut)
        return added, len(cut)

    def _give(self, cut: Cut) -> None:
        for leaf in cut:
            if leaf in self.best:
                self.chosen[leaf] -= 1
                if not self.chosen[leaf]:
                    self._give(self.best[leaf])
