"""Pruning of sum-max layers by how often each entry decides a result (its activation rate, section III-D)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mulfree.compiler.adaptation import Adaptation, chosen_layers, names
from mulfree.compiler.families.sum_max.operator import SumMax, entries
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError, Graph, IntArray, Node, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import by_output
from mulfree.sim.reference import run_graph

IntNode = Node[TensorType]
IntValue = Value[TensorType]
Rates = npt.NDArray[np.float64]
CHUNK = 256
"""Samples whose values are held at a time."""


@dataclass(frozen=True, slots=True)
class PrunedLayer:
    """What pruning did to a layer; entries of both terms are counted together."""

    name: str
    outputs: int
    entries: int
    kept: int

    @property
    def operations(self) -> int:
        """Additions and comparisons at one position: N to add, N - 2 M to compare, and M sums of two terms."""
        return 2 * self.kept - self.outputs

    def __str__(self) -> str:
        return (
            f"prune-sum-max: layer '{self.name}' keeps {self.kept} of {self.entries} entries: {self.operations} "
            "additions and comparisons at each position"
        )


@dataclass(frozen=True)
class Pruned:
    """The model with its layers pruned, and what was done to each."""

    model: QuantisedModel
    layers: tuple[PrunedLayer, ...]


def prune_sum_max(
    model: QuantisedModel,
    x: Mapping[str, AnyArray],
    *,
    threshold: float | None = None,
    kept: int | None = None,
    layers: Iterable[str] | None = None,
) -> Pruned:
    """Take from the sum-max layers the entries that seldom decide a result on the calibration data x.

    Of each layer those stay whose activation rate is above `threshold` (0: whatever was ever decisive), or as many as
    `kept` says, those with the highest rates; each output keeps the best entry of each term in any case. x are inputs
    of the model by name; `layers` are names as `layer_names` gives them (default: all sum-max layers).

    Raises CompileError unless either `threshold` or `kept` is given, if `kept` is less than one entry for each output
    and term, and for a name that is no sum-max layer.
    """
    if (threshold is None) == (kept is None):
        raise CompileError("sum-max layers are pruned by a threshold or to a number of entries: give one of the two")
    chosen = chosen_layers(model.graph, SumMax, "sum-max layer", layers)
    operators = {
        value: _pruned(op, rates, threshold, kept)
        for value, (op, rates) in _rated(model, x, list(chosen.values())).items()
    }
    graph = rewrite(model.graph, lambda new, node, operands: _copied(new, node, operands, operators))
    done = tuple(_described(name, node.op, operators[node.output]) for name, node in chosen.items())
    return Pruned(replace(model, graph=graph), done)


def activation_rates(op: SumMax, x: IntArray) -> Rates:
    """(2, M, K): how often each entry of the maximum and of the minimum decides y, over all windows of the samples x.

    Of equal sums the first decides.
    """
    taps = op.window.cut(x if x.ndim == 4 else x[..., None, None], fill=0)
    pairs = entries(op)
    rates: Rates = np.zeros((2, len(pairs), op.weights.array[0].size))

    def count(m: int, lanes: AnyArray) -> AnyArray:
        for term, (end, kept) in enumerate(zip((np.argmax, np.argmin), pairs[m], strict=True)):
            first = end(lanes[..., kept.places] + kept.weights, axis=-1)
            rates[term, m, kept.places] = np.bincount(first.ravel(), minlength=len(kept.places)) / first.size
        return lanes[..., 0]

    by_output(taps, len(pairs), 1, count)
    return rates


def pruned_masks(rates: Rates, threshold: float | None, kept: int | None) -> AnyArray:
    """(2, M, K): which entries stay. Raises ValueError if `kept` is too small."""
    best = rates == rates.max(axis=2, keepdims=True)
    first = best & (best.cumsum(axis=2) == 1)
    if threshold is not None:
        above: AnyArray = first | (rates > threshold)
        return above
    assert kept is not None
    if kept < first.sum():
        raise ValueError(f"{kept} entries are fewer than one for each output and term, {first.sum()}")
    order = np.argsort(-np.where(first, np.inf, rates), axis=None, kind="stable")
    chosen = np.zeros(rates.size, bool)
    chosen[order[:kept]] = True
    masks: AnyArray = chosen.reshape(rates.shape)
    return masks


def _rated(
    model: QuantisedModel, x: Mapping[str, AnyArray], chosen: list[IntNode]
) -> dict[IntValue, tuple[SumMax, Rates]]:
    """By the layers' results: the operator, and its rates over all samples."""
    integers = model.to_integers(x)
    count = len(next(iter(integers.values())))
    graph = Graph(model.graph.inputs, model.graph.nodes, [node.inputs[0] for node in chosen], model.graph.name)
    found: dict[IntValue, tuple[SumMax, Rates]] = {}
    for start in range(0, count, CHUNK):
        values = run_graph(graph, {name: array[start : start + CHUNK] for name, array in integers.items()})
        for node in chosen:
            assert isinstance(node.op, SumMax)
            share = activation_rates(node.op, values[node.inputs[0].name]) * (min(CHUNK, count - start) / count)
            found[node.output] = node.op, share + (found[node.output][1] if start else 0)
    return found


def _pruned(op: SumMax, rates: Rates, threshold: float | None, kept: int | None) -> SumMax:
    try:
        masks = pruned_masks(rates, threshold, kept)
    except ValueError as error:
        raise CompileError(f"sum-max cannot be pruned so far: {error}") from None
    terms = zip((op.kept, op.kept_min), masks, strict=True)
    now, now_min = (Tensor(t.array * mask.reshape(t.shape)) for t, mask in terms)
    return replace(op, kept=now, kept_min=now_min)


def _copied(
    graph: Graph[TensorType], node: IntNode, operands: tuple[IntValue, ...], operators: Mapping[IntValue, SumMax]
) -> IntValue:
    op = operators.get(node.output, node.op)
    return graph.add(op, *operands, location=node.location, name=node.output.name)


def _described(name: str, before: object, after: SumMax) -> PrunedLayer:
    assert isinstance(before, SumMax)
    count, left = (int(op.kept.array.sum() + op.kept_min.array.sum()) for op in (before, after))
    return PrunedLayer(name, after.weights.shape[0], count, left)


def _apply(model: QuantisedModel, x: Mapping[str, AnyArray], /, **options: Any) -> QuantisedModel:
    done = prune_sum_max(model, x, **options)
    return replace(done.model, notes=[*model.notes, *map(str, done.layers)])


PRUNE_SUM_MAX = Adaptation("prune-sum-max", _apply, {"threshold": float, "kept": int, "layers": names})
