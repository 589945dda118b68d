"""One example or a few of every other kind of stage, each against its operator's own definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mulfree.ir import BIPOLAR, AnyArray, IntOp, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import (
    Add,
    Affine,
    ChannelGather,
    Clamp,
    Concat,
    Leaky,
    MaxPool,
    MinPool,
    MultiplyAccumulate,
    Pad,
    SumPool,
    TopK,
    Window,
)
from mulfree.rtl import Circuit, Stage, Stream, Wire, cells, stages
from mulfree.rtl.stages.constants import raster_order

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]


def stream_of(name: str, shape: tuple[int, ...], range: IntRange, lanes: int) -> Stream:
    type = TensorType(shape, range)
    return Stream(name, Value(name, type), raster_order(shape), lanes, type)


def values_of(x: Stream, frames: int = 3) -> AnyArray:
    range, shape = x.type.range, (frames, *x.value.type.shape)
    return range.lo + range.step * np.random.default_rng(len(shape)).integers(0, range.count, shape)


def result_of(op: IntOp, *xs: Stream) -> Value[TensorType]:
    return Value("y", op.infer(*(x.value.type for x in xs)))


def per_channel(*values: int) -> Tensor:
    return Tensor(np.array(values))


@pytest.mark.parametrize("range", [IntRange(-9, 12), IntRange(-9, 12, 3), IntRange(2, 30)], ids=str)
def test_clamp(check_stage: Check, range: IntRange) -> None:
    x, op = stream_of("x", (4, 2, 2), range, 2), Clamp(0, 6)
    values = values_of(x)
    check_stage(stages.clamp("limit", x, result_of(op, x), op), [values], [op.evaluate(values)])


@pytest.mark.parametrize("pieces", [IntRange(0, 5), IntRange(1, 5, 2), IntRange(0, 1)])
def test_lookup(check_stage: Check, pieces: IntRange) -> None:
    table = np.array([0, -3, 7, 7, 100, 12])
    x = stream_of("x", (4, 2, 2), pieces, 2)
    reached = IntRange.spanning(table[pieces.lo : pieces.hi + 1 : pieces.step].tolist())
    values = values_of(x)
    stage = stages.lookup("values", x, Value("y", TensorType((4, 2, 2), reached)), table)
    check_stage(stage, [values], [table[values]])


@pytest.mark.parametrize("slopes", [(10, 1), (3, -7)])
def test_leaky(check_stage: Check, slopes: tuple[int, int]) -> None:
    x, op = stream_of("x", (4, 2, 2), IntRange(-20, 19), 2), Leaky(*slopes)
    values = values_of(x)
    check_stage(stages.leaky("slope", x, result_of(op, x), op), [values], [op.evaluate(values)])


AFFINE = pytest.mark.parametrize(
    "op",
    [
        Affine(per_channel(-37), per_channel(5)),
        Affine(per_channel(3), per_channel(5, -6, 0, 90)),
        Affine(per_channel(7, -6, 0, 119), per_channel(1)),
        Affine(per_channel(6, -6, 18, 12), per_channel(3, 9, -300, 0)),
    ],
    ids=["constants", "offsets", "multipliers", "both"],
)


@AFFINE
@pytest.mark.parametrize("lanes", [1, 4])
def test_affine(check_stage: Check, op: Affine, lanes: int) -> None:
    x = stream_of("x", (4, 2, 3), IntRange(-20, 19), lanes)
    values = values_of(x)
    check_stage(stages.affine("scale", x, result_of(op, x), op), [values], [op.evaluate(values)])


@AFFINE
def test_affine_with_registers_on_the_way(check_stage: Check, op: Affine) -> None:
    """From a memory where a token holds two of four channels."""
    x = stream_of("x", (4, 2, 3), IntRange(-20, 19), 2)
    values = values_of(x)
    stage = stages.affine("scale", x, result_of(op, x), op, levels=1)
    assert stage.parameters["registers"] > 1
    check_stage(stage, [values], [op.evaluate(values)])


def test_add(check_stage: Check) -> None:
    a, b, op = stream_of("a", (4, 3), IntRange(-5, 5), 2), stream_of("b", (4, 3), IntRange(-9, 6, 3), 2), Add()
    values = [values_of(a), values_of(b)]
    check_stage(stages.add("sum", a, b, result_of(op, a, b)), values, [op.evaluate(*values)])


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (2, 3), (3, 2), (3, 3)])
def test_width_converter(check_stage: Check, before: int, after: int) -> None:
    x = stream_of("x", (12,), IntRange(-5, 4), before)
    values = values_of(x)
    check_stage(stages.width_converter("width", x, after), [values], [values])


def test_fork(check_stage: Check) -> None:
    x = stream_of("x", (12,), IntRange(-5, 4), 3)
    values = values_of(x, 6)
    check_stage(stages.fork("copies", x, 3), [values], [values] * 3)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_fifo(check_stage: Check, depth: int) -> None:
    x = stream_of("x", (12,), IntRange(-5, 4), 1)
    values = values_of(x)
    check_stage(stages.fifo("queue", x, depth), [values], [values])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_concat(check_stage: Check, axis: int) -> None:
    shapes = [[4, 2, 3], [4, 2, 3], [4, 2, 3]]
    for i, shape in enumerate(shapes):
        shape[axis] = 2 * (i + 1)
    ranges = [IntRange(-5, 5), BIPOLAR, IntRange(0, 30, 3)]
    xs = [stream_of(f"x{i}", tuple(s), r, 2) for i, (s, r) in enumerate(zip(shapes, ranges, strict=True))]
    op, values = Concat(axis), [values_of(x) for x in xs]
    stage = stages.concat("joined", xs, result_of(op, *xs), axis)
    np.testing.assert_array_equal(stage.outputs[0].order, raster_order(stage.outputs[0].value.type.shape))
    check_stage(stage, values, [op.evaluate(*values)])


@pytest.mark.parametrize("value", [0, -3])
def test_pad(check_stage: Check, value: int) -> None:
    x, op = stream_of("x", (4, 2, 3), BIPOLAR, 2), Pad((1, 0, 2, 3), value)
    values = values_of(x)
    check_stage(stages.pad("edges", x, result_of(op, x), op), [values], [op.evaluate(values)])


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 6), (4, 6), (4, 3)])
def test_channel_gather(check_stage: Check, before: int, after: int) -> None:
    x, op = stream_of("x", (4, 2, 3), IntRange(-5, 5), before), ChannelGather((3, 0, 0, 2, 1, 3))
    values = values_of(x)
    stage = stages.channel_gather("gather", x, result_of(op, x), op, lanes=after)
    check_stage(stage, [values], [op.evaluate(values)])


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("range", [IntRange(-3, 3), IntRange(0, 5), IntRange(-9, 9, 6)], ids=str)
def test_top_k(check_stage: Check, k: int, range: IntRange) -> None:
    x, op = stream_of("x", (9,), range, 1), TopK(k)
    values = values_of(x, 20)
    check_stage(stages.top_k("best", x, result_of(op, x), op), [values], [op.evaluate(values)])


POOLS: dict[str, Callable[[Window], MaxPool | MinPool | SumPool]] = {"max": MaxPool, "min": MinPool, "sum": SumPool}


@pytest.mark.parametrize("combine", ["max", "min", "sum"])
@pytest.mark.parametrize("range", [IntRange(-5, 5), IntRange(-9, 9, 6)], ids=str)
@pytest.mark.parametrize("kernel", [(1, 1), (2, 3)])
def test_pools(check_stage: Check, combine: stages.Combine, range: IntRange, kernel: tuple[int, int]) -> None:
    x, op = stream_of("x", (4, 4, 6), range, 2), POOLS[combine](Window(kernel, kernel))
    windows = stages.sliding_window("windows", x, op.window, groups=2).outputs[0]
    stage = stages.channelwise("pool", windows, result_of(op, x), taps=op.window.taps, combine=combine)
    values = values_of(x)
    check_stage(stage, [values], [op.evaluate(values)])


def signed(circuit: Circuit, x: Wire, w: Wire) -> Wire:
    return circuit.drive(cells.MUX, w, x, circuit.drive(cells.NEGATE, x))


@pytest.mark.parametrize("lanes", [1, 2, 4])
@pytest.mark.parametrize("kernel", [(1, 1), (2, 2)])
def test_depthwise_convolution(check_stage: Check, lanes: int, kernel: tuple[int, int]) -> None:
    x = stream_of("x", (4, 3, 3), IntRange(-5, 5), lanes)
    weights = np.random.default_rng(3).choice([-1, 1], (4, 1, *kernel))
    op = MultiplyAccumulate(Tensor(weights), Window(kernel), groups=4)
    windows = stages.sliding_window("windows", x, op.window, groups=4 // lanes).outputs[0]
    stage = stages.channelwise(
        "depthwise",
        windows,
        result_of(op, x),
        taps=op.window.taps,
        combine="sum",
        weights=weights.reshape(4, -1),
        lane=signed,
        weight_range=BIPOLAR,
    )
    values = values_of(x)
    check_stage(stage, [values], [op.evaluate(values)])


@pytest.mark.parametrize("x_range", [IntRange(0, 12), IntRange(-9, -2)])
def test_leaky_on_one_side_of_zero_compares_nothing(check_stage: Check, x_range: IntRange) -> None:
    x, op = stream_of("x", (4, 2, 2), x_range, 2), Leaky(3, 1)
    values = values_of(x)
    check_stage(stages.leaky("slope", x, result_of(op, x), op), [values], [op.evaluate(values)])
