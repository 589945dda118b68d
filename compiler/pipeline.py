"""The way from a quantised model to a design: the passes in order, the folding, the queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mulfree.compiler.alternatives import cheapest_in
from mulfree.compiler.folding import Folding, carried_over, default_folding
from mulfree.compiler.lower import lower
from mulfree.compiler.passes.choose_arithmetic import ChooseArithmetic, first
from mulfree.compiler.passes.fold_affine import FoldAffine
from mulfree.compiler.passes.prove_multiplier_free import MultiplierFree, prove_multiplier_free
from mulfree.compiler.registry import on_request, passes
from mulfree.ir import Graph, Pass, TensorType, run_passes
from mulfree.rtl import Design
from mulfree.rtl.cost import TARGETS
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.stages import with_depth
from mulfree.sim.cycles import minimal_fifo_depths

IntGraph = Graph[TensorType]
ChooseFolding = Callable[[IntGraph], Folding]
"""From the graph whose layers are still without arithmetic to their folding; see `mulfree.compiler.folding`."""


def layer_passes() -> tuple[Pass[TensorType], ...]:
    """What rewrites the graph, exactly, before layers are folded and get their arithmetic."""
    return *passes(), FoldAffine()


def passes_preferring(*arithmetics: str) -> tuple[Pass[TensorType], ...]:
    """All passes in their order; `to_hardware` has the folding chosen before the last. Named arithmetics come first."""
    return *layer_passes(), ChooseArithmetic(arithmetics)


@dataclass(frozen=True, slots=True)
class Hardware:
    """A design with the graphs and the folding that it was made from, and the proof that it does not multiply.

    In `graph` every layer has its arithmetic; `layers` is the graph before that was chosen.
    """

    graph: IntGraph
    layers: IntGraph
    folding: Folding
    design: Design
    proof: MultiplierFree


def to_hardware(
    graph: IntGraph,
    choose: ChooseFolding = default_folding,
    after: Callable[[Pass[TensorType], IntGraph], None] | None = None,
    prefer: Sequence[str] = (),
    target: str = GENERIC,
) -> Hardware:
    """Choose the folding, then for each layer in that folding the arithmetic; lower, size the queues.

    Arithmetics named in `prefer` come first where they are exact; else, for a target with a cost model, the cheapest
    is taken. Names of `registry.on_request` have their passes run before the folding is chosen. `target` is
    also what sums are shared, heaps planned and registers placed for. `after` sees the graph after each pass.
    """
    asked = [step for name, step in on_request().items() if name in prefer]
    layers = run_passes(graph, [*layer_passes(), *asked], after)
    folding = choose(layers)
    cheapest = cheapest_in(folding, target) if target in TARGETS else first
    lowered = run_passes(layers, [ChooseArithmetic(tuple(prefer), cheapest)], after)
    design = with_sized_queues(lowered, carried_over(folding, layers, lowered), target)
    return Hardware(lowered, layers, folding, design, prove_multiplier_free(lowered, design))


def provisional(layers: IntGraph, folding: Folding, target: str) -> Design:
    """With the first arithmetic that computes each layer: for a price before the choice is made."""
    lowered = run_passes(layers, [ChooseArithmetic()])
    return with_sized_queues(lowered, carried_over(folding, layers, lowered), target)


def with_sized_queues(graph: IntGraph, folding: Folding, target: str = GENERIC) -> Design:
    """Where branches meet, queues have the fewest words that keep the pace which queues of a whole frame allow."""
    generous = lower(graph, folding, target=target)
    if not any(len(stage.inputs) > 1 for stage in generous.stages):
        return generous
    depths = minimal_fifo_depths(generous)
    sized = [with_depth(s, depths[s.name]) if s.name in depths else s for s in generous.stages]
    return replace(generous, stages=sized)
