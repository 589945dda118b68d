"""Trees as stages: all units at once through a circuit of comparisons, or unit by unit over a stack."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.folding import DEFAULT_LEVELS
from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.ir import IntArray
from mulfree.ir.forest import MAX, Forest
from mulfree.rtl import Circuit, Stream, Wire, cells, stages
from mulfree.rtl.busy import busy_cycles


def lower_trees(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    """Unit by unit where that keeps the pace of what comes before and every unit is one leaf; else all at once."""
    assert isinstance(node.op, MinMaxTrees)
    x, forest = streams[0], node.op.forest
    if stages.can_be_stacked(forest, x.value.type.size) and stages.stack_steps(forest) <= _pace(to, x):
        x = to.in_order(to.with_lanes(x, 1), forest.leaves, node)
        stage = to.build(stages.tree_stack, node.output, "", x, node.output, forest, location=node.location)
        return stage.outputs[0]
    x = to.with_lanes(x, x.value.type.size)
    options = {"levels": to.levels or DEFAULT_LEVELS, "target": to.target, "location": node.location}
    order = x.order

    def outputs(circuit: Circuit, units: Wire) -> Wire:
        return tree_circuit(forest, circuit, circuit.drive(cells.pick(np.argsort(order).tolist()), units))

    return to.build(stages.constant_layer, node.output, "", x, node.output, outputs, **options).outputs[0]


def tree_circuit(forest: Forest, circuit: Circuit, x: Wire) -> Wire:
    """The trees' values, a lane each, from the units' lanes: a cell for each run of `Forest.levels`."""
    levels = forest.levels
    values = circuit.drive(cells.pick(forest.leaves.tolist()), circuit.plain(x))
    for run in levels.runs:
        left, right = (_lanes(circuit, values, slots) for slots in (run.left, run.right))
        chosen = circuit.drive(cells.MAX if run.kind == MAX else cells.MIN, left, right)
        values = circuit.drive(cells.JOIN, values, chosen)
    return _lanes(circuit, values, levels.roots)


def _lanes(circuit: Circuit, values: Wire, slots: IntArray) -> Wire:
    return circuit.drive(cells.pick(slots.tolist()), values)


def _pace(to: Lowering, x: Stream) -> int:
    """Cycles of a frame that are spent before the trees anyway; none are if all units come at once."""
    return 0 if x.tokens == 1 else max((busy_cycles(stage) for stage in to.stages), default=0)
