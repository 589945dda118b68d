"""Run a graph node by node with each operator's own definition: slow, and right by construction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from mulfree.ir import AnyArray, CompileError, Graph, TypeT, Value


def run_graph(graph: Graph[TypeT], feeds: Mapping[str, AnyArray], keep: bool = False) -> dict[str, AnyArray]:
    """The outputs by name; with `keep` every value by name, inputs included.

    `feeds` holds one array per graph input: of the input's own shape for a graph of ONNX operators, with one batch
    axis in front of it for a graph of integer operators. Raises CompileError if an input is missing or too many.
    Without `keep`, a value is dropped after its last use.
    """
    _check_feeds(graph, feeds)
    values: dict[Value[TypeT], AnyArray] = {v: feeds[v.name] for v in graph.inputs}
    pending = Counter(v for node in graph.nodes for v in node.inputs)
    pending.update(graph.outputs)
    for node in graph.nodes:
        values[node.output] = node.op.evaluate(*(values[v] for v in node.inputs))
        pending.subtract(node.inputs)
        if not keep:
            for dead in {v for v in node.inputs if not pending[v]}:
                del values[dead]
    return {v.name: values[v] for v in (values if keep else graph.outputs)}


def _check_feeds(graph: Graph[TypeT], feeds: Mapping[str, AnyArray]) -> None:
    names = {v.name for v in graph.inputs}
    if names != set(feeds):
        raise CompileError(f"{graph.name} takes the inputs {sorted(names)}, not {sorted(feeds)}")
