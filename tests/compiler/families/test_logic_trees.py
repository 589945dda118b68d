from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mulfree
from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.ir import BIPOLAR, AnyArray, CompileError, IntRange, Tensor, TensorType
from mulfree.ir.forest import MAX, MIN, Forest
from mulfree.sim.patterns import random_pattern
from tests.compiler.frontends.onnx_models import node
from tests.compiler.streamline.networks import Net, agree, f, operators, runtime, streamlined

FRAMES = 12
SINGLE_UNITS = [(np.arange(-3, 3).reshape(6, 1), 2.0), (np.arange(6).reshape(6, 1), -3.0)]
"""Weights and a bias."""
CODES = [MAX, MIN, 0, 1, MIN, MAX, 2, 3, 4, MIN, 5, MAX, 6, MAX, 7, 8, 9]
"""Two trees with nodes and one without, every unit once."""
SHARED = [MIN, MAX, 3, 0, MAX, 0, 1, MAX, 9, MIN, 8, 4]
"""Trees that share units, out of order, and leave some out."""


def units(bias: AnyArray | None = None, scale: float = 0.25) -> tuple[Net, str]:
    """Ten linear units of six 4-bit integers."""
    rng = np.random.default_rng(0)
    net = Net((6,), opset=18)
    w = rng.integers(-7, 8, (6, 10)).astype(np.float32) * np.float32(scale)
    bias = rng.integers(-20, 20, 10).astype(np.float32) / 4 if bias is None else bias
    return net, net("Gemm", net.quant("x", f(1), 4), w, bias)


def samples(count: int = 200) -> AnyArray:
    return np.random.default_rng(1).integers(-8, 8, (count, 6)).astype(np.float32)


def trees(codes: list[int]) -> Net:
    net, y = units()
    net("MinMaxTrees", y, domain="mulfree", trees=codes)
    return net


def last(net: Net) -> str:
    return str(net.nodes[-1].output[0])


def columns(net: Net, y: str, *chosen: list[int]) -> list[str]:
    return [net("Gather", y, np.array(c), axis=1) for c in chosen]


def test_pairs_of_columns_are_trees() -> None:
    net, y = units()
    a, b, c, d = columns(net, y, [0, 1], [2, 3], [4, 5], [6, 7])
    y = net("Max", net("Min", a, b), net("Min", c, d))
    quantised = agree(net, y, samples())
    assert operators(quantised) == ["mac", "affine", "min_max_trees"]
    assert trees_of(quantised) == [MAX, MIN, 0, 2, MIN, 4, 6, MAX, MIN, 1, 3, MIN, 5, 7]


def trees_of(quantised: object) -> list[int]:
    (op,) = [n.op for n in quantised.graph.nodes if isinstance(n.op, MinMaxTrees)]  # type: ignore[attr-defined]
    return [int(code) for code in op.trees.array]


def test_slices_splits_and_reductions_are_trees() -> None:
    net, y = units()
    cut = net("Slice", y, np.array([1]), np.array([7]), np.array([1]))
    rows = net("Reshape", cut, np.array([-1, 2, 3]))
    least = net("ReduceMin", rows, np.array([2]), keepdims=0)
    most = net("ReduceMax", net("Slice", y, np.array([7]), np.array([10]), np.array([1])), np.array([1]), keepdims=1)
    joined = net("Concat", net("Max", least, most), most, axis=1)
    quantised = agree(net, joined, samples())
    assert operators(quantised) == ["mac", "affine", "min_max_trees"]
    tree = [MAX, MAX, 7, 8, 9]
    assert trees_of(quantised) == [MAX, MIN, MIN, 1, 2, 3, *tree, MAX, MIN, MIN, 4, 5, 6, *tree, *tree]


def test_the_parts_of_a_split_are_columns() -> None:
    net, y = units()
    net.nodes.append(node("Split", [y], ["low", "high"], axis=1, num_outputs=2))
    quantised = agree(net, net("Max", net("ReduceMin", "low", np.array([1])), "high"), samples())
    low = [MIN, MIN, MIN, 0, 1, 2, MIN, 3, 4]
    assert trees_of(quantised) == [code for i in range(5) for code in (MAX, *low, 5 + i)]


def test_units_of_several_layers_are_one_forest() -> None:
    """As a file may be written that has a node for every unit."""
    net, y = units()
    more = [
        net("Gemm", net.quant("x", f(1), 4), w.astype(np.float32), np.array([b], np.float32)) for w, b in SINGLE_UNITS
    ]
    quantised = agree(net, net("Max", net("Gather", y, np.array([4]), axis=1), net("Min", *more)), samples())
    assert operators(quantised)[-1] == "min_max_trees"
    assert trees_of(quantised) == [MAX, 4, MIN, 10, 11]


def test_what_is_read_inside_a_tree_is_a_tree_too() -> None:
    net, y = units()
    a, b, c = columns(net, y, [0, 1], [2, 3], [4, 5])
    low = net("Min", a, b)
    net("Concat", net("Relu", low), net("Max", low, c), axis=1)
    quantised = agree(net, last(net), samples())
    assert operators(quantised).count("min_max_trees") == 2


def test_a_column_alone_keeps_its_place() -> None:
    net, y = units()
    one, two = (net("Gather", y, np.array(i), axis=1) for i in (3, 4))
    quantised = agree(net, net("Max", one, two), samples())
    assert trees_of(quantised) == [MAX, 3, 4]


def test_a_maximum_with_a_constant_stays_what_it_is() -> None:
    net, y = units()
    assert "min_max_trees" not in operators(agree(net, net("Max", y, f(0)), samples()))


@pytest.mark.parametrize("codes", [CODES, SHARED])
def test_one_scale_passes_through_and_biases_are_added_before(codes: list[int]) -> None:
    net = trees(codes)
    proto = attach_bodies(net.proto(last(net)))
    quantised = streamlined(proto)
    np.testing.assert_array_equal(quantised.run({"x": samples()})["y"], runtime(proto, samples()))
    assert operators(quantised) == ["mac", "affine", "min_max_trees"]


def test_units_without_biases_need_no_step_before_the_trees() -> None:
    net, y = units(bias=np.zeros(10, np.float32), scale=0.75)
    quantised = agree(net, net("ReduceMax", y, np.array([1])), samples())
    assert operators(quantised) == ["mac", "min_max_trees"]


def test_units_that_have_no_common_unit_are_refused() -> None:
    rng = np.random.default_rng(2)
    net = Net((6,), opset=18)
    scales = rng.random(10).astype(np.float32) * np.float32(10.0) ** np.arange(-30, 30, 6, dtype=np.float32)
    w = (rng.integers(-7, 8, (6, 10)) * scales).astype(np.float32)
    y = net("MatMul", net.quant("x", f(1), 4), w)
    net("ReduceMax", y, np.array([1]))
    with pytest.raises(CompileError, match="no simple ratio"):
        streamlined(net.proto(last(net)))


@pytest.mark.parametrize("codes", [[MAX, 0], [-3, 0, 1], []])
def test_a_list_that_is_no_tree_is_refused(codes: list[int]) -> None:
    with pytest.raises((CompileError, ValueError), match=r"no list of trees|empty|attribute|List"):
        streamlined(trees(codes).proto("t2"))


def test_a_unit_that_is_not_there_is_refused() -> None:
    with pytest.raises(CompileError, match="there are 10 units"):
        streamlined(trees([MAX, 10, 0]).proto("t2"))


@pytest.mark.parametrize(
    ("codes", "folding", "module"),
    [
        (CODES, None, "tree_stack"),
        (CODES, "unrolled", "constant_layer"),
        (SHARED, None, "constant_layer"),
        (SHARED, "unrolled", "constant_layer"),
    ],
)
@pytest.mark.parametrize("levels", [1, 4])
def test_verilog_gives_the_definition_in_the_cycles_of_the_models(
    codes: list[int], folding: str | None, module: str, levels: int
) -> None:
    net = trees(codes)
    fps = None if folding else 1e6
    design = mulfree.compile(net.proto(last(net)), levels_per_stage=levels, folding=folding, fps=fps)
    assert module in [stage.module for stage in design.hardware.design.stages]
    report = design.cosimulate(samples(FRAMES), random_pattern(0.7, seed=1), random_pattern(0.6, seed=2))
    assert report.is_equal, str(report)
    assert design.estimate().total.luts > 0


def test_visits_are_counted_by_layer() -> None:
    net = trees(CODES)
    design = mulfree.compile(net.proto(last(net)))
    ((name, found),) = design.visits(samples()).items()
    assert name == last(net)
    assert (found.leaves, found.visits.shape) == (10, (200, 3))
    assert 3 <= found.visits.sum(axis=1).min() < found.visits.sum(axis=1).max() <= 10
    assert str(found) == f"{found.share:.1%} of 10 units in 3 trees would be visited lazily"
    lazily = mulfree.compile(net.proto(last(net)), arithmetic="lazy_trees")
    assert "lazy_trees" in [node.op.name for node in lazily.hardware.graph.nodes]
    other, y = units()
    assert mulfree.compile(other.proto(y)).visits(samples()) == {}


@pytest.mark.parametrize("arithmetic", [(), "lazy_trees"])
def test_trees_over_the_same_units_share_what_comes_before_and_may_meet_again(arithmetic: str | tuple[()]) -> None:
    net, y = units()
    pair = [net("MinMaxTrees", y, domain="mulfree", trees=codes) for codes in (CODES, SHARED)]
    design = mulfree.compile(net.proto(net("Concat", *pair, axis=1)), arithmetic=arithmetic)
    assert [node.op.name for node in design.model.graph.nodes].count("affine") == 1
    assert len(design.visits(samples())) == 2
    report = design.cosimulate(samples(FRAMES), random_pattern(0.7, seed=1), random_pattern(0.6, seed=2))
    assert report.is_equal, str(report)


def convolutional() -> Net:
    """A small backbone with trees for heads (a convolutional adaptive logic network)."""
    rng = np.random.default_rng(4)

    def weights(*shape: int) -> AnyArray:
        return rng.integers(-2, 3, shape).astype(np.float32)

    net = Net((1, 6, 6), opset=18)
    wide = net("Conv", net.quant("x", f(1), 3), weights(4, 1, 3, 3), pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    pooled = net("MaxPool", net.quant(net("Relu", wide), f(2), 3, signed=0), kernel_shape=[2, 2], strides=[2, 2])
    deep = net("Conv", pooled, weights(6, 4, 3, 3), kernel_shape=[3, 3])
    features = net("Flatten", net.quant(net("Relu", deep), f(8), 3, signed=0))
    heads = net("Gemm", features, weights(6, 10), weights(10))
    net("MinMaxTrees", heads, domain="mulfree", trees=CODES)
    return net


@pytest.mark.parametrize("arithmetic", [(), "lazy_trees"])
@pytest.mark.parametrize("folding", [None, "unrolled"])
def test_a_convolutional_network_with_trees_for_heads_is_one_design(
    arithmetic: str | tuple[()], folding: str | None
) -> None:
    net = convolutional()
    proto = attach_bodies(net.proto(last(net)))
    design = mulfree.compile(proto, folding=folding, arithmetic=arithmetic)
    modules = [stage.module for stage in design.hardware.design.stages]
    assert "sliding_window" in modules
    assert {"lazy_trees", "tree_stack", "constant_layer"} & set(modules)
    x = np.random.default_rng(0).integers(-4, 4, (FRAMES, 1, 6, 6)).astype(np.float32)
    y = design.simulate(x)
    assert isinstance(y, np.ndarray)
    np.testing.assert_array_equal(y, runtime(proto, x))
    report = design.cosimulate(x, source=random_pattern(0.7, seed=1), sink=random_pattern(0.6, seed=2))
    assert report.is_equal, str(report)


codes = st.recursive(
    st.integers(0, 6).map(lambda leaf: (leaf,)),
    lambda tree: st.tuples(st.sampled_from([MAX, MIN]), tree, tree).map(lambda t: (t[0], *t[1], *t[2])),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(codes, min_size=1, max_size=4), st.integers(0, 2))
def test_the_fast_kernel_gives_the_definition(forest: list[tuple[int, ...]], which: int) -> None:
    from mulfree.ir import Graph
    from mulfree.sim.functional import FastNetwork

    type = TensorType((7,), (BIPOLAR, IntRange(-5000, 5000), IntRange(0, 3))[which])
    op = MinMaxTrees(Tensor(np.array([code for tree in forest for code in tree])))
    graph = Graph[TensorType](name="trees")
    graph.outputs = [graph.add(op, graph.add_input("x", type), name="y")]
    x = type.range.lo + type.range.step * np.random.default_rng(0).integers(0, type.range.count, (50, 7))
    np.testing.assert_array_equal(FastNetwork(graph).run([x])[0], op.evaluate(x))


def test_a_tree_is_what_its_codes_say() -> None:
    x = np.random.default_rng(0).integers(-9, 10, (100, 5))
    y = MinMaxTrees(Tensor(np.array([MAX, 0, MIN, 1, 2, MIN, MAX, 3, 4, 0]))).evaluate(x)
    expected = [[max(a, min(b, c)), min(max(d, e), a)] for a, b, c, d, e in x.tolist()]
    assert y.tolist() == expected


def test_nodes_stand_between_leaves() -> None:
    forest = Forest.of([MAX, MIN, 4, 5, MIN, 6, MAX, 7, 8, 9])
    assert forest.leaves.tolist() == [4, 5, 6, 7, 8, 9]
    assert forest.kinds.tolist() == [MIN, MAX, MIN, MAX, 0, 0]
    assert forest.turns.tolist() == [0, 0, 1, 2, 0, 0]
    assert forest.lasts.tolist() == [1, 4, 4, 4, 4, 5]
    assert forest.trees == 2
    assert forest.height == 3
