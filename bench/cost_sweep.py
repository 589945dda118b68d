"""The stages that the cost model is calibrated on: small ones of every kind, over the parameters that matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from cost_sweep_more import more
from cost_sweep_trees import trees

from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.families.one_tap import OneTap
from mulfree.compiler.families.sum_max.kept import SumMaxKept
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.lower import lower
from mulfree.compiler.registry import arithmetics_of
from mulfree.ir import BIPOLAR, BIT, TERNARY, Graph, IntArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import (
    Add,
    Affine,
    ChannelGather,
    Clamp,
    Concat,
    Contraction,
    Leaky,
    MaxPool,
    MultiplyAccumulate,
    Pad,
    SumPool,
    Threshold,
    TopK,
    Window,
)
from mulfree.rtl import Memory, Stage, Stream, stages

FEW = IntRange(0, 3)
BYTE = IntRange(0, 255)
RANDOM = np.random.default_rng(7)


def sweep() -> Iterator[Stage]:
    """All stages; within a kind, neighbours differ in more than one parameter."""
    yield from _matrices()
    yield from _constant_matrices()
    yield from _thresholds()
    yield from _windows()
    yield from _pools()
    yield from _depthwise()
    yield from _affines()
    yield from _elementwise()
    yield from _plumbing()
    yield from _structure()
    yield from _signed()
    yield from _more_channelwise()
    yield from _reorders()
    yield from _shifts()
    yield from _families()
    yield from _listed()
    yield from _tapped()
    yield from _lookups()
    yield from trees()
    yield from more()
    yield from _long_matrices()


def memories() -> Iterator[Memory]:
    """Random constants, asked into look-up tables."""
    for depth, width in (
        (4, 32), (8, 32), (6, 60), (16, 32), (32, 32), (24, 20), (64, 16), (64, 64), (50, 32), (128, 32), (100, 12),
        (256, 32), (200, 9), (512, 32), (400, 16), (1024, 16),
    ):  # fmt: skip
        words = tuple(int.from_bytes(RANDOM.bytes(8)) & ((1 << width) - 1) for _ in np.arange(depth))
        yield Memory(width, words, "distributed")


def _stream(value: Value[TensorType], lanes: int) -> Stream:
    shape = value.type.shape
    order = np.arange(value.type.size)
    raster = order.reshape(shape[0], -1).T.ravel() if len(shape) == 3 else order
    return Stream("x", value, raster, lanes, value.type)


def _input(range: IntRange, *shape: int) -> Value[TensorType]:
    return Value("x", TensorType(shape, range))


def _weights(range: IntRange, *shape: int) -> Tensor:
    weights = RANDOM.integers(0, range.count, shape) * range.step + range.lo
    weights.flat[:2] = range.lo, range.hi
    return Tensor(weights)


def _matrix(outputs: int, inputs: int, pe: int, simd: int, x: IntRange, w: IntRange) -> Stage:
    layer = MultiplyAccumulate(_weights(w, outputs, inputs, 1, 1))
    value = _input(x, inputs)
    arithmetic = next(a for a in arithmetics_of(layer) if a.accepts(layer, value.type)).replacing(layer, value.type)
    graph = Graph(inputs=[value])
    options = {"weights": arithmetic.rows, "lane": arithmetic.lane, "weight_range": arithmetic.weight_range}
    result = graph.add(arithmetic, value, name="y")
    return stages.matrix_vector("stage", _stream(value, simd), result, pe=pe, **options)


def _matrices() -> Iterator[Stage]:
    for outputs, inputs, pe, simd in (
        (64, 64, 1, 64), (64, 64, 8, 8), (64, 64, 4, 16), (64, 64, 32, 2), (32, 96, 4, 24), (64, 64, 8, 64),
        (48, 36, 2, 36), (64, 128, 16, 16), (10, 64, 1, 8), (64, 64, 2, 32), (64, 784, 2, 98), (32, 256, 8, 32),
        (128, 64, 4, 4), (64, 576, 4, 36), (100, 100, 10, 10),
    ):  # fmt: skip
        yield _matrix(outputs, inputs, pe, simd, BIPOLAR, BIPOLAR)
    for x, w, pe, simd in (
        (BIT, TERNARY, 4, 16), (FEW, IntRange(-2, 1), 4, 8), (BYTE, BIPOLAR, 2, 8), (FEW, TERNARY, 8, 4),
        (BYTE, IntRange(-8, 7), 1, 4), (TERNARY, IntRange(-2, 1), 2, 16),
    ):  # fmt: skip
        yield _matrix(32, 48 if simd != 48 else 96, pe, simd, x, w)


def _long_matrices() -> Iterator[Stage]:
    """Weights in several blocks, and long vectors to keep."""
    for outputs, inputs, pe, simd in (
        (16, 1024, 1, 2), (8, 512, 1, 1), (32, 768, 1, 4), (64, 288, 4, 8), (20, 600, 2, 1), (48, 720, 3, 10),
    ):  # fmt: skip
        yield _matrix(outputs, inputs, pe, simd, BIPOLAR, BIPOLAR)


def _constant_matrices() -> Iterator[Stage]:
    for outputs, inputs in ((16, 16), (8, 32), (10, 48), (16, 64), (4, 24), (32, 32)):
        yield _matrix(outputs, inputs, outputs, inputs, BIPOLAR, BIPOLAR)
    for outputs, inputs, x, w in ((8, 16, FEW, TERNARY), (8, 8, BYTE, BIPOLAR), (4, 16, FEW, IntRange(-2, 1))):
        yield _matrix(outputs, inputs, outputs, inputs, x, w)


def _families() -> Iterator[Stage]:
    """Lanes of min-select and sum-max, stored and as constants."""
    for x, w, inputs, outputs, pe, simd in (
        (FEW, IntRange(-3, 3), 48, 32, 4, 16), (BYTE, IntRange(-127, 127), 64, 16, 2, 8), (BYTE, BYTE, 32, 16, 4, 4),
        (IntRange(-8, 7), IntRange(-7, 7), 64, 16, 2, 16), (IntRange(-128, 127), IntRange(-127, 127), 36, 16, 1, 9),
        (IntRange(-8, 7), IntRange(-7, 7), 16, 16, 16, 16), (BYTE, IntRange(-127, 127), 16, 8, 8, 16),
        (FEW, IntRange(-3, 3), 24, 16, 16, 24),
    ):  # fmt: skip
        weights = _weights(w, outputs, inputs, 1, 1)
        yield _lanes_of(MinSelect(weights), _input(x, inputs), pe, simd)
        kept, kept_min = (Tensor((RANDOM.random(weights.shape) < share).astype(np.int64)) for share in (1.0, 0.6))
        yield _lanes_of(SumMax(weights, w_min=weights, kept=kept, kept_min=kept_min), _input(x, inputs), pe, simd)


def _listed() -> Iterator[Stage]:
    """Pruned sum-max layers by the list of their entries."""
    for x, bound, inputs, outputs, pe, simd, share in (
        (IntRange(-128, 127), 127, 512, 128, 1, 1, 0.01), (FEW, 3, 64, 32, 2, 1, 0.1), (BYTE, 99, 128, 64, 4, 1, 0.05),
        (IntRange(-8, 7), 7, 96, 32, 1, 4, 0.2), (BIPOLAR, 3, 256, 64, 2, 2, 0.03), (BYTE, 127, 48, 16, 1, 2, 0.2),
        (IntRange(-128, 127), 99, 30, 40, 4, 1, 0.1), (FEW, 9, 64, 16, 4, 4, 0.3), (BYTE, 127, 100, 32, 2, 1, 0.04),
        (IntRange(-8, 7), 7, 64, 64, 8, 1, 0.1), (FEW, 3, 300, 64, 1, 1, 0.02),
        (IntRange(-128, 127), 127, 32, 32, 1, 8, 0.4),
    ):  # fmt: skip
        shape, w = (outputs, inputs, 1, 1), IntRange(-bound, bound)
        kept, kept_min = (Tensor(_some(share, *shape)) for _ in range(2))
        layer = SumMax(_weights(w, *shape), w_min=_weights(w, *shape), kept=kept, kept_min=kept_min)
        value = _input(x, inputs)
        op = SumMaxKept.replacing(layer, value.type)
        y, form = Graph(inputs=[value]).add(op, value, name="y"), op.listed(np.arange(inputs), simd, pe, sorts=False)
        parts = {field.name: getattr(form, field.name) for field in fields(form)}
        yield stages.sparse_matrix("stage", _stream(value, simd), y, reduce=op.reduce, **parts)


def _tapped() -> Iterator[Stage]:
    """Layers of one tap for each pair of channels, by the taps' indices."""
    for range, bound, channels, outputs, kernel, pe, simd in (
        (FEW, 3, 16, 16, (3, 3), 1, 1), (IntRange(0, 15), 7, 16, 32, (3, 3), 2, 2), (BYTE, 7, 8, 16, (3, 3), 1, 2),
        (IntRange(0, 15), 7, 32, 32, (3, 3), 4, 4), (IntRange(-8, 7), 7, 16, 16, (2, 2), 2, 4),
        (FEW, 1, 32, 16, (3, 3), 4, 8), (BYTE, 31, 16, 8, (1, 5), 1, 4), (FEW, 7, 64, 64, (3, 3), 2, 8),
        (IntRange(0, 15), 15, 8, 32, (3, 3), 8, 1),
        (BIT, 3, 32, 32, (3, 3), 4, 8), (IntRange(0, 15), 7, 64, 16, (3, 3), 1, 16),
        (IntRange(-8, 7), 3, 24, 24, (5, 5), 2, 3),
    ):  # fmt: skip
        window = Window(kernel)
        weights = np.zeros((outputs, channels, window.taps), np.int64)
        taps = RANDOM.integers(0, window.taps, (outputs, channels, 1))
        values = _weights(IntRange(-bound, bound), outputs, channels, 1).array
        np.put_along_axis(weights, taps, values, axis=2)
        layer = MultiplyAccumulate(Tensor(weights.reshape(outputs, channels, *kernel)), window)
        graph: Graph[TensorType] = Graph(name="layer")
        x = graph.add_input("x", TensorType((channels, 6, 6), range))
        graph.outputs = [graph.add(OneTap.replacing(layer, x.type), x, name="stage")]
        made = lower(graph, dict.fromkeys(foldable_layers(graph), LayerFolding(pe, simd))).stages
        yield next(stage for stage in made if stage.module == "matrix_vector")


def _some(share: float, *shape: int) -> IntArray:
    """Ones with that share, and one in every row."""
    kept = (RANDOM.random(shape) < share).astype(np.int64)
    kept[np.arange(shape[0]), RANDOM.integers(0, shape[1], shape[0])] = 1
    return kept


def _lanes_of(layer: Contraction, x: Value[TensorType], pe: int, simd: int) -> Stage:
    """With the first arithmetic, folded."""
    op = next(a for a in arithmetics_of(layer) if a.accepts(layer, x.type)).replacing(layer, x.type)
    y, codes = Graph(inputs=[x]).add(op, x, name="y"), op.codes.reshape(len(op.codes), -1)
    options = {"weights": codes, "lane": op.lane, "reduce": op.reduce, "weight_range": op.weight_range}
    return stages.matrix_vector("stage", _stream(x, simd), y, pe=pe, **options)


def _thresholds() -> Iterator[Stage]:
    for channels, lanes, bits, top in (
        (64, 1, 1, 64), (64, 8, 1, 784), (64, 4, 2, 576), (16, 1, 4, 1000), (128, 16, 1, 127), (32, 4, 3, 255),
        (16, 16, 1, 200), (8, 8, 2, 500), (256, 2, 1, 1152), (64, 16, 2, 100), (48, 4, 4, 300), (512, 4, 1, 2000),
    ):  # fmt: skip
        x, levels = _input(IntRange(0, top), channels), IntRange(0, 2**bits - 1)
        rows = np.sort(RANDOM.integers(1, top, (channels, 2**bits - 1)), axis=1)
        ones = Tensor(np.array([1]))
        op = Threshold(Tensor(rows), Tensor(np.array([0])), ones, levels)
        yield stages.threshold("stage", _stream(x, lanes), Graph(inputs=[x]).add(op, x, name="y"), op)


def _windows() -> Iterator[Stage]:
    same, half = Window((3, 3), pads=(1, 1, 1, 1)), Window((2, 2), (2, 2))
    for range, shape, lanes, window in (
        (BIPOLAR, (16, 32, 32), 16, Window((3, 3))), (BIPOLAR, (16, 32, 32), 16, same), (FEW, (8, 28, 28), 8, half),
        (BYTE, (3, 32, 32), 3, Window((3, 3))), (BIT, (64, 14, 14), 8, Window((3, 3))), (FEW, (16, 8, 8), 4, same),
        (BIPOLAR, (128, 12, 12), 32, Window((3, 3))), (BYTE, (1, 28, 28), 1, Window((5, 5))),
        (BIT, (32, 16, 16), 32, half),
    ):  # fmt: skip
        yield stages.sliding_window("stage", _stream(_input(range, *shape), lanes), window)


def _windowed(x: Value[TensorType], lanes: int, window: Window, fill: int = 0) -> Stream:
    groups = x.type.shape[0] // lanes
    return stages.sliding_window("window", _stream(x, lanes), window, groups=groups, fill=fill).outputs[0]


def _pools() -> Iterator[Stage]:
    for range, channels, lanes, kernel in ((BIPOLAR, 16, 16, 2), (FEW, 16, 4, 2), (BYTE, 8, 8, 3), (FEW, 32, 32, 2)):
        x, window = _input(range, channels, 6, 6), Window((kernel, kernel), (kernel, kernel))
        for op, combine in ((MaxPool(window), "max"), (SumPool(window), "sum")):
            y, stream = Graph(inputs=[x]).add(op, x, name="y"), _windowed(x, lanes, window)
            yield stages.channelwise("stage", stream, y, taps=kernel**2, combine=combine)  # type: ignore[arg-type]


def _depthwise() -> Iterator[Stage]:
    for x_range, w_range, channels, lanes in (
        (BIPOLAR, BIPOLAR, 16, 4), (FEW, IntRange(-2, 1), 8, 4), (BYTE, TERNARY, 8, 1), (FEW, TERNARY, 32, 16),
    ):  # fmt: skip
        yield _depthwise_stage(x_range, w_range, channels, lanes)


def _depthwise_stage(x_range: IntRange, w_range: IntRange, channels: int, lanes: int) -> Stage:
    x, window = _input(x_range, channels, 6, 6), Window((3, 3))
    layer = MultiplyAccumulate(_weights(w_range, channels, 1, 3, 3), window, channels)
    op = next(a for a in arithmetics_of(layer) if a.accepts(layer, x.type)).replacing(layer, x.type)
    options = {"weights": op.rows, "lane": op.tap_lane, "weight_range": op.weight_range}
    y, stream = Graph(inputs=[x]).add(op, x, name="y"), _windowed(x, lanes, window)
    return stages.channelwise("stage", stream, y, taps=9, combine="sum", **options)


def _affines() -> Iterator[Stage]:
    for range, channels, lanes, factors in (
        (BYTE, 16, 1, 1), (FEW, 32, 4, 7), (IntRange(-50, 50), 16, 16, 1), (BYTE, 64, 2, 30), (BYTE, 8, 8, 5),
        (IntRange(0, 1000), 64, 1, 100), (FEW, 16, 16, 3),
    ):  # fmt: skip
        x = _input(range, channels)
        op = Affine(Tensor(RANDOM.integers(1, factors + 1, channels)), Tensor(RANDOM.integers(-60, 60, channels)))
        yield stages.affine("stage", _stream(x, lanes), Graph(inputs=[x]).add(op, x, name="y"), op)


def _elementwise() -> Iterator[Stage]:
    for range, lanes in ((FEW, 16), (BYTE, 1), (IntRange(-100, 100), 4), (IntRange(-999, 999), 2), (BYTE, 8), (FEW, 2)):
        x, other = _input(range, 16), _input(range, 16)
        middle = (range.lo + range.hi) // 2
        clamp, leaky = Clamp(middle - range.count // 4, middle + range.count // 4), Leaky(8, 1)
        yield stages.clamp("stage", _stream(x, lanes), Graph(inputs=[x]).add(clamp, x, name="y"), clamp)
        yield stages.leaky("stage", _stream(x, lanes), Graph(inputs=[x]).add(leaky, x, name="y"), leaky)
        total = Graph(inputs=[x, other]).add(Add(), x, other, name="y")
        yield stages.add("stage", _stream(x, lanes), _stream(other, lanes), total)


def _plumbing() -> Iterator[Stage]:
    for range, lanes, wanted in (
        (BIT, 8, 64),
        (BIT, 64, 8),
        (BYTE, 1, 4),
        (FEW, 4, 32),
        (BYTE, 8, 1),
        (FEW, 6, 4),
        (BIT, 3, 48),
    ):
        yield stages.width_converter("stage", _stream(_input(range, 192), lanes), wanted)
    for range, lanes, copies in ((BIT, 8, 2), (BYTE, 4, 2), (FEW, 16, 3), (BIT, 64, 4), (BYTE, 1, 3)):
        yield stages.fork("stage", _stream(_input(range, 64), lanes), copies)
    for range, lanes, depth in (
        (BIT, 8, 2),
        (BYTE, 2, 16),
        (FEW, 16, 40),
        (BIT, 64, 64),
        (BYTE, 1, 200),
        (FEW, 4, 7),
        (BYTE, 4, 128),
    ):
        yield stages.fifo("stage", _stream(_input(range, 64), lanes), depth)


def _structure() -> Iterator[Stage]:
    for range, shape, lanes, axis in (
        (FEW, (16, 6, 6), 4, 0),
        (BYTE, (8, 6, 6), 8, 0),
        (BIT, (32,), 8, 0),
        (FEW, (8, 4, 4), 8, 1),
        (BYTE, (4, 5, 5), 1, 2),
    ):
        xs = [_input(range, *shape), _input(range, *shape)]
        y = Graph(inputs=xs).add(Concat(axis), *xs, name="y")
        yield stages.concat("stage", [_stream(x, lanes) for x in xs], y, axis)
    for range, shape, lanes in (
        (FEW, (16, 6, 6), 4),
        (BYTE, (3, 30, 30), 3),
        (BIT, (64, 12, 12), 64),
        (BYTE, (4, 9, 9), 1),
    ):
        x, op = _input(range, *shape), Pad((1, 1, 1, 1), 0)
        yield stages.pad("stage", _stream(x, lanes), Graph(inputs=[x]).add(op, x, name="y"), op)
    for range, channels, lanes, out in (
        (FEW, 16, 4, 4),
        (BYTE, 8, 8, 8),
        (BIT, 32, 8, 16),
        (FEW, 12, 12, 3),
        (BYTE, 8, 2, 4),
    ):
        x, op = _input(range, channels, 4, 4), ChannelGather(tuple(int(i) for i in RANDOM.permutation(channels)))
        y = Graph(inputs=[x]).add(op, x, name="y")
        yield stages.channel_gather("stage", _stream(x, lanes), y, op, lanes=out)
    for range, count, k in (
        (BYTE, 10, 1),
        (IntRange(-784, 784), 10, 1),
        (FEW, 100, 1),
        (IntRange(-99, 99), 10, 3),
        (BYTE, 64, 5),
        (BIT, 1000, 2),
    ):
        x, top = _input(range, count), TopK(k)
        yield stages.top_k("stage", _stream(x, 1), Graph(inputs=[x]).add(top, x, name="y"), top)


def _lookups() -> Iterator[Stage]:
    random = np.random.default_rng(0)
    for pieces, bits, lanes in ((8, 8, 4), (4, 6, 16), (6, 8, 1), (8, 12, 2), (3, 5, 8), (5, 7, 12), (16, 8, 3)):
        x, rises = _input(IntRange(0, pieces - 1), 48), random.choice(np.arange(1, 2**bits), pieces - 1, replace=False)
        values = np.concatenate([[0], np.sort(rises)])
        y = Value("y", TensorType((48,), IntRange.spanning(values.tolist())))
        yield stages.lookup("stage", _stream(x, lanes), y, values)


def _signed() -> Iterator[Stage]:
    for lo, hi, lanes, factors in (
        (-8, 7, 8, (4, 1)), (-100, 90, 2, (16, 1)), (-500, 700, 4, (8, -1)), (-3, 9, 16, (2, 1)), (-60, 60, 1, (64, 3)),
        (-2000, 1000, 1, (1, -1)), (-30, 30, 6, (10, 1)),
    ):  # fmt: skip
        x = _input(IntRange(lo, hi), 48)
        clamp, leaky = Clamp(lo // 2, hi // 3), Leaky(*factors)
        yield stages.clamp("stage", _stream(x, lanes), Graph(inputs=[x]).add(clamp, x, name="y"), clamp)
        yield stages.leaky("stage", _stream(x, lanes), Graph(inputs=[x]).add(leaky, x, name="y"), leaky)
        for channel_lanes in (lanes, 48):
            scale, offset = RANDOM.integers(1, 4 + hi % 40, 48), RANDOM.integers(-60, 60, 48)
            op = Affine(Tensor(scale), Tensor(offset))
            stream = _stream(x, channel_lanes if channel_lanes < 48 or lanes < 4 else 24)
            yield stages.affine("stage", stream, Graph(inputs=[x]).add(op, x, name="y"), op)


def _more_channelwise() -> Iterator[Stage]:
    for range, lanes, kernel in ((BIT, 4, 3), (IntRange(-9, 30), 2, 2), (BIPOLAR, 32, 3), (BYTE, 1, 4)):
        x, window = _input(range, 32, 8, 8), Window((kernel, kernel), (kernel, kernel))
        for op, combine in ((MaxPool(window), "max"), (SumPool(window), "sum")):
            y, stream = Graph(inputs=[x]).add(op, x, name="y"), _windowed(x, lanes, window)
            yield stages.channelwise("stage", stream, y, taps=kernel**2, combine=combine)  # type: ignore[arg-type]
    for x_range, lanes in ((BIT, 8), (BYTE, 2), (TERNARY, 4)):
        yield _depthwise_stage(x_range, TERNARY, 32, lanes)


def _reorders() -> Iterator[Stage]:
    for range, shape, lanes, axes in (
        (BIT, (16, 8, 8), 1, (2, 1, 0)), (FEW, (8, 6, 10), 1, (1, 0, 2)), (BYTE, (4, 5, 5), 4, (1, 0, 2)),
        (FEW, (32, 12, 12), 8, (1, 0, 2)), (BIPOLAR, (3, 20, 7), 1, (2, 0, 1)),
    ):  # fmt: skip
        x = _input(range, *shape)
        raster = np.arange(x.type.size).reshape(*shape[1:], shape[0])
        places = raster.transpose(axes).ravel()
        y = Value("y", x.type)
        yield stages.reorder("stage", _stream(x, lanes), y, np.arange(x.type.size), places)


def _shifts() -> Iterator[Stage]:
    moves = np.random.default_rng(9)
    for range, shape, lanes, reach in (
        (BIT, (16, 8, 8), 4, 1), (FEW, (8, 6, 10), 8, 1), (BYTE, (4, 12, 12), 1, 2), (FEW, (32, 16, 16), 16, 1),
        (BIPOLAR, (9, 20, 7), 3, 2), (BIT, (64, 14, 14), 64, 1), (BYTE, (18, 28, 28), 2, 1),
    ):  # fmt: skip
        x = _input(range, *shape)
        offsets = moves.integers(-reach, reach + 1, (shape[0], 2))
        y = Value("y", TensorType(shape, range | IntRange(0, 0)))
        yield stages.spatial_shift("stage", _stream(x, lanes), y, offsets)
