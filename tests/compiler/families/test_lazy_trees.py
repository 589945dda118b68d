"""Trees evaluated lazily in hardware: values, and cycles that depend on the data, of Verilator and of both models."""

from __future__ import annotations

import numpy as np
import pytest

import mulfree
from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.compiler.families.logic_trees.lazy import LazyTrees
from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.pipeline import to_hardware
from mulfree.compiler.registry import operators
from mulfree.ir import BIPOLAR, CompileError, Graph, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.forest import MAX, MIN
from mulfree.ir.ops import Affine, MultiplyAccumulate
from mulfree.ir.text import parse, to_text
from mulfree.rtl import Design
from mulfree.sim.cosim import cosimulate
from mulfree.sim.cycles import programs_of, stepped, token_time
from mulfree.sim.patterns import random_pattern
from mulfree.sim.verilator import StreamPort
from tests.compiler.families.test_logic_trees import CODES, SHARED, last, samples, trees
from tests.sim.test_lazy_trees import random_tree

FRAMES = 20
DEEP = [MAX, 0, MIN, 1, MAX, 2, MIN, 3, MAX, 4, MIN, 5, 6]
"""A chain to the right: bounds for every turn."""
CHAIN = [MAX, MIN, MAX, MIN, 0, 1, 2, 3, 4, 5, 6]
"""Trees to the left: no turn but the last."""
BUSHY = list(random_tree(np.random.default_rng(8), 30))


def graph_of(codes: list[int], x: TensorType, factor: int = 1) -> Graph[TensorType]:
    """Units of small weights, a factor and offsets, trees."""
    random, units = np.random.default_rng(0), max(codes) + 1
    graph = Graph[TensorType](name="trees")
    sums = graph.add(MultiplyAccumulate(Tensor(random.integers(-5, 6, (units, x.size, 1, 1)))), graph.add_input("x", x))
    biased = graph.add(Affine(Tensor(np.array([factor])), Tensor(random.integers(-9, 10, units))), sums)
    graph.outputs = [graph.add(MinMaxTrees(Tensor(np.array(codes))), biased, name="y")]
    return graph


def lazy(graph: Graph[TensorType], simd: int) -> Design:
    def fold(layers: Graph[TensorType]) -> dict[str, LayerFolding]:
        return {name: LayerFolding(1, simd) for name in foldable_layers(layers)}

    design = to_hardware(graph, fold, prefer=["lazy_trees"]).design
    assert [stage.module for stage in design.stages] == ["lazy_trees"]
    return design


def drawn(x: TensorType) -> IntArray:
    return x.range.lo + x.range.step * np.random.default_rng(1).integers(0, x.range.count, (FRAMES, *x.shape))


BYTES, SIGNED, SIGNS = (TensorType((6,), range) for range in (IntRange(0, 255), IntRange(-8, 7), BIPOLAR))
CASES = [(DEEP, BYTES, 2, 1), (CHAIN, SIGNED, 1, 3), (BUSHY, SIGNED, 6, 1), (BUSHY, SIGNS, 3, 1), ([0], BYTES, 6, 1)]
cases = pytest.mark.parametrize(("codes", "x", "simd", "factor"), CASES)


@cases
def test_verilator_and_both_models_agree_on_every_value_and_cycle(
    codes: list[int], x: TensorType, simd: int, factor: int
) -> None:
    graph = graph_of(codes, x, factor)
    design, inputs = lazy(graph, simd), [drawn(x)]
    patterns = [random_pattern(0.7, seed=1)], [random_pattern(0.6, seed=2)]
    sources = {n.removeprefix("rtl/"): t for n, t in to_verilog(design).items() if n.startswith("rtl/")}
    sockets = [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design)]
    units = graph.nodes[1].op.evaluate(graph.nodes[0].op.evaluate(*inputs))
    expected = [graph.nodes[2].op.evaluate(units)]
    report = cosimulate(design, sources, top_name(design), sockets, inputs, expected, *patterns)
    assert report.is_equal, str(report)
    programs = programs_of(design, inputs)
    fast, slow = (model(design, FRAMES, *patterns, programs=programs) for model in (token_time, stepped))
    for stream in design.streams():
        np.testing.assert_array_equal(fast.of(stream.name), slow.of(stream.name))


@cases
def test_no_frame_takes_longer_than_with_all_units(codes: list[int], x: TensorType, simd: int, factor: int) -> None:
    design = lazy(graph_of(codes, x, factor), simd)
    exact = token_time(design, FRAMES, programs=programs_of(design, [drawn(x)]))
    assert exact.last_cycle <= token_time(design, FRAMES).last_cycle


def test_frames_differ_in_their_cycles_and_in_nothing_else() -> None:
    design = lazy(graph_of(BUSHY, SIGNED), 2)
    exact = token_time(design, FRAMES, programs=programs_of(design, [drawn(SIGNED)]))
    assert len(np.unique(np.diff(exact.frame_ends))) > 3


@pytest.mark.parametrize("codes", [CODES, SHARED])
def test_a_model_compiled_so_is_exact_and_says_what_its_time_depends_on(codes: list[int]) -> None:
    net, x = trees(codes), samples(FRAMES)
    design = mulfree.compile(net.proto(last(net)), fps=1e6, arithmetic="lazy_trees")
    assert any("depends on the data" in note for note in design.model.notes)
    assert design.diff(x, "definition", "hardware-graph") is None
    report = design.cosimulate(x, sink=random_pattern(0.5, seed=3))
    assert report.is_equal, str(report)
    assert design.cycles(x=x).last_cycle < design.pace.last_cycle / 16 * FRAMES
    with pytest.raises(CompileError, match="pass samples"):
        design.cycles(3)
    assert design.estimate().total.luts > 0


def test_trees_are_evaluated_at_once_unless_asked() -> None:
    net = trees(CODES)
    design = mulfree.compile(net.proto(last(net)))
    assert not design.hardware.design.varying
    assert design.cycles(3).frames == 3


def test_the_operator_is_what_it_replaces() -> None:
    graph = graph_of(SHARED, SIGNED, 3)
    (node,) = to_hardware(
        graph, lambda g: {n: LayerFolding() for n in foldable_layers(g)}, prefer=["lazy_trees"]
    ).graph.nodes
    assert isinstance(node.op, LazyTrees)
    x, values = drawn(SIGNED), drawn(SIGNED)
    for before in graph.nodes:
        values = before.op.evaluate(values)
    np.testing.assert_array_equal(node.op.evaluate(x), values)
    visits, looks = node.op.steps(x)
    assert (visits <= looks).all()
    assert (visits.sum(axis=1) <= len(node.op.forest.leaves)).all()


def test_the_text_form_parses_back() -> None:
    for asked in ([], ["lazy_trees"]):
        graph = to_hardware(graph_of(SHARED, SIGNED), prefer=asked).graph
        assert to_text(parse(to_text(graph), operators())) == to_text(graph)
