"""Thresholds as a search over stored ones, as a division where they are evenly spaced, as tables where words are short:
whichever costs least.
"""

from __future__ import annotations

from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.compiler.price import price
from mulfree.ir import ops
from mulfree.rtl import Stage, Stream, stages
from mulfree.rtl.cost import TARGETS, stage_cost
from mulfree.rtl.stages.even_threshold import LEVELS as ADDITIONS


def threshold_stage(to: Lowering, node: IntNode, x: Stream) -> Stream:
    """The stage of a threshold. For two levels, one comparison, and where no cost model says more, it is a search."""
    assert isinstance(node.op, ops.Threshold)
    name = to.stage_name(node.output)
    search = stages.threshold(name, x, node.output, node.op, location=node.location)
    if to.target not in TARGETS or node.op.levels.count <= 2:
        return to.append(search).outputs[0]
    ways = [search, *_others(to, name, node, x)]
    return to.append(min(ways, key=lambda way: price(stage_cost(way, to.target), to.target))).outputs[0]


def _others(to: Lowering, name: str, node: IntNode, x: Stream) -> list[Stage]:
    """A table for each lane and a division, as far as the thresholds allow them."""
    op, value, place = node.op, node.output, node.location
    assert isinstance(op, ops.Threshold)
    table = stages.tabulated(name, x, value, op, location=place)
    levels = min(to.levels or ADDITIONS, ADDITIONS)
    division = stages.even_threshold(name, x, value, op, levels=levels, target=to.target, location=place)
    return [stage for stage in (table, division) if stage]
