"""Folding keeps every value; the reference is the unfolded graph, node by node."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulfree.compiler.passes.fold_affine import FoldAffine
from mulfree.ir import Graph, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Affine, Threshold, TopK

CHANNELS = 3
X = TensorType((CHANNELS, 2, 2), IntRange(-20, 20))
INPUTS = np.random.default_rng(0).integers(-20, 21, (50, *X.shape))
constants = st.lists(st.integers(-5, 5), min_size=CHANNELS, max_size=CHANNELS) | st.lists(
    st.integers(-5, 5), min_size=1, max_size=1
)
rows = st.lists(st.integers(-60, 60), min_size=4, max_size=4).map(sorted)


def run(graph: Graph[TensorType], x: IntArray) -> IntArray:
    values = {graph.inputs[0]: x}
    for node in graph.nodes:
        values[node.output] = node.op.evaluate(*(values[v] for v in node.inputs))
    return values[graph.outputs[0]]


@given(constants, constants, st.lists(rows, min_size=CHANNELS, max_size=CHANNELS), st.booleans())
def test_thresholds_swallow_the_affine_step(m: list[int], b: list[int], table: list[list[int]], falls: bool) -> None:
    graph: Graph[TensorType] = Graph()
    step = graph.add(Affine(Tensor(np.array(m)), Tensor(np.array(b))), graph.add_input("x", X))
    base, rise = (7, -1) if falls else (3, 1)
    op = Threshold(Tensor(np.array(table)), Tensor(np.array([base])), Tensor(np.array([rise])), IntRange(3, 7))
    graph.outputs = [graph.add(op, step)]
    folded = FoldAffine().run(graph)
    assert [type(node.op) for node in folded.nodes] == [Threshold]
    np.testing.assert_array_equal(run(folded, INPUTS), run(graph, INPUTS))


@given(constants, constants, constants, constants)
def test_two_affine_steps_become_one(m: list[int], b: list[int], n: list[int], c: list[int]) -> None:
    graph: Graph[TensorType] = Graph()
    first = graph.add(Affine(Tensor(np.array(m)), Tensor(np.array(b))), graph.add_input("x", X))
    graph.outputs = [graph.add(Affine(Tensor(np.array(n)), Tensor(np.array(c))), first)]
    folded = FoldAffine().run(graph)
    assert len(folded.nodes) == 1
    np.testing.assert_array_equal(run(folded, INPUTS), run(graph, INPUTS))


@given(st.integers(-3, 3), st.integers(-9, 9))
def test_arg_max_skips_only_a_rising_step(m: int, b: int) -> None:
    graph: Graph[TensorType] = Graph()
    x = graph.add_input("x", TensorType((CHANNELS,), IntRange(-20, 20)))
    graph.outputs = [graph.add(TopK(1), graph.add(Affine(Tensor(np.array([m])), Tensor(np.array([b]))), x))]
    folded = FoldAffine().run(graph)
    assert (len(folded.nodes) == 1) == (m > 0)
    np.testing.assert_array_equal(run(folded, INPUTS[..., 0, 0]), run(graph, INPUTS[..., 0, 0]))
