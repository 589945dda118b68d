"""What every arithmetic would cost for a layer, by the stages that it would become."""

from __future__ import annotations

from dataclasses import dataclass

from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.folding import Folding, LayerFolding, foldable_layers
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.lower import lower
from mulfree.compiler.passes.choose_arithmetic import Choose, candidates, is_open
from mulfree.ir import Graph, Node, TensorType
from mulfree.rtl.cost import Cost, stage_cost, target_named, total

IntGraph = Graph[TensorType]
IntNode = Node[TensorType]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One arithmetic for a layer, and its stages' estimated cost on a target in the layer's folding."""

    arithmetic: Arithmetic
    cost: Cost


def useful(found: list[Arithmetic], layer: LayerFolding) -> list[Arithmetic]:
    """Those that gain something in this folding: weights stand in the logic if a token holds a whole vector."""
    return [a for a in found if not a.needs_constants or a.codes.shape[0] * a.codes[0].size == layer.pe * layer.simd]


def cost_of(arithmetic: Arithmetic, x: TensorType, layer: LayerFolding, target: str) -> Cost:
    """The layer by itself: its windows, its memory of weights, its lanes."""
    graph: IntGraph = Graph(name="layer")
    graph.outputs.append(graph.add(arithmetic, graph.add_input("x", x), name="y"))
    design = lower(graph, dict.fromkeys(foldable_layers(graph), layer), target=target)
    return total([stage_cost(stage, target) for stage in design.stages])


def price(cost: Cost, target: str) -> tuple[float, float]:
    """What is made least: LUTs of logic and memory, a block memory counting as many as the synthesis tool reckons.

    Gates where there are no LUTs. Among equals, flip-flops.
    """
    technology = target_named(target)
    if technology.is_fpga:
        return cost.luts + cost.lutram + cost.brams * technology.block_cost, cost.ffs
    return cost.gates, cost.ffs


def cheapest_in(folding: Folding, target: str) -> Choose:
    """Of several arithmetics, the one of least price in the folding of the layer."""

    def choose(found: list[Arithmetic], x: TensorType, layer: str) -> Arithmetic:
        rest = useful(found, folding[layer])
        if len(rest) == 1:
            return rest[0]
        return min(rest, key=lambda a: price(cost_of(a, x, folding[layer], target), target))

    return choose


def alternatives(graph: IntGraph, folding: Folding, target: str) -> dict[str, list[Alternative]]:
    """For every layer without an arithmetic, by name: all arithmetics that compute it exactly, cheapest first."""
    names = layer_names(graph)
    layers = {names[node.output]: node for node in graph.nodes if is_open(node)}
    return {name: _of_layer(node, folding[name], target) for name, node in layers.items()}


def _of_layer(node: IntNode, layer: LayerFolding, target: str) -> list[Alternative]:
    x = node.inputs[0].type
    found = [Alternative(a, cost_of(a, x, layer, target)) for a in useful(candidates(node, x)[0], layer)]
    return sorted(found, key=lambda a: price(a.cost, target))
