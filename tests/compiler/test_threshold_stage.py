"""Thresholds of several levels: which stage they become, and that it is the same function."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.pipeline import Hardware, to_hardware
from mulfree.compiler.price import price
from mulfree.ir import Graph, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Threshold
from mulfree.rtl import stages
from mulfree.rtl.cost import TARGETS, stage_cost
from tests.compiler.test_unrolled import check, modules

X = TensorType((12,), IntRange(-8, 7))
LAYER = MultiplyAccumulate(Tensor(np.random.default_rng(1).integers(-7, 8, (96, 12, 1, 1))))
LEVELS = IntRange(0, 15)


def even() -> IntArray:
    """As a scale of each channel makes them."""
    slopes = np.random.default_rng(2).uniform(8, 40, (96, 1))
    return np.ceil(slopes * (np.arange(1, 16) - 7.3)).astype(np.int64)


def uneven() -> IntArray:
    return np.sort(np.random.default_rng(3).integers(-300, 300, (96, 15)), axis=1)


def built(table: IntArray, target: str) -> tuple[Graph[TensorType], Hardware]:
    graph = Graph[TensorType](name="network")
    y = graph.add(LAYER, graph.add_input("x", X), name="y")
    op = Threshold(Tensor(table), Tensor(np.array([0])), Tensor(np.array([1])), LEVELS)
    graph.outputs = [graph.add(op, y, name="levels")]
    folding = dict.fromkeys(foldable_layers(graph), LayerFolding(1, 3))
    return graph, to_hardware(graph, lambda _: folding, target=target)


@pytest.mark.parametrize("target", TARGETS)
def test_the_cheaper_stage_is_built(target: str) -> None:
    _, hardware = built(even(), target)
    (stage,) = [stage for stage in hardware.design.stages if "threshold" in stage.module]
    (reader,) = [node for node in hardware.graph.nodes if isinstance(node.op, Threshold)]
    assert isinstance(reader.op, Threshold)
    x, value = stage.inputs[0], reader.output
    ways = [stages.threshold("y", x, value, reader.op), stages.even_threshold("y", x, value, reader.op, target=target)]
    prices = [price(stage_cost(way, target), target) for way in ways if way]
    assert len(prices) == 2
    assert price(stage_cost(stage, target), target) == min(prices)


def test_a_division_takes_the_place_of_a_search_and_gives_the_same() -> None:
    graph, hardware = built(even(), "xc7")
    assert "even_threshold" in modules(hardware)
    check(hardware, graph, X)


def test_uneven_thresholds_are_searched() -> None:
    assert "threshold" in modules(built(uneven(), "xc7")[1])
