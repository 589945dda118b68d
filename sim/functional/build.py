"""From a graph to a plan, node by node."""

from __future__ import annotations

from mulfree.sim.functional.kernels.convert import convert, store_output
from mulfree.sim.functional.plan import Buffer, Plan
from mulfree.sim.functional.planner import IntGraph, IntNode, IntValue, Planner
from mulfree.sim.functional.registry import builder_of
from mulfree.sim.functional.rewrite import reshape_first
from mulfree.sim.functional.storage import Kind, fits


def build_plan(graph: IntGraph) -> Plan:
    """The kernel calls that compute the graph's outputs."""
    planner = Planner(reshape_first(graph), convert)
    for node in planner.graph.nodes:
        if not planner.is_fused(node):
            builder = builder_of(node.op)
            if builder is None or not builder(planner, node):
                _evaluate(planner, node)
    for value in planner.graph.outputs:
        store_output(planner, value)
    return planner.plan


def _evaluate(planner: Planner, node: IntNode) -> None:
    """The operator's own definition, where no kernel fits."""
    operands = [planner.hosted[v] if v in planner.hosted else planner.operand(v, Kind.INT64) for v in node.inputs]
    types = [v.type for v in (*node.inputs, node.output)]
    planner.evaluate(node.op, operands, types, _evaluated(planner, node.output))


def _evaluated(planner: Planner, value: IntValue) -> Buffer | int:
    """Where the result goes: an int64 buffer, or a host value where 64 bits do not hold it."""
    if fits(value.type.range, Kind.INT64):
        return planner.result(value, Kind.INT64)
    planner.hosted[value] = planner.host_value()
    return planner.hosted[value]
