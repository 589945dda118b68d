"""Registers in the lanes of reducing stages: values and cycles, token by token, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.rtl import Circuit, Stage, Stepper, Stream, Wire, cells, stages
from mulfree.rtl.stages import EntrySchedule, MaxPlusMin, Sum, matrix_vector
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.lane_registers import lane_pipeline, lane_registers
from tests.rtl.stages.test_matrix_vector import few, layers, sample, signed_sum, xnor_popcount

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]


def dense(weights: AnyArray, x: IntRange, pe: int, simd: int, levels: int | None, target: str = "generic") -> Stage:
    value = Value("x", TensorType(weights.shape[1:], x))
    y = Value("y", MultiplyAccumulate(Tensor(weights[..., None, None])).infer(value.type))
    stream = Stream("x", value, raster_order(value.type.shape), simd, value.type)
    lane = xnor_popcount if x == BIPOLAR else signed_sum
    options: dict[str, Any] = {"pe": pe, "lane": lane, "weight_range": BIPOLAR, "levels": levels, "target": target}
    return matrix_vector("layer", stream, y, weights=weights, **options)


def signs(*shape: int) -> AnyArray:
    return np.random.default_rng(3).choice([-1, 1], shape)


def registers(stage: Stage) -> int:
    return stage.parameters["registers"]


@few
@given(layer=layers(IntRange(-8, 7)), levels=st.integers(1, 3))
def test_matrices_equal_the_dot_product_in_the_cycles_of_the_models(
    check_stage: Check, layer: tuple[Any, ...], levels: int
) -> None:
    op, x, y, pe, simd = layer
    stream = Stream("x", x, raster_order(x.type.shape), simd, x.type)
    weights = op.weights.array.reshape(op.weights.shape[0], -1)
    options: dict[str, Any] = {
        "weights": weights,
        "pe": pe,
        "lane": signed_sum,
        "groups": op.groups,
        "weight_range": BIPOLAR,
    }
    stage = matrix_vector("layer", stream, y, levels=levels, **options)
    values = sample(x.type.range, 3, x.type.shape)
    check_stage(stage, [values], [op.evaluate(values)])


@pytest.mark.parametrize("target", ["generic", "xc7"])
@pytest.mark.parametrize(("outputs", "inputs", "pe", "simd"), [(4, 40, 2, 20), (6, 24, 2, 24), (3, 30, 3, 30)])
def test_wide_lanes_with_a_run_of_steps_with_one_and_with_constants(
    check_stage: Check, target: str, outputs: int, inputs: int, pe: int, simd: int
) -> None:
    weights = signs(outputs, inputs)
    stage = dense(weights, BIPOLAR, pe, simd, 1, target)
    stage.target = target
    assert registers(stage) >= 3
    values = sample(BIPOLAR, 5, (inputs,))
    check_stage(stage, [values], [values @ weights.T])


@pytest.mark.parametrize("reduced", [(3, 5), (1, 9)])
def test_the_largest_and_the_smallest_of_a_run_pass_trees_with_registers(
    check_stage: Check, reduced: tuple[int, int]
) -> None:
    """max + min over x + w and x - w."""
    folds, simd = reduced
    weights = np.random.default_rng(1).integers(-4, 4, (4, folds * simd))
    value = Value("x", TensorType((folds * simd,), IntRange(-8, 7)))
    y = Value("y", TensorType((4,), IntRange(-24, 24)))
    stream = Stream("x", value, np.arange(folds * simd), simd, value.type)

    def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
        sums, differences = circuit.drive(cells.ADD, x, w), circuit.drive(cells.SUB, x, w)
        both = circuit.drive(cells.LARGEST, sums), circuit.drive(cells.SMALLEST, differences)
        return circuit.drive(cells.JOIN, *(circuit.cast(wire, IntRange(-12, 11)) for wire in both))

    options: dict[str, Any] = {"weights": weights, "pe": 2, "lane": lane, "reduce": MaxPlusMin, "levels": 1}
    stage = matrix_vector("layer", stream, y, **options)
    assert registers(stage) >= simd.bit_length()
    values = sample(value.type.range, 5, (folds * simd,))
    sums, differences = (values[:, None] + sign * weights for sign in (1, -1))
    check_stage(stage, [values], [sums.max(-1) + differences.min(-1)])


def _channelwise(levels: int | None, positions: tuple[int, int]) -> tuple[Stage, MultiplyAccumulate, TensorType]:
    """Six channels of a depthwise convolution, two at a time, over a map that has them as its pixels."""
    op = MultiplyAccumulate(Tensor(signs(6, 1, 3, 3)), Window((3, 3)), groups=6)
    value = Value("x", TensorType((6, *positions), IntRange(-8, 7)))
    y = Value("y", op.infer(value.type))
    stream = Stream("x", value, raster_order(value.type.shape), 2, value.type)
    windows = stages.sliding_window("window", stream, op.window, groups=3).outputs[0]

    def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
        return circuit.drive(cells.MUX, w, x, circuit.drive(cells.NEGATE, x))

    options: dict[str, Any] = {"weights": op.weights.array.reshape(6, 9), "lane": lane, "weight_range": BIPOLAR}
    made = stages.channelwise("layer", windows, y, taps=9, combine="sum", levels=levels, **options)
    return made, op, value.type


def test_taps_pass_registers_before_they_are_added_up(check_stage: Check) -> None:
    stage, op, x = _channelwise(1, (4, 5))
    assert registers(stage) == 2
    values = sample(x.range, 2, x.shape)
    check_stage(stage, [values], [op.evaluate(values)])


def test_taps_that_come_without_a_memory_pass_registers_too(check_stage: Check) -> None:
    weights = signs(4, 1)
    value = Value("x", TensorType((4,), IntRange(-8, 7)))
    y = Value("y", TensorType((4,), IntRange(-16, 15)))
    stream = Stream("x", value, np.arange(4), 4, value.type)

    def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
        return circuit.drive(cells.ADD, circuit.drive(cells.MUX, w, x, circuit.drive(cells.NEGATE, x)), x)

    options: dict[str, Any] = {"weights": weights, "lane": lane, "weight_range": BIPOLAR, "levels": 1}
    stage = stages.channelwise("layer", stream, y, taps=1, combine="sum", **options)
    assert registers(stage) == 2
    values = sample(value.type.range, 9, (4,))
    check_stage(stage, [values], [values * weights[:, 0] + values])


@pytest.mark.parametrize(("pe", "simd"), [(2, 3), (6, 12)])
def test_weights_that_a_stream_modifies_meet_it_in_step(check_stage: Check, pe: int, simd: int) -> None:
    """x where w and the attention agree, else -x; the attention comes again for every step."""
    weights, positions = signs(6, 12), (2, 3)
    x = Value("x", TensorType((12, *positions), IntRange(-8, 7)))
    steps = 6 // pe * (12 // simd)
    attention = Value("a", TensorType((6 * steps * pe * simd,), BIPOLAR))
    y = Value("y", TensorType((6, *positions), IntRange(-96, 96)))
    windows = Stream("x", x, raster_order(x.type.shape), simd, x.type)
    second = Stream("a", attention, np.arange(attention.type.size), pe * simd, attention.type)

    def lane(circuit: Circuit, x: Wire, w: Wire, a: Wire) -> Wire:
        same = circuit.drive(cells.XNOR, w, a)
        return circuit.drive(cells.SUM, circuit.drive(cells.MUX, same, x, circuit.drive(cells.NEGATE, x)))

    options: dict[str, Any] = {
        "weights": weights,
        "pe": pe,
        "attended": pe,
        "lane": lane,
        "weight_range": BIPOLAR,
        "levels": 1,
    }
    stage = stages.attentional_matrix("layer", windows, second, y, **options)
    assert registers(stage) > 2
    given, modified = sample(x.type.range, 3, x.type.shape), sample(BIPOLAR, 3, attention.type.shape)
    by_output = modified.reshape(3, 6, 6 // pe, 12 // simd, pe, simd).transpose(0, 1, 2, 4, 3, 5).reshape(3, 6, 6, 12)
    pixels = given.reshape(3, 12, 6)
    expected = np.einsum("fpmk,mk,fkp->fmp", by_output, weights, pixels).reshape(3, 6, *positions)
    check_stage(stage, [given, modified], [expected])


@pytest.mark.parametrize("share", [0.1, 0.6])
def test_listed_entries_pass_registers(check_stage: Check, share: float) -> None:
    kept = np.random.default_rng(5).random((1, 6, 12)) < share
    schedule = EntrySchedule.of(kept, 6, 2, repeats=False)
    weights = np.where(kept[0], signs(6, 12), 0)
    value = Value("x", TensorType((12,), IntRange(-8, 7)))
    y = Value("y", TensorType((6,), IntRange(-96, 96)))
    stream = Stream("x", value, np.arange(12), 6, value.type)
    codes = np.where(schedule.elements < 0, 0, weights[schedule.rows[..., None], schedule.elements])

    def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
        signed = circuit.drive(cells.MUX, circuit.drive(cells.bit(1), w), circuit.drive(cells.NEGATE, x), x)
        zero = circuit.constant([0])
        return circuit.drive(cells.SUM, circuit.drive(cells.MUX, circuit.drive(cells.bit(0), w), signed, zero))

    options: dict[str, Any] = {"codes": codes, "code_range": IntRange(-1, 1), "lane": lane, "reduce": Sum, "levels": 1}
    stage = stages.sparse_matrix("layer", stream, y, schedule=schedule, **options)
    assert registers(stage) > 2
    values = sample(value.type.range, 4, (12,))
    check_stage(stage, [values], [values @ weights.T])


@pytest.mark.parametrize("target", ["generic", "xc7", "ecp5"])
@pytest.mark.parametrize("levels", [1, 2, 3, 4, 100])
def test_no_path_between_registers_has_more_levels(levels: int, target: str) -> None:
    """The adder of the sums is one of them."""
    stage = dense(signs(4, 120), BIPOLAR, 2, 60, levels, target)
    stage.target = target
    if not registers(stage):
        assert lane_registers(stage.circuits, target, levels - 1) > 0 or levels == 100
        return
    cut = lane_pipeline(stage, target)
    ends = [0, *cut.cuts, cut.deepest + 1]
    assert max(b - a for a, b in pairwise(ends)) <= levels
    assert len(cut.cuts) == registers(stage)


def test_latency_grows_by_the_registers_and_throughput_stays() -> None:
    plain, cut = (dense(signs(8, 64), BIPOLAR, 2, 32, levels) for levels in (None, 1))
    assert registers(plain) == 0
    first, second = (stage.actors[0] for stage in (plain, cut))
    assert isinstance(first, Stepper)
    assert isinstance(second, Stepper)
    assert second.latency == first.latency + registers(cut)
    np.testing.assert_array_equal(first.consumes, second.consumes)
