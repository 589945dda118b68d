"""Stored thresholds are searched as printed, and compared with the layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mulfree.backends.formal.thresholds import first_difference, printed_words, threshold_of
from mulfree.compiler.folding import Folding, LayerFolding, foldable_layers
from mulfree.compiler.pipeline import IntGraph, to_hardware
from mulfree.ir import Graph, IntRange, Tensor, TensorType
from mulfree.ir.ops import Threshold
from mulfree.rtl import Design, Memory, Stage

CHANNELS = 6
UP, MIXED = (1,) * CHANNELS, (1, -1, 1, 1, -1, -1)


def stored(x: IntRange, steps: tuple[int, ...], pe: int) -> tuple[Design, Stage, Threshold]:
    """A stage of thresholds of its own in every channel, so many at a time."""
    rows = np.sort(np.random.default_rng(3).integers(x.lo, x.hi + 3, (CHANNELS, 3)), axis=1)
    base = np.array([0 if step > 0 else 3 for step in steps])
    graph = Graph[TensorType](name="thresholds")
    op = Threshold(Tensor(rows), Tensor(base), Tensor(np.array(steps)), IntRange(0, 3))
    graph.outputs = [graph.add(op, graph.add_input("x", TensorType((CHANNELS, 2, 2), x)), name="y")]

    def folding(lowered: IntGraph) -> Folding:
        return {name: LayerFolding(pe, pe) for name in foldable_layers(lowered)}

    design = to_hardware(graph, folding).design
    found = [(design, stage, op) for stage in design.stages if stage.module == "threshold"]
    return found[0]


@pytest.mark.parametrize("steps", [UP, MIXED], ids=["rising", "mixed"])
@pytest.mark.parametrize("x", [IntRange(-40, 37), IntRange(0, 12), IntRange(-9, 9, 3)], ids=str)
def test_printed_thresholds_are_those_of_the_layer(x: IntRange, steps: tuple[int, ...]) -> None:
    design, stage, op = stored(x, steps, 1)
    assert threshold_of(design, stage) == op
    assert first_difference(stage, op) is None


def test_a_changed_word_is_found_with_the_number_at_which_it_shows() -> None:
    _, stage, op = stored(IntRange(-40, 37), UP, 1)
    memory = stage.memories["level_0_lane_0"]
    words = (*memory.words[:4], memory.words[4] ^ 1, *memory.words[5:])
    changed = replace(stage, memories={**stage.memories, "level_0_lane_0": Memory(memory.width, words, memory.style)})
    assert printed_words(changed) != printed_words(stage)
    assert (first_difference(changed, op) or "").startswith("channel 4: x = ")
