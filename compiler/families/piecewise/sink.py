"""sink-lookups: pieces, not their values, go through pools and windows, as far as the layers that read them.

Pieces take fewer bits, and a layer that reads them knows that its operand takes few values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mulfree.compiler.families.piecewise.operator import Lookup, PiecewiseMultiplyAccumulate
from mulfree.ir import Graph, Node, Pass, TensorType, Value, copy_node, rewrite
from mulfree.ir.ops import ChannelGather, MaxPool, MinPool, MultiplyAccumulate, Reshape, Transpose

IntGraph = Graph[TensorType]
IntValue = Value[TensorType]


@dataclass(frozen=True)
class SinkLookups(Pass[TensorType]):
    """f(lookup(x)) becomes lookup(f(x)), and mac(lookup(x)) becomes piecewise_mac(x).

    f gives one of its elements at each place, whichever rising numbers stand for them.
    """

    name: ClassVar[str] = "sink-lookups"

    def run(self, graph: IntGraph) -> IntGraph:
        return rewrite(graph, _visit)


def _visit(graph: IntGraph, node: Node[TensorType], operands: tuple[IntValue, ...]) -> IntValue:
    before = graph.producers().get(operands[0]) if operands else None
    if before is None or not isinstance(before.op, Lookup):
        return copy_node(graph, node, operands)
    op, pieces = node.op, before.inputs[0]
    match op:
        case MultiplyAccumulate() if not int(before.op.values.array[0]):
            layer = PiecewiseMultiplyAccumulate(op.weights, op.window, op.groups, values=before.op.values)
            return graph.add(layer, pieces, location=node.location, name=node.output.name)
        case ChannelGather() | MaxPool() | MinPool() | Reshape() | Transpose():
            moved = graph.add(op, pieces, location=node.location, name=f"{node.output.name}.pieces")
            return graph.add(before.op, moved, location=node.location, name=node.output.name)
        case _:
            return copy_node(graph, node, operands)
