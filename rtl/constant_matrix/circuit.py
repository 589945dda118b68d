"""Circuits of a plan, cut into parts so that registers may stand between them.

A word between two parts is called x<k> where it is input k, n<i> where it is source i of the plan, y<m> where it is
output m; each circuit has those that it reads as inputs of one lane, and makes those that later parts read.
"""

from __future__ import annotations

from mulfree.ir import IntRange
from mulfree.rtl import cells
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.constant_matrix.sums import Majority, MatrixPlan, Node, Total


def circuits_of(plan: MatrixPlan, outputs: IntRange, factor: int, offsets: list[int], parts: int) -> list[Circuit]:
    """factor * plan + offsets (M,), each output stored as `outputs` stores it, in at most `parts` circuits.

    A plan of d sums one after the other gives d circuits at most.
    """
    drawing = _Drawing(plan, min(parts, plan.depth))
    for source in range(plan.inputs, plan.inputs + len(plan.nodes)):
        drawing.node(source)
    for m, (total, offset) in enumerate(zip(plan.outputs, offsets, strict=True)):
        drawing.end(m, total, factor, offset, outputs)
    return drawing.circuits


def draw(plan: MatrixPlan, circuit: Circuit, x: Wire) -> Wire:
    """The plan's outputs, one a lane, from a wire of plain words, one input a lane."""
    assert x.range == plan.word, f"the plan was made for {plan.word}, not {x.range}"
    drawing = _Drawing(plan, 1, circuit)
    drawing.wires[0] = {k: circuit.drive(cells.pick((k,)), x) for k in range(plan.inputs)}
    for source in range(plan.inputs, plan.inputs + len(plan.nodes)):
        drawing.node(source)
    wires = [circuit.cast(drawing.total(0, total), plan.result) for total in plan.outputs]
    return circuit.drive(cells.JOIN, *wires)


class _Drawing:
    """The circuits while they are drawn."""

    def __init__(self, plan: MatrixPlan, parts: int, first: Circuit | None = None) -> None:
        self.plan = plan
        self.circuits = [first or Circuit(), *(Circuit() for _ in range(1, parts))]
        self.wires: list[dict[int, Wire]] = [{} for _ in range(parts)]
        self.counts: dict[tuple[int, tuple[int, ...], tuple[bool, ...]], Wire] = {}
        self.part = [(depth * parts - 1) // plan.depth if depth else -1 for depth in plan.depths]

    def node(self, source: int) -> None:
        node, number = self.plan.nodes[source - self.plan.inputs], self.part[source]
        self.wires[number][source] = self._driven(number, node)

    def end(self, m: int, total: Total, factor: int, offset: int, outputs: IntRange) -> None:
        circuit = self.circuits[-1]
        wire = self.total(len(self.circuits) - 1, total, factor, offset)
        circuit.output(f"y{m}", circuit.cast(wire, outputs))

    def _driven(self, number: int, node: Node) -> Wire:
        circuit = self.circuits[number]
        if isinstance(node, Total):
            return circuit.cast(self.total(number, node), node.range)
        if isinstance(node, Majority):
            return circuit.drive(cells.bit(1), self._count(number, node.sources, node.inverted))
        return circuit.drive(cells.bit(0), self._count(number, node.sources, (False,) * len(node.sources)))

    def total(self, number: int, total: Total, factor: int = 1, offset: int = 0) -> Wire:
        """factor * total + offset: one heap."""
        weights = dict.fromkeys(total.sources, 0)
        for source, shift, sign in total.terms:
            weights[source] += sign * factor << shift
        terms = [(self._read(number, source), weight) for source, weight in weights.items() if weight]
        circuit, constant = self.circuits[number], factor * total.constant + offset
        return circuit.dot(terms, constant) if terms else circuit.constant([constant])

    def _count(self, number: int, sources: tuple[int, ...], inverted: tuple[bool, ...]) -> Wire:
        """How many bits are 1: a full adder, both of whose outputs may be read."""
        key = (number, sources, inverted)
        if key not in self.counts:
            bits = [self._read(number, source) for source in sources]
            weights = [-1 if flip else 1 for flip in inverted]
            self.counts[key] = self.circuits[number].dot([*zip(bits, weights, strict=True)], sum(inverted))
        return self.counts[key]

    def _read(self, number: int, source: int) -> Wire:
        """The wire of a source in a part: made there, or come from an earlier one."""
        wires = self.wires[number]
        if source not in wires:
            name = f"x{source}" if source < self.plan.inputs else f"n{source}"
            wires[source] = self.circuits[number].input(name, self.plan.range_of(source))
            if self.part[source] >= 0:
                self.circuits[self.part[source]].output(name, self.wires[self.part[source]][source])
        return wires[source]
