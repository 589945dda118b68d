"""Circuits of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.ir import IntRange
from mulfree.rtl import cells
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.constant_matrix.sums import Majority, MatrixPlan, Node, Total


def draw(
    plan: MatrixPlan,
    circuit: Circuit,
    x: Wire,
    outputs: IntRange | None = None,
    factor: int = 1,
    offsets: Sequence[int] | None = None,
) -> Wire:
    """factor * plan + offsets (M,), one output a lane, from a wire of plain words, one input a lane.

    Each output is stored as `outputs` stores it; default: as plain numbers of the plan's own range.
    """
    assert x.range == plan.word, f"the plan was made for {plan.word}, not {x.range}"
    drawing = _Drawing(plan, circuit, [circuit.drive(cells.pick((k,)), x) for k in range(plan.inputs)])
    for node in plan.nodes:
        drawing.wires.append(drawing.driven(node))
    ends = zip(plan.outputs, offsets or [0] * len(plan.outputs), strict=True)
    wires = [circuit.cast(drawing.total(total, factor, offset), outputs or plan.result) for total, offset in ends]
    return circuit.drive(cells.JOIN, *wires)


class _Drawing:
    """The circuit while it is drawn, with the wire of every source so far."""

    def __init__(self, plan: MatrixPlan, circuit: Circuit, wires: list[Wire]) -> None:
        self.plan, self.circuit, self.wires = plan, circuit, wires
        self.counts: dict[tuple[tuple[int, ...], tuple[bool, ...]], Wire] = {}

    def driven(self, node: Node) -> Wire:
        if isinstance(node, Total):
            return self.circuit.cast(self.total(node), node.range)
        if isinstance(node, Majority):
            return self.circuit.drive(cells.bit(1), self._count(node.sources, node.inverted))
        return self.circuit.drive(cells.bit(0), self._count(node.sources, (False,) * len(node.sources)))

    def total(self, total: Total, factor: int = 1, offset: int = 0) -> Wire:
        """factor * total + offset: one heap."""
        weights = dict.fromkeys(total.sources, 0)
        for source, shift, sign in total.terms:
            weights[source] += sign * factor << shift
        terms = [(self.wires[source], weight) for source, weight in weights.items() if weight]
        constant = factor * total.constant + offset
        return self.circuit.dot(terms, constant) if terms else self.circuit.constant([constant])

    def _count(self, sources: tuple[int, ...], inverted: tuple[bool, ...]) -> Wire:
        """How many bits are 1: a full adder, both of whose outputs may be read."""
        key = sources, inverted
        if key not in self.counts:
            weights = [-1 if flip else 1 for flip in inverted]
            terms = zip((self.wires[source] for source in sources), weights, strict=True)
            self.counts[key] = self.circuit.dot([*terms], sum(inverted))
        return self.counts[key]
