"""Folded shift-add: digits that are not 0 are all that is stored, stepped through and counted."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.compiler.families.shift_add import ShiftAdd
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import AnyArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.rtl import Stage
from mulfree.rtl.price import signed_digits
from tests.compiler.families.layers import network

X = TensorType((64,), IntRange(0, 255))


def weights(zeros: float) -> AnyArray:
    random = np.random.default_rng(0)
    return random.integers(-127, 128, (16, 64)) * (random.random((16, 64)) >= zeros)


def stage_of(rows: AnyArray, pe: int, simd: int) -> Stage:
    layer = MultiplyAccumulate(Tensor(rows[:, :, None, None]))
    folding = LayerFolding(pe, simd)
    hardware = to_hardware(
        network(X, layer), lambda g: dict.fromkeys(foldable_layers(g), folding), prefer=("shift_add",)
    )
    (stage,) = [s for s in hardware.design.stages if s.module in ("sparse_matrix", "matrix_vector")]
    return stage


def digits(rows: AnyArray) -> AnyArray:
    return np.array([[len(signed_digits(abs(w))) for w in row] for row in rows.tolist()])


@pytest.mark.parametrize(("pe", "simd"), [(1, 1), (4, 2)])
def test_a_processing_element_takes_a_step_for_each_digit_of_its_longest_lane(pe: int, simd: int) -> None:
    rows = weights(zeros=0.9)
    stage = stage_of(rows, pe, simd)
    by_lane = digits(rows).reshape(16 // pe, pe, 64 // simd, simd).sum(axis=2)
    assert (stage.module, stage.parameters["entries"]) == ("sparse_matrix", digits(rows).sum())
    assert stage.parameters["steps"] == np.maximum(by_lane.max(axis=(1, 2)), 1).sum()
    assert stage.memories["weights"].depth == stage.parameters["steps"]


def test_rows_of_many_digits_are_walked_whole() -> None:
    assert stage_of(weights(zeros=0.0), 4, 2).module == "matrix_vector"


def test_a_list_is_offered_as_long_as_digits_are_few() -> None:
    for zeros, is_offered in ((0.95, True), (0.0, False)):
        layer = MultiplyAccumulate(Tensor(weights(zeros)[:, :, None, None]))
        assert ShiftAdd.replacing(layer, X).gains(is_unrolled=False) == is_offered
