"""round-activations: thresholds of a trained network with fewer levels, and what that does to the results.

An activation of levels lo, lo + s, ..., lo + n s becomes the nearest of at most 2^bits levels lo, lo + k s, lo + 2 k s,
..., with k = ceil((n + 1) / 2^bits): every k-th threshold is left. What is read keeps its meaning, so that nothing else
changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mulfree.compiler.adaptation import Adaptation, chosen_layers, names
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError, Graph, IntArray, IntRange, Node, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import Threshold

NAME = "round-activations"
MOST_BITS = 16
IntNode = Node[TensorType]


def round_activations(model: QuantisedModel, bits: int, layers: Iterable[str] | None) -> QuantisedModel:
    """The model with at most 2^bits levels in the named thresholds, or in all (None).

    Those of fewer levels stay as they are. Raises CompileError for bits that are not 1 to 16, and for a name that is no
    layer of thresholds.
    """
    if not 1 <= bits <= MOST_BITS:
        raise CompileError(f"{NAME}: activations of {bits} bits; give 1 to {MOST_BITS}")
    chosen = {n.output for n in chosen_layers(model.graph, Threshold, "layer of thresholds", layers).values()}

    def visit(graph: Graph[TensorType], node: IntNode, operands: tuple[Value[TensorType], ...]) -> Value[TensorType]:
        op = node.op
        if node.output in chosen:
            assert isinstance(op, Threshold)
            op = rounded(op, bits, operands[0].type.range)
        return graph.add(op, *operands, location=node.location, name=node.output.name)

    return replace(model, graph=rewrite(model.graph, visit))


def rounded(op: Threshold, bits: int, x: IntRange) -> Threshold:
    """The threshold with levels taken to the nearest of at most 2^bits, for operands of a range.

    Of two equally near ones the upper is taken.
    """
    every = -(-op.levels.count // 2**bits)
    if every == 1:
        return op
    low, step, top = op.levels.lo, op.levels.step, 2**bits - 1
    channels = max(len(t.array) for t in (op.thresholds, op.base, op.step))
    rows = [_levels(op, c) for c in range(channels)]
    nearest = [np.minimum((2 * (row - low) // step + every) // (2 * every), top) for row in rows]
    never = x.hi + 1
    limits = np.broadcast_to(op.thresholds.array, (channels, op.thresholds.shape[1]))
    kept = [_changes(row, limit, never) for row, limit in zip(nearest, limits, strict=True)]
    count = max(len(row) for row in kept)
    return Threshold(
        Tensor(np.stack([np.concatenate([row, np.full(count - len(row), never)]) for row in kept])),
        Tensor(np.array([low + step * every * int(row[0]) for row in nearest])),
        Tensor(np.array([step * every * _direction(row) for row in nearest])),
        IntRange(low, low + step * every * int(max(row.max() for row in nearest)), step * every),
    )


def _levels(op: Threshold, channel: int) -> IntArray:
    """(L + 1,): what the channel gives after so many thresholds."""
    base, step = (int(t.array[channel % len(t.array)]) for t in (op.base, op.step))
    return base + step * np.arange(op.thresholds.shape[1] + 1)


def _changes(levels: IntArray, limits: IntArray, never: int) -> IntArray:
    """The limits at which the level changes, each as often as it does."""
    times = np.abs(np.diff(levels))
    return np.repeat(np.minimum(limits, never), times)


def _direction(levels: IntArray) -> int:
    return int(np.sign(levels[-1] - levels[0]))


def _apply(model: QuantisedModel, x: Mapping[str, AnyArray], /, **options: Any) -> QuantisedModel:
    if "layers" not in options or "bits" not in options:
        raise CompileError(f"{NAME} changes results: say bits=BITS, and layers=NAME,... or layers=all")
    done = round_activations(model, **options)
    return replace(done, notes=[*model.notes, *_described(model, done)])


def _described(before: QuantisedModel, after: QuantisedModel) -> list[str]:
    pairs = zip(before.graph.nodes, after.graph.nodes, strict=True)
    changed = [(a.op, b.op, b.output.name) for a, b in pairs if a.op != b.op]
    return [
        f"{NAME}: layer '{name}' has {now.levels.count} levels for {was.levels.count}"
        for was, now, name in changed
        if isinstance(was, Threshold) and isinstance(now, Threshold)
    ]


ROUND_ACTIVATIONS = Adaptation(NAME, _apply, {"bits": int, "layers": names})
