"""approximate-min-select: trained layers of products as min-select layers, and what that does to the results.

With mx = E|x| over calibration data and mw = E|w|, weights become w' = round(w mx / mw) (equation 12), and the sum of
products is taken to be gain * sum of mins(x, w'), the gain of least squares over the data. It goes into thresholds
that read the sums, without rounding it, or into an integer factor after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError, Graph, IntArray, Node, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import Affine, MultiplyAccumulate, Threshold
from mulfree.sim.reference import run_graph

IntGraph = Graph[TensorType]
IntNode = Node[TensorType]
IntValue = Value[TensorType]
CHUNK = 64
"""Samples whose values are held at a time."""


@dataclass(frozen=True, slots=True)
class ApproximatedLayer:
    """One layer: how much smaller its sums became, and how they correlate with the exact ones on the data."""

    name: str
    gain: float
    correlation: float


@dataclass(frozen=True)
class Approximated:
    """The model with layers replaced, and what became of its outputs on the calibration data."""

    model: QuantisedModel
    layers: tuple[ApproximatedLayer, ...]
    same_choice: Mapping[str, float]
    """By output: the share of samples whose largest element (of a single one: whose value) is the same."""


@dataclass(frozen=True)
class Replacement:
    """A layer's stand-in and its gain."""

    op: MinSelect
    gain: float
    correlation: float
    is_absorbed: bool
    """Whether thresholds, all that reads the layer, take the gain in."""


def approximate_min_select(model: QuantisedModel, x: Mapping[str, AnyArray], layers: Iterable[str]) -> Approximated:
    """The model with the named layers of products as min-select; x are inputs of the model by name.

    Each layer is fitted to what it reads in the exact model. Raises CompileError for a name that is no layer of
    products, and for a layer whose approximation does not rise with it.
    """
    names = layer_names(model.graph)
    chosen = _chosen(model.graph, names, layers)
    integers = model.to_integers(x)
    made = {node.output: _replacement(model.graph, node, integers, names[node.output]) for node in chosen}
    readers = model.graph.consumers()
    rescaled = {n.output: made[v].gain for v in made if made[v].is_absorbed for n in readers[v]}
    graph = rewrite(model.graph, lambda new, node, operands: _placed(new, node, operands, made, rescaled))
    approximated = replace(model, graph=graph)
    described = tuple(ApproximatedLayer(names[v], r.gain, r.correlation) for v, r in made.items())
    return Approximated(approximated, described, _same_choice(model, approximated, x))


def _chosen(graph: IntGraph, names: Mapping[IntValue, str], layers: Iterable[str]) -> list[IntNode]:
    found = {names[node.output]: node for node in graph.nodes if isinstance(node.op, MultiplyAccumulate)}
    wanted = list(layers)
    for name in wanted:
        if name not in found:
            raise CompileError(f"'{name}' is no layer of products of {graph.name}; these are: {', '.join(found)}")
    return [found[name] for name in wanted]


def _replacement(graph: IntGraph, node: IntNode, integers: Mapping[str, IntArray], name: str) -> Replacement:
    layer = node.op
    assert isinstance(layer, MultiplyAccumulate)
    mean_x = float(np.mean([np.abs(x).mean() for x, _ in _observed(graph, node, integers)]))
    weights = layer.weights.array
    scaled = np.rint(weights * mean_x / max(np.abs(weights).mean(), 1e-9)).astype(np.int64)
    op = MinSelect(Tensor(scaled), layer.window, layer.groups)
    pairs = [(op.evaluate(x).ravel(), y.ravel()) for x, y in _observed(graph, node, integers)]
    approximate, exact = (np.concatenate(parts).astype(np.float64) for parts in zip(*pairs, strict=True))
    product = float(approximate @ exact)
    if product <= 0:
        raise CompileError(f"min-select does not approximate layer '{name}': its sums do not rise with the exact ones")
    size = float(np.sqrt((approximate @ approximate) * (exact @ exact)))
    gain = product / float(approximate @ approximate)
    return Replacement(op, gain, product / size, _feeds_thresholds(graph, node.output))


def _observed(graph: IntGraph, node: IntNode, integers: Mapping[str, IntArray]) -> Iterator[tuple[IntArray, IntArray]]:
    """What the layer reads and gives in the exact model, some samples at a time."""
    count = len(next(iter(integers.values())))
    part = Graph(graph.inputs, graph.nodes, [node.inputs[0], node.output], graph.name)
    for start in range(0, count, CHUNK):
        values = run_graph(part, {name: array[start : start + CHUNK] for name, array in integers.items()})
        yield values[node.inputs[0].name], values[node.output.name]


def _feeds_thresholds(graph: IntGraph, value: IntValue) -> bool:
    return value not in graph.outputs and all(isinstance(r.op, Threshold) for r in graph.consumers()[value])


def _placed(
    graph: IntGraph,
    node: IntNode,
    operands: tuple[IntValue, ...],
    made: Mapping[IntValue, Replacement],
    rescaled: Mapping[IntValue, float],
) -> IntValue:
    """The node in the new graph: approximated, reading what was, or as it is."""
    name, place = node.output.name, node.location
    if node.output in rescaled:
        assert isinstance(node.op, Threshold)
        return graph.add(_lowered(node.op, rescaled[node.output]), *operands, location=place, name=name)
    layer = made.get(node.output)
    if layer is None:
        return graph.add(node.op, *operands, location=place, name=name)
    factor = 1 if layer.is_absorbed else max(1, round(layer.gain))
    if factor == 1:
        return graph.add(layer.op, *operands, location=place, name=name)
    sums = graph.add(layer.op, *operands, location=place, name=f"{name}.min_select")
    step = Affine(Tensor(np.array([factor])), Tensor(np.array([0])))
    return graph.add(step, sums, location=place, name=name)


def _lowered(op: Threshold, gain: float) -> Threshold:
    """The thresholds on x that do what `op` does on gain * x: gain * x >= t iff x >= ceil(t / gain)."""
    limits = np.ceil(op.thresholds.array.astype(np.float64) / gain)
    return replace(op, thresholds=Tensor(limits.astype(np.int64)))


def _same_choice(exact: QuantisedModel, other: QuantisedModel, x: Mapping[str, AnyArray]) -> dict[str, float]:
    ours, theirs = other.run(x), exact.run(x)
    return {name: float(np.mean(_choice(ours[name]) == _choice(y))) for name, y in theirs.items()}


def _choice(y: AnyArray) -> IntArray:
    rows = y.reshape(len(y), -1)
    chosen: IntArray = rows.argmax(axis=1) if rows.shape[1] > 1 else rows[:, 0]
    return chosen
