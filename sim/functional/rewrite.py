"""Reshaping the caller's array costs nothing, so it is done before anything else."""

from __future__ import annotations

from mulfree.ir import Graph
from mulfree.ir.ops import Affine, Clamp, Leaky, Reshape, Threshold
from mulfree.sim.functional.planner import IntGraph, IntNode, IntValue


def reshape_first(graph: IntGraph) -> IntGraph:
    """The same network with reshapes moved to the inputs, past operators that treat all elements alike."""
    producers, readers = graph.producers(), graph.consumers()
    result: IntGraph = Graph(list(graph.inputs), name=graph.name)
    renamed: dict[IntValue, IntValue] = {v: v for v in graph.inputs}
    for node in graph.nodes:
        chain = _uniform_chain(node, graph, producers, readers) if isinstance(node.op, Reshape) else []
        value = renamed[chain[0].inputs[0] if chain else node.inputs[0]]
        if chain:
            value = _add(result, node, (value,), f"{node.output.name}.reshaped")
            for link in chain[:-1]:
                value = _add(result, link, (value,), f"{link.output.name}.reshaped")
            renamed[node.output] = _add(result, chain[-1], (value,), node.output.name)
        else:
            renamed[node.output] = _add(result, node, tuple(renamed[v] for v in node.inputs), node.output.name)
    result.outputs = [renamed[v] for v in graph.outputs]
    return _without_dead(result)


def _uniform_chain(
    reshape: IntNode, graph: IntGraph, producers: dict[IntValue, IntNode], readers: dict[IntValue, list[IntNode]]
) -> list[IntNode]:
    """The operators between an input and this reshape, if all treat every element alike and have no other reader."""
    chain: list[IntNode] = []
    value = reshape.inputs[0]
    while value in producers and _is_uniform(producers[value]):
        if len(readers[value]) > 1 or value in graph.outputs:
            return []
        chain.insert(0, producers[value])
        value = producers[value].inputs[0]
    return chain if value in graph.inputs else []


def _is_uniform(node: IntNode) -> bool:
    match node.op:
        case Threshold(thresholds, base, step):
            return all(t.shape[0] == 1 for t in (thresholds, base, step))
        case Affine(multiplier, offset):
            return multiplier.shape == offset.shape == (1,)
        case Clamp() | Leaky():
            return True
        case _:
            return False


def _add(graph: IntGraph, node: IntNode, inputs: tuple[IntValue, ...], name: str) -> IntValue:
    return graph.add(node.op, *inputs, location=node.location, name=name)


def _without_dead(graph: IntGraph) -> IntGraph:
    """Only the nodes that the outputs depend on."""
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(node.inputs)
    return Graph(graph.inputs, [n for n in graph.nodes if n.output in needed], graph.outputs, graph.name)
