"""Layers of products in whose place others stand: what brings the results of these back to the exact ones.

gain * y + offset, the line of least squares over calibration data: one for each channel, taken into the thresholds that
read the sums, without rounding the gain; or one integer factor for the layer, and an offset for each channel, after the
sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mulfree.compiler.adaptation import chosen_layers
from mulfree.compiler.least_squares import Floats, lines
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError, Graph, IntArray, Node, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import Affine, Contraction, MultiplyAccumulate, Threshold
from mulfree.sim.reference import run_graph

IntGraph = Graph[TensorType]
IntNode = Node[TensorType]
IntValue = Value[TensorType]
DECIMALS = 6
"""Of a threshold in lines of least squares; below that are the errors of the sums in floats."""
CHUNK = 64
"""Samples whose values are held at a time."""


@dataclass(frozen=True)
class Site:
    """A layer of products in the exact model, with inputs of the model as integers by name."""

    name: str
    graph: IntGraph
    node: IntNode
    integers: Mapping[str, IntArray]

    @property
    def layer(self) -> MultiplyAccumulate:
        assert isinstance(self.node.op, MultiplyAccumulate)
        return self.node.op

    @property
    def is_absorbed(self) -> bool:
        """Whether thresholds, all that reads the layer, take a line for each channel in."""
        value = self.node.output
        readers = self.graph.consumers()[value]
        return value not in self.graph.outputs and all(isinstance(r.op, Threshold) for r in readers)

    def observed(self) -> Iterator[tuple[IntArray, IntArray]]:
        """What the layer reads and gives, some samples at a time."""
        count = len(next(iter(self.integers.values())))
        part = Graph(self.graph.inputs, self.graph.nodes, [self.node.inputs[0], self.node.output], self.graph.name)
        for start in range(0, count, CHUNK):
            values = run_graph(part, {name: array[start : start + CHUNK] for name, array in self.integers.items()})
            yield values[self.node.inputs[0].name], values[self.node.output.name]


@dataclass(frozen=True)
class StandIn:
    """What stands in a layer's place; (M,) lines from its sums to the exact ones."""

    layer: MultiplyAccumulate
    """In whose place it stands."""
    op: Contraction
    gain: Floats
    offset: Floats
    correlation: float
    """Of its sums with the exact ones, on the data."""
    is_absorbed: bool


@dataclass(frozen=True)
class Replaced:
    """The model with layers replaced, and what became of its outputs on the calibration data."""

    model: QuantisedModel
    layers: Mapping[str, StandIn]
    same_choice: Mapping[str, float]
    """By output: the share of samples whose largest element (of a single one: whose value) is the same."""


def replaced(
    model: QuantisedModel, x: Mapping[str, AnyArray], layers: Iterable[str] | None, what: str, make: Make
) -> Replaced:
    """The model with `make` in the place of the named layers of products, or of all (None); x are inputs by name.

    Each is fitted to what it reads in the exact model. Raises CompileError for a name that is no layer of products, and
    for one whose sums do not rise with the exact ones; messages call it `what`.
    """
    chosen = chosen_layers(model.graph, MultiplyAccumulate, "layer of products", layers)
    integers = model.to_integers(x)
    found = {name: _fitted(Site(name, model.graph, node, integers), what, make) for name, node in chosen.items()}
    made = {node.output: found[name] for name, node in chosen.items()}
    readers = model.graph.consumers()
    absorbed = {n.output: made[v] for v in made if made[v].is_absorbed for n in readers[v]}
    graph = rewrite(model.graph, lambda new, node, operands: _placed(new, node, operands, what, made, absorbed))
    result = replace(model, graph=graph)
    return Replaced(result, found, _same_choice(model, result, x))


Make = Callable[[Site], Contraction]
"""What is to stand in a layer's place; the layer itself, if it is to stay as it is."""


def _fitted(site: Site, what: str, make: Make) -> StandIn:
    op = make(site)
    if op is site.layer:
        return StandIn(site.layer, op, np.ones(len(op.weights.array)), np.zeros(len(op.weights.array)), 1.0, False)
    pairs = [(_by_channel(op.evaluate(x)), _by_channel(y)) for x, y in site.observed()]
    sums, exact = (np.concatenate(parts, axis=1).astype(np.float64) for parts in zip(*pairs, strict=True))
    correlation = _correlation(sums, exact)
    if correlation <= 0:
        raise CompileError(f"{what} does not approximate layer '{site.name}': its sums do not rise with the exact ones")
    gain, offset = lines(sums, exact, _gain(sums, exact)) if site.is_absorbed else _integers(sums, exact)
    return StandIn(site.layer, op, gain, offset, correlation, site.is_absorbed)


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


def _placed(
    graph: IntGraph,
    node: IntNode,
    operands: tuple[IntValue, ...],
    what: str,
    made: Mapping[IntValue, StandIn],
    absorbed: Mapping[IntValue, StandIn],
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
    sums = graph.add(layer.op, *operands, location=place, name=f"{name}.{what.replace('-', '_')}")
    step = Affine(*(Tensor(line.astype(np.int64)) for line in (layer.gain, layer.offset)))
    return graph.add(step, sums, location=place, name=name)


def _lowered(op: Threshold, layer: StandIn) -> Threshold:
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
