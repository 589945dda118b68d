"""approximate-min-select: trained layers of products as min-select layers, and what that does to the results.

With mx = E|x| over calibration data and mw = E|w|, weights become w' = round(w mx / mw) (equation 12), and the sum of
products is taken to be gain * sum of mins(x, w') + offset, the line of least squares over the data: one for each
channel, taken into the thresholds that read the sums, without rounding the gain; or one integer factor for the layer,
and an offset for each channel, after the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mulfree.compiler.adaptation import Adaptation, chosen_layers, names
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.least_squares import Floats, lines
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError, Graph, IntArray, Node, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import Affine, MultiplyAccumulate, Threshold
from mulfree.sim.reference import run_graph

IntGraph = Graph[TensorType]
IntNode = Node[TensorType]
IntValue = Value[TensorType]
DECIMALS = 6
"""Of a threshold in lines of least squares; below that are the errors of the sums in floats."""
CHUNK = 64
"""Samples whose values are held at a time."""


@dataclass(frozen=True, slots=True)
class ApproximatedLayer:
    """One layer: how much smaller its sums became, and how they correlate with the exact ones on the data."""

    name: str
    gain: float
    """Mean over the channels."""
    correlation: float

    def __str__(self) -> str:
        return (
            f"approximate-min-select: layer '{self.name}', gain {self.gain:.3g}, "
            f"correlation with the exact sums {self.correlation:.4f}"
        )


@dataclass(frozen=True)
class Approximated:
    """The model with layers replaced, and what became of its outputs on the calibration data."""

    model: QuantisedModel
    layers: tuple[ApproximatedLayer, ...]
    same_choice: Mapping[str, float]
    """By output: the share of samples whose largest element (of a single one: whose value) is the same."""


@dataclass(frozen=True)
class Replacement:
    """A layer's stand-in; (M,) lines from its sums to the exact ones."""

    op: MinSelect
    gain: Floats
    offset: Floats
    correlation: float
    is_absorbed: bool
    """Whether thresholds, all that reads the layer, take the lines in."""


def approximate_min_select(
    model: QuantisedModel, x: Mapping[str, AnyArray], layers: Iterable[str] | None
) -> Approximated:
    """The model with the named layers of products, or all (None), as min-select; x are inputs of the model by name.

    Each layer is fitted to what it reads in the exact model. Raises CompileError for a name that is no layer of
    products, and for a layer whose approximation does not rise with it.
    """
    chosen = chosen_layers(model.graph, MultiplyAccumulate, "layer of products", layers)
    integers = model.to_integers(x)
    made = {node.output: _replacement(model.graph, node, integers, name) for name, node in chosen.items()}
    readers = model.graph.consumers()
    absorbed = {n.output: made[v] for v in made if made[v].is_absorbed for n in readers[v]}
    graph = rewrite(model.graph, lambda new, node, operands: _placed(new, node, operands, made, absorbed))
    approximated = replace(model, graph=graph)
    fits = zip(chosen, made.values(), strict=True)
    described = tuple(ApproximatedLayer(name, float(r.gain.mean()), r.correlation) for name, r in fits)
    return Approximated(approximated, described, _same_choice(model, approximated, x))


def _replacement(graph: IntGraph, node: IntNode, integers: Mapping[str, IntArray], name: str) -> Replacement:
    layer = node.op
    assert isinstance(layer, MultiplyAccumulate)
    mean_x = float(np.mean([np.abs(x).mean() for x, _ in _observed(graph, node, integers)]))
    weights = layer.weights.array
    scaled = np.rint(weights * mean_x / max(np.abs(weights).mean(), 1e-9)).astype(np.int64)
    op = MinSelect(Tensor(scaled), layer.window, layer.groups)
    pairs = [(_by_channel(op.evaluate(x)), _by_channel(y)) for x, y in _observed(graph, node, integers)]
    sums, exact = (np.concatenate(parts, axis=1).astype(np.float64) for parts in zip(*pairs, strict=True))
    correlation = _correlation(sums, exact)
    if correlation <= 0:
        raise CompileError(f"min-select does not approximate layer '{name}': its sums do not rise with the exact ones")
    is_absorbed = _feeds_thresholds(graph, node.output)
    gain, offset = lines(sums, exact, _gain(sums, exact)) if is_absorbed else _integers(sums, exact)
    return Replacement(op, gain, offset, correlation, is_absorbed)


def _by_channel(y: IntArray) -> IntArray:
    return np.moveaxis(y, 1, 0).reshape(y.shape[1], -1)


def _correlation(a: Floats, b: Floats) -> float:
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread else float(np.array_equal(a, b))


def _integers(sums: Floats, exact: Floats) -> tuple[Floats, Floats]:
    """One integer gain for all channels, and integer offsets."""
    gain = np.full(len(sums), max(1.0, np.rint(_gain(sums, exact))))
    return gain, np.rint(exact.mean(axis=1) - gain * sums.mean(axis=1))


def _gain(sums: Floats, exact: Floats) -> float:
    return float((sums * exact).sum() / (sums * sums).sum())


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
    absorbed: Mapping[IntValue, Replacement],
) -> IntValue:
    """The node in the new graph: approximated, reading what was, or as it is."""
    name, place = node.output.name, node.location
    if node.output in absorbed:
        assert isinstance(node.op, Threshold)
        return graph.add(_lowered(node.op, absorbed[node.output]), *operands, location=place, name=name)
    layer = made.get(node.output)
    if layer is None:
        return graph.add(node.op, *operands, location=place, name=name)
    if layer.is_absorbed or ((layer.gain == 1).all() and not layer.offset.any()):
        return graph.add(layer.op, *operands, location=place, name=name)
    sums = graph.add(layer.op, *operands, location=place, name=f"{name}.min_select")
    step = Affine(*(Tensor(line.astype(np.int64)) for line in (layer.gain, layer.offset)))
    return graph.add(step, sums, location=place, name=name)


def _lowered(op: Threshold, layer: Replacement) -> Threshold:
    """What `op` does on gain * x + offset, on x: that is at least t iff x is at least (t - offset) / gain."""
    limits = np.ceil(np.round((op.thresholds.array - layer.offset[:, None]) / layer.gain[:, None], DECIMALS))
    return replace(op, thresholds=Tensor(limits.astype(np.int64)))


def _same_choice(exact: QuantisedModel, other: QuantisedModel, x: Mapping[str, AnyArray]) -> dict[str, float]:
    ours, theirs = other.run(x), exact.run(x)
    return {name: float(np.mean(_choice(ours[name]) == _choice(y))) for name, y in theirs.items()}


def _choice(y: AnyArray) -> IntArray:
    rows = y.reshape(len(y), -1)
    chosen: IntArray = rows.argmax(axis=1) if rows.shape[1] > 1 else rows[:, 0]
    return chosen


def _apply(model: QuantisedModel, x: Mapping[str, AnyArray], /, **options: Any) -> QuantisedModel:
    if "layers" not in options:
        raise CompileError("approximate-min-select changes results: name the layers, layers=NAME,... or layers=all")
    done = approximate_min_select(model, x, **options)
    kept = [
        f"approximate-min-select: '{name}' chooses the same in {share:.2%}" for name, share in done.same_choice.items()
    ]
    return replace(done.model, notes=[*model.notes, *map(str, done.layers), *kept])


APPROXIMATE_MIN_SELECT = Adaptation("approximate-min-select", _apply, {"layers": names})
