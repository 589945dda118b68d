"""The way from a quantised model to a design: the passes in order, the folding, the queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mulfree.compiler.folding import Folding, default_folding
from mulfree.compiler.lower import lower
from mulfree.compiler.passes.choose_arithmetic import ChooseArithmetic
from mulfree.compiler.passes.fold_affine import FoldAffine
from mulfree.compiler.passes.prove_multiplier_free import MultiplierFree, prove_multiplier_free
from mulfree.ir import Graph, Pass, TensorType, run_passes
from mulfree.rtl import Design
from mulfree.rtl.heap import GENERIC
from mulfree.sim.cycles import minimal_fifo_depths

IntGraph = Graph[TensorType]
ChooseFolding = Callable[[IntGraph], Folding]
"""From the lowered graph to a folding of its layers; see `mulfree.compiler.folding`."""

PASSES: tuple[Pass[TensorType], ...] = (FoldAffine(), ChooseArithmetic())


def passes_preferring(*arithmetics: str) -> tuple[Pass[TensorType], ...]:
    """`PASSES`, but the named arithmetics are offered every layer first."""
    return tuple(ChooseArithmetic(arithmetics) if isinstance(p, ChooseArithmetic) else p for p in PASSES)


@dataclass(frozen=True, slots=True)
class Hardware:
    """A design with the graph and the folding that it was made from, and the proof that it does not multiply."""

    graph: IntGraph
    folding: Folding
    design: Design
    proof: MultiplierFree


def to_hardware(
    graph: IntGraph,
    choose: ChooseFolding = default_folding,
    after: Callable[[Pass[TensorType], IntGraph], None] | None = None,
    target: str = GENERIC,
    passes: Sequence[Pass[TensorType]] = PASSES,
) -> Hardware:
    """Run the passes, choose the folding, lower, size the queues. `after` sees the graph after each pass.

    `target` is what the design's heaps are planned for.
    """
    lowered = run_passes(graph, passes, after)
    folding = choose(lowered)
    design = with_sized_queues(lowered, folding).for_target(target)
    return Hardware(lowered, folding, design, prove_multiplier_free(lowered, design))


def with_sized_queues(graph: IntGraph, folding: Folding) -> Design:
    """Where branches meet, lower twice: with queues of a whole frame, then with the fewest words that keep pace."""
    generous = lower(graph, folding)
    if not any(len(stage.inputs) > 1 for stage in generous.stages):
        return generous
    return lower(graph, folding, minimal_fifo_depths(generous))
