"""Logic made of standard cells: the areas of gates, and how many NAND2 equivalents the gates of some logic take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from mulfree.rtl.cost.logic import AND, XOR, Logic

AREAS: Mapping[str, float] = {
    "NOT": 0.75,
    "BUF": 1,
    "NAND": 1,
    "NOR": 1,
    "AND": 1.25,
    "OR": 1.25,
    "ANDNOT": 1.25,
    "ORNOT": 1.25,
    "XOR": 2,
    "XNOR": 2,
    "MUX": 2.5,
    "DFF": 6.75,
}
"""Of the IHP SG13G2 standard cells, over that of its NAND2 (7.2576 square micrometres)."""
ROUNDS = 2
"""Of choosing which gates give the complement."""


def area(logic: Logic, roots: Sequence[int]) -> float:
    """NAND2 equivalents of the gates that the roots need, with inverters where no gate can take them in."""
    return _Phases(logic, roots).area()


class _Phases:
    """Whether each gate gives its function or the complement: a NAND and a NOR are less than an AND and an OR."""

    def __init__(self, logic: Logic, roots: Sequence[int]) -> None:
        self.logic, self.roots = logic, [root for root in dict.fromkeys(roots) if root > 1]
        self.gates = logic.used(self.roots)
        self.readers: dict[int, list[int]] = defaultdict(list)
        for gate in self.gates:
            for literal in logic.nodes[gate][1]:
                self.readers[literal >> 1].append(gate)
        self.wanted: dict[int, list[int]] = defaultdict(list)
        for root in self.roots:
            self.wanted[root >> 1].append(root)
        self.is_inverted: dict[int, int] = defaultdict(int, {g: int(logic.nodes[g][0] == AND) for g in self.gates})
        for _ in range(ROUNDS):
            self._choose()

    def area(self) -> float:
        return sum(map(self._gate, self.gates)) + sum(map(self._inverters, self.wanted))

    def _choose(self) -> None:
        for gate in self.gates:
            before = self._around(gate)
            self.is_inverted[gate] ^= 1
            if self._around(gate) >= before:
                self.is_inverted[gate] ^= 1

    def _around(self, gate: int) -> float:
        """What changes with the gate's phase."""
        return self._gate(gate) + self._inverters(gate) + sum(map(self._gate, self.readers[gate]))

    def _inverters(self, node: int) -> float:
        return AREAS["NOT"] * sum(self._is_complement(root) for root in self.wanted[node])

    def _is_complement(self, literal: int) -> int:
        """Of what the node gives."""
        return literal & 1 ^ self.is_inverted[literal >> 1]

    def _gate(self, gate: int) -> float:
        kind, operands = self.logic.nodes[gate]
        inverted = [self._is_complement(literal) for literal in operands]
        if kind == AND:
            return AREAS["NAND" if inverted[0] == inverted[1] != self.is_inverted[gate] else "AND"]
        if kind == XOR:
            return AREAS["XOR"]
        return AREAS["MUX"] + AREAS["NOT"] * sum(bit != self.is_inverted[gate] for bit in inverted[1:])
