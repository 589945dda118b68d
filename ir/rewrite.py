"""Rebuild a graph node by node: the one way in which passes change graphs."""

from __future__ import annotations

from collections.abc import Callable

from mulfree.ir.graph import Graph, Node, Value
from mulfree.ir.op import TypeT

Visit = Callable[[Graph[TypeT], Node[TypeT], tuple[Value[TypeT], ...]], Value[TypeT]]
"""(new graph, old node, its operands in the new graph) to the value that stands for the node's result."""


def rewrite(graph: Graph[TypeT], visit: Visit[TypeT]) -> Graph[TypeT]:
    """A new graph with the same inputs, in which `visit` has put something in every node's place."""
    result: Graph[TypeT] = Graph(name=graph.name)
    now = {value: result.add_input(value.name, value.type) for value in graph.inputs}
    for node in graph.nodes:
        now[node.output] = visit(result, node, tuple(now[v] for v in node.inputs))
    result.outputs = [now[v] for v in graph.outputs]
    return drop_unused(result)


def copy_node(graph: Graph[TypeT], node: Node[TypeT], operands: tuple[Value[TypeT], ...]) -> Value[TypeT]:
    """The same operator on the new operands, under the same name."""
    return graph.add(node.op, *operands, location=node.location, name=node.output.name)


def drop_unused(graph: Graph[TypeT]) -> Graph[TypeT]:
    """The graph without the nodes that no output depends on; inputs stay."""
    live = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.output in live:
            live.update(node.inputs)
    nodes = [node for node in graph.nodes if node.output in live]
    return Graph(list(graph.inputs), nodes, list(graph.outputs), graph.name)
