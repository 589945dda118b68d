"""What every arithmetic would cost for a layer, by the stages that it would become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.folding import Folding, LayerFolding, foldable_layers, shape_of
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.lower import lower
from mulfree.compiler.passes.choose_arithmetic import Choose, candidates, is_open
from mulfree.compiler.price import price
from mulfree.ir import Graph, Node, TensorType
from mulfree.ir.ops import Contraction, Operations
from mulfree.rtl.busy import busy_cycles
from mulfree.rtl.cost import Cost, stage_cost, total

IntGraph = Graph[TensorType]
IntNode = Node[TensorType]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One arithmetic for a layer: its stages' estimated cost on a target and its cycles per frame, in a folding.

    `is_in_time` says whether these are as many as the folding counts on, or fewer.
    """

    arithmetic: Arithmetic
    cost: Cost
    cycles: int
    is_in_time: bool


def useful(found: list[Arithmetic], layer: LayerFolding) -> list[Arithmetic]:
    """Those that may be what is built in this folding."""
    return [a for a in found if a.gains_with(layer.pe * layer.simd)]


def alternative(arithmetic: Arithmetic, x: TensorType, layer: LayerFolding, target: str) -> Alternative:
    """The layer by itself: its windows, its memory of weights, its lanes."""
    graph: IntGraph = Graph(name="layer")
    graph.outputs.append(graph.add(arithmetic, graph.add_input("x", x), name="y"))
    design = lower(graph, dict.fromkeys(foldable_layers(graph), layer), target=target)
    cost = total([stage_cost(stage, target) for stage in design.stages])
    cycles = max(busy_cycles(stage) for stage in design.stages)
    return Alternative(arithmetic, cost, cycles, cycles <= shape_of(graph.nodes[0]).interval(layer.pe, layer.simd))


def rank(alternative: Alternative, target: str) -> tuple[bool, float, float]:
    """What is better is less: in time for the folding, then cheaper at an equal rate.

    Lanes and cycles are traded for each other, so what takes half the cycles may cost twice as much.
    """
    made, ffs = price(alternative.cost, target)
    return not alternative.is_in_time, made * alternative.cycles, ffs * alternative.cycles


def cheapest_in(folding: Folding, target: str) -> Choose:
    """Of several arithmetics, the first by `rank` in the folding of the layer."""

    def choose(found: list[Arithmetic], x: TensorType, layer: str) -> Arithmetic:
        rest = useful(found, folding[layer])
        if len(rest) == 1:
            return rest[0]
        return min((alternative(a, x, folding[layer], target) for a in rest), key=lambda a: rank(a, target)).arithmetic

    return choose


def operations(graph: IntGraph) -> dict[str, Operations]:
    """What every layer without an arithmetic takes for one sample, by name, as its definition counts it."""
    return {name: _operations(node) for name, node in _open_layers(graph).items()}


def own_operations(graph: IntGraph) -> dict[str, Mapping[str, int]]:
    """What the arithmetics that do not count as definitions do take for one sample, by layer and name."""
    names = layer_names(graph)
    taken = {
        names[node.output]: node.op.own_operations(node.inputs[0].type)
        for node in graph.nodes
        if isinstance(node.op, Arithmetic)
    }
    return {layer: counted for layer, counted in taken.items() if counted}


def _operations(node: IntNode) -> Operations:
    assert isinstance(node.op, Contraction)
    return node.op.operations().times(shape_of(node).positions)


def alternatives(graph: IntGraph, folding: Folding, target: str) -> dict[str, list[Alternative]]:
    """For every layer without an arithmetic, by name: all arithmetics that compute it exactly, by `rank`."""
    return {name: _of_layer(node, folding[name], target) for name, node in _open_layers(graph).items()}


def _open_layers(graph: IntGraph) -> dict[str, IntNode]:
    """Those without an arithmetic, by name."""
    names = layer_names(graph)
    return {names[node.output]: node for node in graph.nodes if is_open(node)}


def _of_layer(node: IntNode, layer: LayerFolding, target: str) -> list[Alternative]:
    x = node.inputs[0].type
    found = [alternative(a, x, layer, target) for a in useful(candidates(node, x)[0], layer)]
    return sorted(found, key=lambda a: rank(a, target))
