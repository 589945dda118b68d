"""Let thresholds, other affine steps and arg-max swallow the affine steps before them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.ir import AnyArray, Graph, IntArray, Node, Pass, Tensor, TensorType, Value, copy_node, rewrite
from mulfree.ir.ops import Affine, Threshold, TopK

IntGraph = Graph[TensorType]
IntValue = Value[TensorType]


@dataclass(frozen=True)
class FoldAffine(Pass[TensorType]):
    """threshold(affine(x)), affine(affine(x)) and top_k(affine(x)) read x itself, with other constants."""

    name: ClassVar[str] = "fold-affine"

    def run(self, graph: IntGraph) -> IntGraph:
        return rewrite(graph, folded)


def folded(graph: IntGraph, node: Node[TensorType], operands: tuple[IntValue, ...]) -> IntValue:
    """The node in the new graph, reading what the affine step before it reads, if it can take that step in."""
    before = graph.producers().get(operands[0]) if operands else None
    if before and isinstance(before.op, Affine):
        op = _with_step(node, before.op)
        if op:
            return graph.add(op, *before.inputs, location=node.location, name=node.output.name)
    return copy_node(graph, node, operands)


def _with_step(node: Node[TensorType], before: Affine) -> Affine | Threshold | TopK | None:
    match node.op:
        case Threshold():
            return thresholds_before(node.op, before)
        case Affine(multiplier=m, offset=b):
            offset = m.array * before.offset.array + b.array
            return Affine(Tensor(m.array * before.multiplier.array), Tensor(offset))
        case TopK() if _is_rising_step(before):
            return node.op
        case _:
            return None


def _is_rising_step(step: Affine) -> bool:
    return step.multiplier.shape == step.offset.shape == (1,) and int(step.multiplier.array[0]) > 0


def thresholds_before(op: Threshold, step: Affine) -> Threshold:
    """The thresholds on x that do what `op` does on m x + b.

    For m > 0, m x + b >= t iff x >= ceil((t - b) / m). For m < 0 the same is x <= floor((t - b) / m), the
    complement of x >= floor((t - b) / m) + 1, so the channel falls. For m = 0 the count is constant.
    """
    channels = max(t.shape[0] for t in (op.thresholds, op.base, op.step, step.multiplier, step.offset))
    m, b, base, rise = (_spread(t.array, channels) for t in (step.multiplier, step.offset, op.base, op.step))
    table = _spread(op.thresholds.array, channels)
    rows = [_row(table[c], int(m[c]), int(b[c])) for c in range(channels)]
    flat = np.array([int((table[c] <= b[c]).sum()) if m[c] == 0 else 0 for c in range(channels)])
    falling = np.where(m < 0, table.shape[1], 0)
    return Threshold(
        Tensor(np.array(rows)), Tensor(base + rise * (falling + flat)), Tensor(rise * np.sign(m)), op.levels
    )


def _spread(constant: AnyArray, channels: int) -> IntArray:
    spread: IntArray = np.broadcast_to(constant, (channels, *constant.shape[1:]))
    return spread


def _row(thresholds: IntArray, m: int, b: int) -> list[int]:
    if m > 0:
        return [-((b - int(t)) // m) for t in thresholds]
    if m < 0:
        return [(int(t) - b) // m + 1 for t in reversed(thresholds)]
    return [0] * len(thresholds)
