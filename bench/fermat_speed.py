"""Convolutions by Fermat number transforms in software, on the layers of thesis Table 2.3, beside direct ones.

    python bench/fermat_speed.py [--bits 8 16] [--batch 8 32]

CPU milliseconds of one thread for a batch, best of several runs in one process; and as multiples of the transforms'.

- transforms: modulo F_5 for bytes, modulo F_4 and F_5 for halfwords; the weights' spectra are ready
- direct: mulfree's kernel without transforms; chosen: what mulfree takes
- loop: seven plain loops, compiled with all optimisations, over one sample, times the batch
- float, QLinearConv: onnxruntime; floats are not exact, and quantised layers end in bytes

Every result is compared with the direct kernel's first. The choice must be within a tenth of the faster of ours.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

import numpy as np
import onnx
import onnxruntime
from common import Report, machine
from numba import njit
from onnx import helper, numpy_helper

from mulfree.ir import AnyArray, Graph, IntRange, Tensor, TensorType
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.sim.functional import FastNetwork

LAYERS = [(11, 32, 3, 96), (7, 32, 96, 256), (5, 16, 256, 384), (5, 16, 384, 384), (3, 16, 384, 384)]
"""k, n + k - 1, f, f'."""
BEYOND = [(9, 32, 96, 256), (11, 32, 96, 256), (7, 64, 64, 64)]
"""Larger kernels, and a larger map, than the thesis has; the map only where the rings have powers of two for it."""
THESIS = {8: (0.84, 2.42, 1.78, 1.82, 1.56), 16: (0.91, 2.40, 1.75, 1.84, 1.38)}
"""How many times faster transforms are than a direct loop in Table 2.3, batch 128."""
RINGS = {8: (5,), 16: (4, 5)}
BUDGET_S = 2.0
NEAR = 1.1
Layer = tuple[int, int, int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, nargs="+", default=[8, 16])
    parser.add_argument("--batch", type=int, nargs="+", default=[8, 32])
    given = parser.parse_args()
    print(machine("onnxruntime"))
    report = Report()
    for bits in given.bits:
        for layer, ratio in zip(LAYERS, THESIS[bits], strict=True):
            measure(report, layer, bits, given.batch)
            print(f"  thesis: {ratio} times faster than its own loop")
        for layer in BEYOND:
            if layer[1] <= 2 * FermatRing(RINGS[bits][0]).bits:
                measure(report, layer, bits, given.batch)
    report.finish()


def measure(report: Report, layer: Layer, bits: int, batches: list[int]) -> None:
    kernel, length, channels, outputs = layer
    size, pad, range = length - kernel + 1, kernel // 2, IntRange.signed_of(bits)
    rng, dtype = np.random.default_rng(kernel), np.dtype(f"int{bits}")
    w = rng.integers(range.lo, range.hi + 1, (outputs, channels, kernel, kernel))
    op = MultiplyAccumulate(Tensor(w), Window((kernel, kernel), pads=(pad, pad, pad, pad)))
    graph = Graph[TensorType](name="layer")
    graph.outputs = [graph.add(op, graph.add_input("x", TensorType((channels, size, size), range)), name="y")]
    form = FermatConvolution(tuple(FermatRing(t) for t in RINGS[bits]), length, op.window)
    networks = {"transforms": network(graph, form), "direct": network(graph, None), "chosen": FastNetwork(graph)}
    chosen = "transforms" if _is_transformed(networks["chosen"]) else "direct"
    for batch in batches:
        x = rng.integers(range.lo, range.hi + 1, (batch, channels, size, size)).astype(dtype)
        few = x[: 1 if bits == 16 else batch]
        np.testing.assert_array_equal(networks["transforms"].run([few])[0], networks["direct"].run([few])[0])
        times = {name: best(_runner(n, x)) for name, n in networks.items() if name != "chosen"}
        padded = np.pad(x[:1], ((0, 0), (0, 0), (pad, pad), (pad, pad))).astype(np.int64 if bits == 16 else np.int32)
        times["loop"] = best(lambda padded=padded: loop(padded, w.astype(padded.dtype))) * batch
        times |= {name: best(run) for name, run in _onnxruntime(op, x, bits).items()}
        ours = times["transforms"]
        shown = "  ".join(f"{name} {1e3 * t:.1f} ({t / ours:.2f})" for name, t in times.items())
        print(f"\n{layer} INT{bits} batch {batch}: ms (times the transforms')  {shown}")
        fastest = min(ours, times["direct"])
        report.claim(times[chosen] <= NEAR * fastest, f"{layer} INT{bits} batch {batch}: {chosen} is taken")


def network(graph: Graph[TensorType], form: FermatConvolution | None) -> FastNetwork:
    """With these transforms, or without any."""
    with patch("mulfree.sim.functional.kernels.contraction.fermat_form", lambda node: form):
        return FastNetwork(graph)


def _is_transformed(network: FastNetwork) -> bool:
    return any("spectra" in step.kernel.function.__name__ for step in network.plan.steps if hasattr(step, "kernel"))


def _runner(network: FastNetwork, x: AnyArray) -> Callable[[], object]:
    return lambda: network.run([x], threads=1)


def best(run: Callable[[], object]) -> float:
    """CPU seconds, the least of some runs."""
    run()
    least, began = float("inf"), perf_counter()
    while True:
        cpu = process_time()
        run()
        least = min(least, process_time() - cpu)
        if perf_counter() - began > BUDGET_S:
            return least


@njit(nogil=True)
def loop(x: Any, w: Any) -> Any:
    """A map that is padded already, (N, C, H, W), in its own integers."""
    outputs, channels, kr, kc = w.shape
    rows, columns = x.shape[2] - kr + 1, x.shape[3] - kc + 1
    y = np.zeros((len(x), outputs, rows, columns), x.dtype)
    for s in range(len(x)):
        for m in range(outputs):
            for c in range(channels):
                for i in range(kr):
                    for j in range(kc):
                        for r in range(rows):
                            for q in range(columns):
                                y[s, m, r, q] += x[s, c, r + i, q + j] * w[m, c, i, j]
    return y


def _onnxruntime(op: MultiplyAccumulate, x: AnyArray, bits: int) -> dict[str, Callable[[], object]]:
    floats = session(op, "Conv", np.float32)
    x32 = x.astype(np.float32)
    runs: dict[str, Callable[[], object]] = {"float": lambda: floats.run(None, {"x": x32})}
    if bits == 8:
        quantised, unsigned = session(op, "QLinearConv", np.int8), (x.astype(np.int16) + 128).astype(np.uint8)
        runs["QLinearConv"] = lambda: quantised.run(None, {"x": unsigned})
    return runs


def session(op: MultiplyAccumulate, kind: str, dtype: Any) -> Any:
    """The layer alone, in floats or in bytes, with one thread."""
    window, weights = op.window, op.weights.array.astype(dtype)
    constants = {"w": weights}
    inputs = ["x", "w"]
    if kind == "QLinearConv":
        constants |= {"s": np.float32(1), "t": np.float32(1e5), "zx": np.uint8(128), "zw": np.int8(0)}
        inputs = ["x", "s", "zx", "w", "s", "zw", "t", "zx"]
    element = onnx.TensorProto.FLOAT if kind == "Conv" else onnx.TensorProto.UINT8
    x = helper.make_tensor_value_info("x", element, ["n", op.weights.shape[1], None, None])
    y = helper.make_tensor_value_info("y", element, None)
    node = helper.make_node(kind, inputs, ["y"], kernel_shape=window.kernel, pads=window.pads)
    held = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph([node], "layer", [x], [y], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
