"""Lists of whole weights: what is 0 takes no step, and the price says where that is worth a list."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.compiler.alternatives import alternatives
from mulfree.compiler.families.and_popcount import AndPopcountKept
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate
from tests.compiler.families.layers import network

X = TensorType((64,), IntRange(0, 255))


def weights(zeros: float) -> IntArray:
    random = np.random.default_rng(0)
    rows: IntArray = random.integers(1, 128, (16, 64)) * random.choice([-1, 1], (16, 64))
    return rows * (random.random((16, 64)) >= zeros)


def layer(zeros: float) -> MultiplyAccumulate:
    return MultiplyAccumulate(Tensor(weights(zeros)[:, :, None, None]))


@pytest.mark.parametrize(("pe", "simd"), [(1, 1), (4, 2)])
def test_a_processing_element_takes_a_step_for_each_weight_of_its_longest_lane(pe: int, simd: int) -> None:
    hardware = to_hardware(
        network(X, layer(0.9)),
        lambda g: dict.fromkeys(foldable_layers(g), LayerFolding(pe, simd)),
        prefer=("and_popcount_kept",),
    )
    stage = hardware.design.stages[-1]
    kept = (weights(0.9) != 0).reshape(16 // pe, pe, 64 // simd, simd).sum(axis=2)
    assert (stage.module, stage.parameters["entries"]) == ("sparse_matrix", kept.sum())
    assert stage.parameters["steps"] == np.maximum(kept.max(axis=(1, 2)), 1).sum()


@pytest.mark.parametrize(("zeros", "first"), [(0.9, "and_popcount_kept"), (0.1, "and_popcount")])
def test_weights_are_listed_where_most_are_zero(zeros: float, first: str) -> None:
    found = alternatives(network(X, layer(zeros)), {"y": LayerFolding(2, 1)}, "xc7")["y"]
    assert found[0].arithmetic.name == first


def test_a_list_is_offered_as_long_as_enough_weights_are_zero() -> None:
    assert AndPopcountKept.accepts(layer(0.5), X)
    assert not AndPopcountKept.accepts(layer(0.3), X)
    assert not AndPopcountKept.accepts(layer(1.0), X)
