"""Circuits of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.ir import IntRange
from mulfree.rtl import cells
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.constant_matrix.sums import Majority, MatrixPlan, Node, Total
from mulfree.rtl.heap import free_constant


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
        drawing.add(node)
    ends = zip(plan.outputs, offsets or [0] * len(plan.outputs), strict=True)
    wires = [circuit.cast(drawing.total(total, factor, offset), outputs or plan.result) for total, offset in ends]
    return circuit.drive(cells.JOIN, *wires)


class _Drawing:
    """The circuit while it is drawn: source i is wires[i] - biases[i].

    Constants in a heap are bits to add up like any others. A shared sum is left without: they go on to its readers,
    where they become one. What is an output as it stands keeps them.
    """

    def __init__(self, plan: MatrixPlan, circuit: Circuit, wires: list[Wire]) -> None:
        self.plan, self.circuit, self.wires = plan, circuit, wires
        self.biases = [0] * len(wires)
        self.ends = {total.terms[0].source for total in plan.outputs if len(total.terms) == 1}
        self.counts: dict[tuple[tuple[int, ...], tuple[bool, ...]], Wire] = {}

    def add(self, node: Node) -> None:
        bias = self._bias(node) if isinstance(node, Total) and len(self.wires) not in self.ends else 0
        self.wires.append(self._driven(node, bias))
        self.biases.append(bias)

    def total(self, total: Total, factor: int = 1, offset: int = 0) -> Wire:
        """factor * total + offset: one heap."""
        terms, constant = self._terms(total, factor)
        if not terms:
            return self.circuit.constant([constant + offset])
        ends = sorted((factor * total.range.lo + offset, factor * total.range.hi + offset))
        return self.circuit.dot(terms, constant + offset, IntRange(ends[0], ends[1]))

    def _driven(self, node: Node, bias: int) -> Wire:
        if isinstance(node, Total):
            return self.total(node, offset=bias)
        if isinstance(node, Majority):
            return self.circuit.drive(cells.bit(1), self._count(node.sources, node.inverted))
        return self.circuit.drive(cells.bit(0), self._count(node.sources, (False,) * len(node.sources)))

    def _bias(self, node: Total) -> int:
        """What leaves a heap without constant; or makes its least sum 0, where that is shorter."""
        terms, constant = self._terms(node, 1)
        bias = free_constant([wire.type for wire, _ in terms], tuple(weight for _, weight in terms)) - constant
        longer = (node.range.hi + bias).bit_length() > (node.range.hi - node.range.lo).bit_length()
        return -node.range.lo if longer else bias

    def _terms(self, total: Total, factor: int) -> tuple[list[tuple[Wire, int]], int]:
        """factor * total as wires with weights, and a constant."""
        weights = dict.fromkeys(total.sources, 0)
        for source, shift, sign in total.terms:
            weights[source] += sign * factor << shift
        below = sum(weight * self.biases[source] for source, weight in weights.items())
        return [(self.wires[s], weight) for s, weight in weights.items() if weight], factor * total.constant - below

    def _count(self, sources: tuple[int, ...], inverted: tuple[bool, ...]) -> Wire:
        """How many bits are 1: a full adder, both of whose outputs may be read."""
        key = sources, inverted
        if key not in self.counts:
            weights = [-1 if flip else 1 for flip in inverted]
            terms = zip((self.wires[source] for source in sources), weights, strict=True)
            self.counts[key] = self.circuit.dot([*terms], sum(inverted))
        return self.counts[key]
