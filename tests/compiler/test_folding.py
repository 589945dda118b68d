from pathlib import Path

import numpy as np
import pytest

from mulfree.compiler.folding import (
    DEFAULT_LEVELS,
    LayerFolding,
    default_folding,
    foldable_layers,
    folding_for,
    folding_for_fps,
    folding_within,
    load_folding,
    save_folding,
    unrolled,
)
from mulfree.ir import BIPOLAR, CompileError, Graph, Tensor, TensorType
from mulfree.ir.ops import MaxPool, MultiplyAccumulate, Reshape, Window


def signs(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(0).choice([-1, 1], shape))


@pytest.fixture
def graph() -> Graph[TensorType]:
    """A 3x3 convolution 4 -> 8 on 6x6, a 2x2 pool, a dense layer 32 -> 10."""
    graph: Graph[TensorType] = Graph()
    x = graph.add_input("x", TensorType((4, 6, 6), BIPOLAR))
    conv = graph.add(MultiplyAccumulate(signs(8, 4, 3, 3), Window((3, 3))), x, name="conv")
    pool = graph.add(MaxPool(Window((2, 2), (2, 2))), conv, name="pool")
    flat = graph.add(Reshape((32,)), pool)
    graph.outputs = [graph.add(MultiplyAccumulate(signs(10, 32, 1, 1)), flat, name="dense")]
    return graph


def interval(graph: Graph[TensorType], folding: dict[str, LayerFolding]) -> int:
    layers = foldable_layers(graph)
    return max(layers[name].interval(f.pe, f.simd) for name, f in folding.items())


@pytest.mark.parametrize("cycles", [144, 145, 300, 1000, 5000, 10**6])
def test_folding_keeps_the_interval_asked_for(graph: Graph[TensorType], cycles: int) -> None:
    assert interval(graph, folding_for(graph, cycles)) <= cycles


def test_no_single_lane_less_would_do(graph: Graph[TensorType]) -> None:
    layers = foldable_layers(graph)
    for name, layer in folding_for(graph, 1000).items():
        fewer = [
            (pe, simd)
            for pe in layers[name].pe_choices()
            for simd in layers[name].simd_choices()
            if pe * simd < layer.pe * layer.simd
        ]
        assert all(layers[name].interval(pe, simd) > 1000 for pe, simd in fewer)


def test_an_unreachable_interval_says_what_is_reachable(graph: Graph[TensorType]) -> None:
    with pytest.raises(CompileError, match=r"layer 'conv' takes 144 with all its lanes"):
        folding_for(graph, 143)
    with pytest.raises(CompileError, match=r"which is 694444 frames per second"):
        folding_for_fps(graph, 1e6, 100)


def test_unrolled_is_the_fastest(graph: Graph[TensorType]) -> None:
    assert interval(graph, unrolled(graph)) == 144


def test_the_default_reaches_a_thousand_frames_per_second(graph: Graph[TensorType]) -> None:
    assert default_folding(graph) == folding_for(graph, 100_000)


def test_a_budget_gives_the_fastest_folding_within_it(graph: Graph[TensorType]) -> None:
    def lanes(folding: object) -> int:
        assert isinstance(folding, dict)
        return sum(f.pe * f.simd for f in folding.values())

    best = folding_within(graph, 20, lanes)
    assert lanes(best) <= 20
    assert lanes(folding_for(graph, interval(graph, best) * 9 // 10)) > 20
    with pytest.raises(CompileError, match="2 LUTs cannot be kept: the smallest folding takes 3"):
        folding_within(graph, 2, lanes)


def test_levels_are_unlimited_within_lanes_unless_they_are_given(graph: Graph[TensorType], tmp_path: Path) -> None:
    """Which a folding file says by null."""
    folding = unrolled(graph)
    assert {layer.levels for layer in folding.values()} == {None}
    assert {layer.levels_at_once for layer in folding.values()} == {DEFAULT_LEVELS}
    assert LayerFolding(levels=2).levels_at_once == 2
    path = tmp_path / "folding.json"
    path.write_text(save_folding(folding).replace("null", "3"))
    assert {layer.levels for layer in load_folding(path, graph).values()} == {3}


def test_a_folding_file_is_read_back(graph: Graph[TensorType], tmp_path: Path) -> None:
    path = tmp_path / "folding.json"
    path.write_text(save_folding(unrolled(graph)))
    assert load_folding(path, graph) == unrolled(graph)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a folding file"),
        ("[]", "not a folding file"),
        ("{}", "layer 'conv' is missing|layer 'pool' is missing|layer 'dense' is missing"),
        ('{"conv": {"pe": 3}, "pool": {}, "dense": {}}', r"layer 'conv': pe = 3 is not one of \[1, 2, 4, 8\]"),
        ('{"conv": {"memory": "tape"}, "pool": {}, "dense": {}}', "memory = 'tape' is not auto"),
        ('{"conv": {"levels": 0}, "pool": {}, "dense": {}}', "levels = 0 is not one of 1 to 1000"),
        ('{"conv": {}, "pool": {}, "dense": {}, "extra": {}}', "layer 'extra' is unknown"),
    ],
)
def test_a_wrong_folding_file_is_refused(graph: Graph[TensorType], tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "folding.json"
    path.write_text(text)
    with pytest.raises(CompileError, match=message):
        load_folding(path, graph)
