"""What users call a layer: the name of the ONNX node that it came from."""

from __future__ import annotations

from mulfree.ir import Graph, TensorType, Value


def layer_names(graph: Graph[TensorType]) -> dict[Value[TensorType], str]:
    """A unique name for the result of every node; the first of several nodes from one place keeps its plain name."""
    names: dict[Value[TensorType], str] = {}
    taken: set[str] = set()
    for node in graph.nodes:
        base = node.location.node if node.location and node.location.node else node.output.name
        names[node.output] = _unique(base, taken)
    return names


def _unique(base: str, taken: set[str]) -> str:
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}.{count}"
    taken.add(name)
    return name
