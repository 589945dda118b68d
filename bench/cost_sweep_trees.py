"""Logic trees among the stages that the cost model is calibrated on: unit by unit over a stack, and lazily."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from mulfree.compiler.families.logic_trees.lazy import LazyTrees, lower_lazy_trees
from mulfree.compiler.folding import LayerFolding
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.lowering import Lowering
from mulfree.ir import Graph, IntArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.forest import MAX, MIN, Forest
from mulfree.rtl import Stage, Stream, stages

BYTE, BITS = IntRange(0, 255), IntRange(0, 3)
RANDOM = np.random.default_rng(11)


def trees() -> Iterator[Stage]:
    for leaves, width in ((8, 6), (20, 10), (33, 16), (60, 8), (100, 12), (150, 20), (260, 14), (400, 22), (500, 10)):
        yield _stacked(leaves, IntRange.signed_of(width))
    for leaves, inputs, simd, x, peak in (
        (4, 8, 1, BITS, 1),
        (12, 16, 2, BYTE, 7),
        (20, 24, 4, BITS, 7),
        (30, 32, 8, BYTE, 1),
        (50, 16, 1, BYTE, 31),
        (64, 64, 16, BITS, 3),
        (40, 24, 4, BYTE, 15),
        (90, 48, 8, BITS, 31),
        (16, 128, 16, BYTE, 7),
    ):
        yield _lazy(leaves, inputs, simd, x, peak)


def _stacked(leaves: int, range: IntRange) -> Stage:
    type = TensorType((leaves,), range)
    forest = Forest.of(_codes(leaves))
    x = Stream("x", Value("x", type), forest.leaves, 1, type)
    return stages.tree_stack("stage", x, Value("y", TensorType((forest.trees,), range)), forest)


def _lazy(leaves: int, inputs: int, simd: int, x: IntRange, peak: int) -> Stage:
    graph = Graph[TensorType](name="trees")
    weights: IntArray = RANDOM.integers(-peak, peak + 1, (leaves, inputs))
    op = LazyTrees(Tensor(weights), Tensor(RANDOM.integers(-99, 100, leaves)), Tensor(np.array(_codes(leaves))))
    value = graph.add(op, graph.add_input("x", TensorType((inputs,), x)), name="stage")
    graph.outputs = [value]
    names = layer_names(graph)
    to = Lowering(graph, {names[value]: LayerFolding(1, simd, "distributed")}, names)
    lower_lazy_trees(to, graph.nodes[0], [to.add_input(graph.inputs[0])])
    return to.stages[-1]


def _codes(leaves: int) -> list[int]:
    """A few trees of any shape."""
    cuts = np.unique([0, leaves // 4, leaves // 3, leaves]).tolist()
    return [code for first, end in pairwise(cuts) for code in _tree(first, end)]


def _tree(first: int, end: int) -> list[int]:
    if end == first + 1:
        return [first]
    middle = int(RANDOM.integers(first + 1, end))
    return [int(RANDOM.choice([MAX, MIN])), *_tree(first, middle), *_tree(middle, end)]
