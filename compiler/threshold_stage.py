"""Thresholds as a search over stored ones, or, where they are evenly spaced, as a division: whichever costs less."""

from __future__ import annotations

from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.compiler.price import price
from mulfree.ir import ops
from mulfree.rtl import Stage, Stream, stages
from mulfree.rtl.cost import TARGETS, stage_cost


def threshold_stage(to: Lowering, node: IntNode, x: Stream) -> Stream:
    """The stage of a threshold; on a target without a cost model a search."""
    assert isinstance(node.op, ops.Threshold)
    name = to.stage_name(node.output)
    search = stages.threshold(name, x, node.output, node.op, location=node.location)
    if to.target not in TARGETS or node.op.levels.count <= 2:
        return to.append(search).outputs[0]
    division = stages.even_threshold(name, x, node.output, node.op, target=to.target, location=node.location)
    ways: list[Stage] = [search, division] if division else [search]
    return to.append(min(ways, key=lambda way: price(stage_cost(way, to.target), to.target))).outputs[0]
