"""Speed of the families' fast kernels beside what computes the same size of layer otherwise, one thread, one process.

    python bench/family_kernels.py

Rates are in 10^9 operations a second, best of many runs in CPU time; an operation is what stands for one
multiply-accumulate. Min-select and weights that are powers of two (shifting left exactly, and right with rounding) are
compared with onnxruntime's float convolution of the same shape, sum-max with numpy's broadcast sums, maxima and minima
(int16, in tiles that fit the cache) and with onnxruntime's float product of the same shape; a pruned one with
what follows it, in numpy whole or gathered, and with the products that it stands for: rates then count its entries,
whoever computes more. Every result is compared with the definition first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter, process_time
from typing import Any

import numpy as np
import onnx
import onnxruntime
from common import machine

from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.compiler.families.power_of_two.operator import ShiftedSum
from mulfree.compiler.families.sum_max.operator import SumMax
from mulfree.ir import AnyArray, Graph, IntOp, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Threshold, Window
from mulfree.sim.functional import FastNetwork

BUDGET_S, TURN_S = 1.5, 0.1
RANDOM = np.random.default_rng(0)
SIGNED, UNSIGNED, HALVES = IntRange(-128, 127), IntRange(0, 255), IntRange(-(2**15), 2**15 - 1)


def main() -> None:
    print(machine("onnxruntime"))
    for x, channels, size, filters, kernel, batch in (
        (SIGNED, 64, 28, 64, 3, 8),
        (UNSIGNED, 64, 28, 64, 3, 8),
        (SIGNED, 128, 14, 128, 3, 16),
        (UNSIGNED, 16, 28, 32, 5, 16),
        (SIGNED, 1024, 1, 1024, 1, 256),
        (HALVES, 64, 28, 64, 3, 8),
    ):
        _min_select(x, channels, size, filters, kernel, batch)
    for shape in ((64, 28, 64, 3, 8), (128, 14, 128, 3, 16), (256, 14, 256, 3, 8), (16, 28, 32, 5, 16)):
        _power_of_two(*shape)
    for inputs, outputs, batch in ((512, 1024, 256), (784, 512, 256), (128, 128, 1024)):
        _sum_max(inputs, outputs, batch)
    for kept in (5, 3):
        _pruned(512, 1024, kept, 256, replaced=307)


def _min_select(x: IntRange, channels: int, size: int, filters: int, kernel: int, batch: int) -> None:
    peak = min(x.hi, 127) if x != HALVES else x.hi
    codes = RANDOM.integers(-peak, peak + 1, (filters, channels, kernel, kernel))
    layer = MinSelect(Tensor(codes), _same(kernel))
    _beside_conv(f"min-select {_kind(x)}", layer, TensorType((channels, size, size), x), codes, batch)


def _power_of_two(channels: int, size: int, filters: int, kernel: int, batch: int) -> None:
    """Exponents 0 to 6; and -4 to 0 with each rounding, from operands of 8 bits and of 7."""
    shape = (filters, channels, kernel, kernel)
    x, shorter = (TensorType((channels, size, size), range) for range in (UNSIGNED, IntRange(0, 127)))
    signs, exponents = RANDOM.choice([-1, 1], shape), RANDOM.integers(0, 7, shape)
    left = MultiplyAccumulate(Tensor(signs << exponents), _same(kernel))
    _beside_conv("power of two", left, x, signs << exponents, batch)
    for rounding, operand in (("floor", x), ("half_up", x), ("half_up", shorter)):
        least = exponents % 5 - 4
        right = ShiftedSum(Tensor(signs), _same(kernel), exponents=Tensor(least), rounding=rounding)
        title = f"power of two, {rounding}, {operand.range.width} bits,"
        _beside_conv(title, right, operand, signs * 2.0**least, batch)


def _same(kernel: int) -> Window:
    """Padded so that the map keeps its size."""
    return Window((kernel, kernel), pads=(kernel // 2,) * 4)


def _kind(x: IntRange) -> str:
    return "of 16 bits" if x == HALVES else "signed" if x.lo < 0 else "unsigned"


def _beside_conv(title: str, layer: Contraction, x: TensorType, weights: AnyArray, batch: int) -> None:
    """The layer, and onnxruntime's float convolution with these weights."""
    ours, images = _fast(x, batch, layer)
    floats, conv = images.astype(np.float32), _ort_conv(weights.astype(np.float32), weights.shape[2] // 2)
    times = _best({"ours": ours, "onnxruntime Conv": lambda: conv(floats)})
    (channels, height, width), (filters, _, *kernel) = x.shape, weights.shape
    shape = f"{channels}x{height}x{width} -> {filters}, {kernel[0]}x{kernel[1]}, batch {batch}"
    _print(f"{title} {shape}", batch * height * width * weights.size, times)


def _sum_max(inputs: int, outputs: int, batch: int) -> None:
    shape = (outputs, inputs, 1, 1)
    w, w_min = (RANDOM.integers(-99, 100, shape) for _ in range(2))
    ones = Tensor(np.ones(shape, np.int64))
    layer = SumMax(Tensor(w), w_min=Tensor(w_min), kept=ones, kept_min=ones)
    ours, x = _fast(TensorType((inputs,), SIGNED), batch, layer)
    short, a, b = x.astype(np.int16), w[:, :, 0, 0].astype(np.int16), w_min[:, :, 0, 0].astype(np.int16)
    np.testing.assert_array_equal(_broadcast(short, a, b)[:3], layer.evaluate(x[:3].astype(np.int64)))
    product, floats = _ort_matmul(a.T.astype(np.float32)), x.astype(np.float32)
    times = _best(
        {"ours": ours, "numpy": lambda: _broadcast(short, a, b), "onnxruntime MatMul": lambda: product(floats)}
    )
    _print(f"sum-max {inputs} -> {outputs}, batch {batch} (both terms)", 2 * batch * inputs * outputs, times)


def _pruned(inputs: int, outputs: int, kept: int, batch: int, replaced: int) -> None:
    """A layer of so many entries for each output and term, the 63 thresholds of its 6-bit result, then 10 outputs.

    That is the network of the sum-and-max paper; onnxruntime computes the one that it stands for, two products with
    `replaced` values between them. numpy computes the first layer only.
    """
    shape = (outputs, inputs, 1, 1)
    w, w_min = (RANDOM.integers(-99, 100, shape) for _ in range(2))
    places = np.argsort(RANDOM.random((2, outputs, inputs)), axis=2)[:, :, :kept]
    masks = np.zeros((2, outputs, inputs), np.int64)
    np.put_along_axis(masks, places, 1, axis=2)
    most, least = (Tensor(mask.reshape(shape)) for mask in masks)
    layer, type = SumMax(Tensor(w), w_min=Tensor(w_min), kept=most, kept_min=least), TensorType((inputs,), SIGNED)
    table = np.sort(RANDOM.integers(-150, 150, (outputs, 63)), axis=1)
    zero, one = (Tensor(np.array([v])) for v in (0, 1))
    last = MultiplyAccumulate(Tensor(RANDOM.integers(-31, 32, (10, outputs, 1, 1))))
    ours, x = _fast(type, batch, layer, Threshold(Tensor(table), zero, one, IntRange(0, 63)), last)
    short, flat = x.astype(np.int16), [v.reshape(outputs, inputs).astype(np.int16) for v in (w, w_min)]
    a, b = (np.take_along_axis(v, p, axis=1) for v, p in zip(flat, places, strict=True))
    np.testing.assert_array_equal(_gathered(short, places, a, b)[:3], layer.evaluate(x[:3].astype(np.int64)))
    shapes, floats = ((inputs, replaced), (replaced, 10)), x.astype(np.float32)
    products = _ort_matmul(*(RANDOM.normal(size=shape).astype(np.float32) for shape in shapes))
    times = _best(
        {
            "ours": ours,
            "numpy, whole rows": lambda: _broadcast(short, *flat),
            "numpy, gathered": lambda: _gathered(short, places, a, b),
            f"onnxruntime {inputs}-{replaced}-10": lambda: products(floats),
        }
    )
    title = f"sum-max {inputs} -> {outputs} -> 10, {kept} of a term kept, batch {batch}"
    _print(title, 2 * batch * kept * outputs, times)


def _gathered(x: AnyArray, places: AnyArray, a: AnyArray, b: AnyArray) -> AnyArray:
    """Only the entries that are kept, sample by sample."""
    return np.stack([(row[places[0]] + a).max(axis=1) + (row[places[1]] + b).min(axis=1) for row in x])


def _broadcast(x: AnyArray, a: AnyArray, b: AnyArray) -> AnyArray:
    """Sample by sample: the sums of one are as much as a cache holds."""
    return np.stack([(row + a).max(axis=1) + (row + b).min(axis=1) for row in x])


def _fast(x: TensorType, batch: int, *layers: IntOp) -> tuple[Callable[[], Any], AnyArray]:
    """The layers on a batch, one thread; checked against their definition on a few samples."""
    graph: Graph[TensorType] = Graph(name="layer")
    value = graph.add_input("x", x)
    for layer in layers:
        value = graph.add(layer, value)
    graph.outputs = [value]
    network = FastNetwork(graph)
    samples = RANDOM.integers(x.range.lo, x.range.hi + 1, (batch, *x.shape))
    np.testing.assert_array_equal(network.run([samples[:40]])[0][:2], _defined(samples[:2], *layers))
    narrow = samples.astype(np.int16 if x.range == HALVES else np.int8 if x.range.lo < 0 else np.uint8)
    return lambda: network.run([narrow], threads=1), samples


def _defined(x: AnyArray, *layers: IntOp) -> AnyArray:
    for layer in layers:
        x = layer.evaluate(x)
    return x


def _ort_conv(weights: AnyArray, pad: int) -> Callable[[AnyArray], Any]:
    return _session("Conv", [weights], 4, pads=[pad] * 4)


def _ort_matmul(*weights: AnyArray) -> Callable[[AnyArray], Any]:
    """One product after the other."""
    return _session("MatMul", weights, 2)


def _session(op: str, weights: Sequence[AnyArray], rank: int, **attributes: Any) -> Callable[[AnyArray], Any]:
    helper = onnx.helper
    ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [None] * rank) for n in ("x", "y")]
    constants = [onnx.numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(weights)]
    names = ["x", *(f"y{i}" for i in range(1, len(weights))), "y"]
    nodes = [
        helper.make_node(op, [x, w.name], [y], **attributes)
        for x, w, y in zip(names, constants, names[1:], strict=False)
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda x: session.run(None, {"x": x})


def _best(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The least CPU seconds of each, several times in turn, so that what else the machine does meets all of them."""
    least = dict.fromkeys(runs, float("inf"))
    began = perf_counter()
    while perf_counter() - began < BUDGET_S * len(runs):
        for name, run in runs.items():
            least[name] = min(least[name], _least(run))
    return least


def _least(run: Callable[[], object]) -> float:
    """Over a while of runs; the first finds the caches as the others left them."""
    least, began = float("inf"), perf_counter()
    while perf_counter() - began < TURN_S:
        start = process_time()
        run()
        least = min(least, process_time() - start)
    return least


def _print(title: str, operations: int, times: dict[str, float]) -> None:
    print(f"\n{title}")
    for name, seconds in times.items():
        print(
            f"  {name:26s} {operations / seconds / 1e9:8.1f} G/s   ours is {seconds / times['ours']:6.1f} times as fast"
        )


if __name__ == "__main__":
    main()
