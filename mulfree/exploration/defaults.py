"""Where a space leaves something open: rates from the smallest design to the fastest, all arithmetics that apply."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from mulfree.api import DEFAULT_TARGET
from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.folding import LayerFolding, foldable_layers, folding_for, reachable_interval
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.passes.choose_arithmetic import candidates, is_open
from mulfree.compiler.pipeline import IntGraph, layer_passes
from mulfree.compiler.registry import arithmetics_of
from mulfree.exploration.space import CHEAPEST, Space
from mulfree.ir import Node, TensorType, run_passes
from mulfree.ir.ops import Contraction

RATES = 9
MOST_LANES = 65536
"""Of the fastest default design: about as many LUTs, at one bit each."""
DIGITS = 3
"""Of a default rate."""


def filled(space: Space, model: QuantisedModel) -> Space:
    """The space with rates, arithmetics and a target wherever it has none."""
    graph = run_passes(model.graph, list(layer_passes()))
    is_folded = space.fps or space.luts or space.foldings
    return replace(
        space,
        fps=space.fps if is_folded else rates(graph, space.clock_mhz),
        arithmetics=space.arithmetics or [CHEAPEST, *arithmetics_for(graph)],
        targets=space.targets or [DEFAULT_TARGET],
    )


def rates(graph: IntGraph, clock_mhz: float) -> list[float]:
    """RATES rates, evenly spaced by factors, from one lane for each layer to the most lanes."""
    layers = foldable_layers(graph)
    slowest = max((shape.interval(1, 1) for shape in layers.values()), default=1)
    fastest = _fastest(graph, reachable_interval(layers)[0], slowest)
    steps = (slowest * (fastest / slowest) ** (i / (RATES - 1)) for i in range(RATES))
    # Rounded down, so that the fastest is reachable.
    return list(dict.fromkeys(_rounded_down(clock_mhz * 1e6 / cycles) for cycles in steps))


def _fastest(graph: IntGraph, fast: int, slow: int) -> int:
    """The fewest cycles with at most MOST_LANES lanes, by bisection; or `slow`."""
    if _lanes(folding_for(graph, fast)) <= MOST_LANES:
        return fast
    while slow > fast + 1:
        middle = (fast + slow) // 2
        fits = _lanes(folding_for(graph, middle)) <= MOST_LANES
        fast, slow = (fast, middle) if fits else (middle, slow)
    return slow


def _lanes(folding: dict[str, LayerFolding]) -> int:
    return sum(layer.pe * layer.simd for layer in folding.values())


def _rounded_down(value: float) -> float:
    unit = 10.0 ** (math.floor(math.log10(value)) - DIGITS + 1)
    # Whole units, and decimal places that are short in print.
    return float(f"{math.floor(value / unit * (1 + 1e-12)) * unit:.{DIGITS}g}")


def arithmetics_for(graph: IntGraph) -> list[str]:
    """Every arithmetic that some layer accepts and none refuses, in the order of the families."""
    layers = [node for node in graph.nodes if is_open(node)]
    accepted = dict.fromkeys(a.name for node in layers for a in candidates(node, node.inputs[0].type)[0])
    refused = {kind.name for node in layers for kind in _refusing(node)}
    return [name for name in accepted if name not in refused]


def _refusing(node: Node[TensorType]) -> Iterator[type[Arithmetic]]:
    assert isinstance(node.op, Contraction)
    layer, _ = node.op.without_common_factor()
    return (kind for kind in arithmetics_of(node.op) if kind.refusal(layer, node.inputs[0].type))
