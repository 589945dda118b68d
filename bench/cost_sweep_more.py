"""More of the stages that the cost model is calibrated on: transforms, layers of constants, and small ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mulfree.compiler.families.aw_convolution.operator import AttentionalConv
from mulfree.compiler.families.shift_add import ShiftAdd
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import BIPOLAR, BIT, TERNARY, Graph, IntArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import Add, ChannelGather, Clamp, Concat, MultiplyAccumulate, Pad, Threshold, TopK, Window
from mulfree.rtl import Stage, Stream, stages

FEW, BYTE = IntRange(0, 3), IntRange(0, 255)
RANDOM = np.random.default_rng(17)


def more() -> Iterator[Stage]:
    yield from _fifos()
    yield from _widths()
    yield from _maps()
    yield from _lanes()
    yield from _unrolled()
    yield from _transforms()
    yield from _even_thresholds()
    yield from _attentional()


def _stream(range: IntRange, shape: tuple[int, ...], lanes: int) -> Stream:
    value = Value("x", TensorType(shape, range))
    order = np.arange(value.type.size)
    raster = order.reshape(shape[0], -1).T.ravel() if len(shape) == 3 else order
    return Stream("x", value, raster, lanes, value.type)


def _fifos() -> Iterator[Stage]:
    for range, lanes, depth in (
        (BYTE, 4, 32), (FEW, 4, 3), (BIT, 32, 100), (BYTE, 2, 20), (FEW, 8, 8), (BIT, 16, 256), (BYTE, 1, 4),
        (BIT, 48, 12), (FEW, 32, 2),
    ):  # fmt: skip
        yield stages.fifo("stage", _stream(range, (192,), lanes), depth)
    for range, lanes, copies in ((FEW, 4, 2), (BIT, 32, 3), (BYTE, 8, 4), (BIT, 1, 2)):
        yield stages.fork("stage", _stream(range, (64,), lanes), copies)


def _widths() -> Iterator[Stage]:
    for range, lanes, wanted in (
        (BIT, 16, 64), (BYTE, 4, 1), (FEW, 8, 2), (BIT, 4, 96), (BYTE, 6, 4), (FEW, 3, 12), (BIT, 48, 8), (BYTE, 2, 3),
    ):  # fmt: skip
        yield stages.width_converter("stage", _stream(range, (192,), lanes), wanted)


def _maps() -> Iterator[Stage]:
    for range, shape, lanes, pads in (
        (BIT, (16, 20, 20), 4, (2, 2, 2, 2)), (BYTE, (8, 7, 7), 2, (1, 0, 0, 1)), (FEW, (32, 16, 16), 8, (1, 1, 1, 1)),
        (BIPOLAR, (3, 50, 40), 3, (1, 1, 1, 1)), (FEW, (6, 6, 6), 1, (0, 2, 0, 2)),
    ):  # fmt: skip
        x, op = _stream(range | IntRange(0, 0), shape, lanes), Pad(pads, 0)
        yield stages.pad("stage", x, Graph(inputs=[x.value]).add(op, x.value, name="y"), op)
    for range, shape, lanes, window in (
        (FEW, (16, 24, 24), 4, Window((3, 3), pads=(1, 1, 1, 1))), (BIPOLAR, (64, 16, 16), 16, Window((3, 3))),
        (BYTE, (2, 40, 30), 1, Window((3, 3), (2, 2))), (FEW, (24, 10, 10), 24, Window((2, 2), (2, 2))),
        (BIT, (12, 20, 20), 3, Window((5, 5), pads=(2, 2, 2, 2))), (BIPOLAR, (256, 6, 6), 32, Window((3, 3))),
        (FEW, (12, 30, 30), 12, Window((3, 3), pads=(1, 1, 1, 1))),
        (BIT, (64, 16, 16), 64, Window((3, 3), (2, 2), pads=(1, 1, 1, 1))),
        (BYTE, (2, 12, 20), 2, Window((5, 3), pads=(2, 1, 2, 1))),
        (FEW, (32, 8, 8), 8, Window((3, 3), (2, 2), pads=(0, 0, 1, 1))),
    ):  # fmt: skip
        yield stages.sliding_window("stage", _stream(range, shape, lanes), window)
    for range, shape, lanes, axes in (
        (FEW, (4, 16, 16), 2, (1, 0, 2)), (BYTE, (6, 9, 9), 1, (2, 1, 0)), (BIT, (24, 7, 5), 8, (1, 0, 2)),
        (FEW, (10, 4, 12), 1, (0, 2, 1)),
    ):  # fmt: skip
        x = _stream(range, shape, lanes)
        places = np.arange(x.type.size).reshape(*shape[1:], shape[0]).transpose(axes).ravel()
        yield stages.reorder("stage", x, Value("y", x.type), np.arange(x.type.size), places)
    for range, shape, lanes, reach in ((BYTE, (8, 10, 10), 4, 1), (FEW, (12, 8, 8), 2, 2), (BIT, (32, 20, 20), 8, 1)):
        y = Value("y", TensorType(shape, range | IntRange(0, 0)))
        offsets = RANDOM.integers(-reach, reach + 1, (shape[0], 2))
        yield stages.spatial_shift("stage", _stream(range, shape, lanes), y, offsets)


def _lanes() -> Iterator[Stage]:
    """Clamps and sums over more ranges, and the largest of more numbers."""
    for lo, hi, lanes, low, high in (
        (0, 15, 8, 2, 9), (-40, 40, 4, 0, 31), (-128, 127, 2, -20, 100), (0, 500, 1, 0, 255), (-7, 7, 12, -5, 5),
        (0, 100, 6, 10, 63), (-3000, 3000, 2, -128, 127), (-20, 50, 10, 0, 15),
    ):  # fmt: skip
        x, clamp = _stream(IntRange(lo, hi), (48,), lanes), Clamp(low, high)
        yield stages.clamp("stage", x, Graph(inputs=[x.value]).add(clamp, x.value, name="y"), clamp)
    for range, other, lanes in ((IntRange(0, 15), BYTE, 3), (IntRange(-60, 60), FEW, 6), (IntRange(0, 999), BYTE, 2)):
        a, b = _stream(range, (48,), lanes), _stream(other, (48,), lanes)
        total = Graph(inputs=[a.value, b.value]).add(Add(), a.value, b.value, name="y")
        yield stages.add("stage", a, b, total)
    for range, count, k in ((IntRange(-9, 9), 20, 1), (BYTE, 12, 2), (IntRange(-500, 500), 100, 1), (FEW, 64, 4)):
        x, top = _stream(range, (count,), 1), TopK(k)
        yield stages.top_k("stage", x, Graph(inputs=[x.value]).add(top, x.value, name="y"), top)
    for range, shape, lanes, axis in ((FEW, (12, 8, 8), 6, 0), (BIT, (64,), 16, 0), (BYTE, (6, 3, 9), 2, 1)):
        xs = [_stream(range, shape, lanes) for _ in (0, 1)]
        y = Graph(inputs=[x.value for x in xs]).add(Concat(axis), *(x.value for x in xs), name="y")
        yield stages.concat("stage", xs, y, axis)
    for range, channels, lanes, out in ((FEW, 24, 8, 6), (BIT, 48, 12, 16), (BYTE, 6, 3, 2), (FEW, 20, 5, 5)):
        x, op = _stream(range, (channels, 4, 4), lanes), ChannelGather(tuple(RANDOM.permutation(channels).tolist()))
        yield stages.channel_gather("stage", x, Graph(inputs=[x.value]).add(op, x.value, name="y"), op, lanes=out)


def _unrolled() -> Iterator[Stage]:
    """Whole layers at once: a matrix of constants, or sums that are compared."""
    for outputs, inputs, x, w, has_steps in (
        (16, 24, BIPOLAR, BIPOLAR, False), (8, 16, FEW, TERNARY, False), (10, 20, BYTE, IntRange(-7, 7), False),
        (24, 32, BIPOLAR, BIPOLAR, True), (12, 12, IntRange(-8, 7), IntRange(-3, 3), False),
        (12, 40, BIT, TERNARY, True),
        (6, 30, FEW, IntRange(-7, 7), True), (20, 16, BIPOLAR, TERNARY, False), (8, 24, BYTE, BIPOLAR, True),
        (16, 48, BIPOLAR, BIPOLAR, True), (16, 10, FEW, IntRange(-31, 31), False), (32, 12, BIPOLAR, BIPOLAR, True),
    ):  # fmt: skip
        drawn = w.lo + w.step * RANDOM.integers(0, w.count, (outputs, inputs, 1, 1))
        yield from _whole_layer(TensorType((inputs,), x), Tensor(drawn), has_steps)


def _whole_layer(x: TensorType, weights: Tensor, has_steps: bool) -> Iterator[Stage]:
    """By shift-add, with a threshold or as two stages: the matrix with a register on the way, too."""
    graph, value = Graph[TensorType](name="network"), Value("x", x)
    op = ShiftAdd.replacing(MultiplyAccumulate(weights), x)
    y = Graph(inputs=[value]).add(op, value, name="y")
    stream, outputs = _stream(x.range, x.shape, x.size), op.unrolled(np.arange(x.size), "xc7")
    rows: IntArray = RANDOM.integers(y.type.range.lo // 2, y.type.range.hi // 2 + 1, (weights.shape[0], 1))
    if has_steps:
        steps = Threshold(Tensor(rows), Tensor(np.array([0])), Tensor(np.array([1])), BIT)
        compared = graph.add(steps, graph.add_input("y", y.type), name="steps")
        yield stages.constant_layer("stage", stream, compared, outputs, threshold=steps, target="xc7")
    else:
        yield stages.constant_layer("stage", stream, y, outputs, target="xc7")
        matrix = weights.array.reshape(len(rows), -1)
        yield stages.constant_matrix("stage", stream, y, weights=matrix, registers=2, target="xc7")


FERMAT = ("butterflies", "spectrum_product", "transform_engine", "remainders", "from_words", "to_words")


def _transforms() -> Iterator[Stage]:
    """Of each convolution by transforms, the first stage of every kind."""
    for channels, outputs, size, bits, peak, pe, simd in (
        (4, 4, 8, 2, 3, 1, 1), (4, 2, 10, 4, 3, 2, 2), (2, 2, 6, 8, 31, 1, 1), (2, 4, 9, 3, 1, 2, 1),
        (1, 2, 12, 8, 99, 2, 1), (3, 2, 7, 4, 7, 1, 3), (2, 1, 8, 8, 127, 1, 2),
    ):  # fmt: skip
        yield from _convolved(channels, outputs, size, IntRange.unsigned(bits), peak, LayerFolding(pe, simd))


def _convolved(
    channels: int, outputs: int, size: int, x: IntRange, peak: int, folding: LayerFolding
) -> Iterator[Stage]:
    graph = Graph[TensorType](name="network")
    weights = Tensor(RANDOM.integers(-peak, peak + 1, (outputs, channels, 3, 3)))
    layer = MultiplyAccumulate(weights, Window((3, 3), pads=(1, 1, 1, 1)))
    graph.outputs = [graph.add(layer, graph.add_input("x", TensorType((channels, size, size), x)), name="stage")]
    made = to_hardware(graph, lambda g: dict.fromkeys(foldable_layers(g), folding), prefer=("fermat",)).design
    first = {stage.module: stage for stage in reversed(made.stages)}
    yield from (replace(first[kind], name="stage") for kind in FERMAT if kind in first)


def _even_thresholds() -> Iterator[Stage]:
    """Steps of a width of its own for each channel, or of one width for all."""
    for channels, lanes, bits, top, is_alike in (
        (64, 1, 4, 1000, False), (32, 4, 3, 255, False), (16, 16, 4, 500, True), (128, 2, 5, 4000, False),
        (48, 8, 4, 300, True), (256, 1, 6, 2000, False), (24, 12, 3, 127, True), (64, 4, 4, 1500, False),
        (20, 2, 2, 60, False), (96, 3, 5, 900, True), (40, 8, 3, 700, False), (512, 2, 4, 250, False),
    ):  # fmt: skip
        x, steps = _stream(IntRange(0, top), (channels,), lanes), 2**bits - 1
        slopes = RANDOM.integers(1, max(2, top // (steps + 1)), 1 if is_alike else channels)
        offsets = RANDOM.integers(1, max(2, top // (steps + 1)), 1 if is_alike else channels)
        rows = np.broadcast_to(offsets[:, None] + slopes[:, None] * np.arange(steps), (channels, steps))
        op = Threshold(Tensor(rows.copy()), Tensor(np.array([0])), Tensor(np.array([1])), IntRange(0, steps))
        y = Graph(inputs=[x.value]).add(op, x.value, name="y")
        stage = stages.even_threshold("stage", x, y, op, target="xc7")
        assert stage is not None, "these thresholds are evenly spaced"
        yield stage


def _attentional() -> Iterator[Stage]:
    """Weights that a second stream shifts: one exponent for each tap, filter or weight."""
    for range, channels, outputs, kernel, attended, exponents, residual, pe, simd in (
        (IntRange(-4, 3), 8, 8, 3, (8, 1, 3, 3), 3, 8, 2, 4), (FEW, 4, 8, 2, (8, 4, 2, 2), 4, 1, 1, 2),
        (BIPOLAR, 16, 8, 1, (2, 2, 1, 1), 2, 0, 4, 8), (BYTE, 4, 4, 3, (4, 1, 3, 3), 2, 4, 1, 1),
        (TERNARY, 8, 16, 1, (1, 1, 1, 1), 6, 0, 8, 2), (IntRange(-8, 7), 6, 6, 3, (6, 1, 1, 1), 5, 1, 3, 3),
        (FEW, 16, 4, 3, (4, 1, 3, 3), 3, 4, 2, 8), (BIPOLAR, 8, 8, 3, (8, 8, 3, 3), 2, 4, 2, 2),
        (IntRange(0, 15), 8, 4, 2, (4, 8, 2, 2), 1, 0, 4, 4),
    ):  # fmt: skip
        codes = RANDOM.choice([-3, -2, -1, 1, 2, 3], (outputs, channels, kernel, kernel))
        op = AttentionalConv(Tensor(codes), Window((kernel, kernel)), 1, residual)
        graph = Graph[TensorType](name="network")
        x = graph.add_input("x", TensorType((channels, 4, 4), range))
        exponent = graph.add_input("a", TensorType(attended, IntRange(0, exponents)))
        graph.outputs = [graph.add(op, x, exponent, name="stage")]
        folding = LayerFolding(pe, simd)
        made = to_hardware(graph, lambda g, f=folding: dict.fromkeys(foldable_layers(g), f)).design.stages
        yield next(replace(stage, name="stage") for stage in made if stage.module == "attentional_matrix")
