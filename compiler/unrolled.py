"""Layers that compute whole vectors at once, weights in the logic; with the threshold that follows, where that pays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.compiler.price import price
from mulfree.ir import ops
from mulfree.rtl import Circuit, Stage, Stream, Wire, stages
from mulfree.rtl.cost import TARGETS, stage_cost, total

Outputs = Callable[[Circuit, Wire], Wire]
"""All outputs, one per lane, from a whole vector."""


def unrolled_layer(to: Lowering, node: IntNode, x: Stream, outputs: Outputs) -> Stream:
    """The stage of the layer; its stream has the result of the threshold that follows if the stage computes that too.

    That is a threshold of two levels, the only reader of the layer: of the layer's sums only carries are then made.
    """
    options: dict[str, Any] = {"levels": to.layer(node).levels_at_once, "target": to.target, "location": node.location}
    name = to.stage_name(node.output)
    apart = stages.constant_layer(name, x, node.output, outputs, **options)
    reader = to.only_reader(node.output)
    if reader and isinstance(reader.op, ops.Threshold) and reader.op.levels.count == 2:
        compared = stages.constant_layer(name, x, reader.output, outputs, threshold=reader.op, **options)
        if _pays(compared, apart, reader.op, to.target):
            return to.append(compared).outputs[0]
    return to.append(apart).outputs[0]


def _pays(compared: Stage, apart: Stage, op: ops.Threshold, target: str) -> bool:
    """Whether one stage costs no more than a stage of sums and one of thresholds; taken where nothing is known."""
    if target not in TARGETS:
        return True
    thresholds = stages.threshold("", apart.outputs[0], compared.outputs[0].value, op)
    two = total([stage_cost(stage, target) for stage in (apart, thresholds)])
    return price(stage_cost(compared, target), target) <= price(two, target)
