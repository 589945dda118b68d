"""Speed of the fast functional simulator beside onnxruntime and qonnx, on the trained networks TFC, LFC and CNV.

    python bench/functional_speed.py [TFC LFC CNV]

Prints microseconds per image, the best of many runs, all executors measured in the same process:
CPU is the process's own CPU time (the figure to compare on a shared machine), wall is elapsed time.

- ours: one thread, from the integers that the integer graph takes (int8) to its integer outputs
- ours all: the same on every core; ours float: from the model's float input to its float output, prologue included
- ort 1, ort all: onnxruntime on the float model, all optimisations, one thread or its default number of threads
- qonnx: qonnx.core.onnx_exec on the cleaned model

Every executor's outputs are compared with ours first. The models are looked for in $MULFREE_MODELS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np
import onnx
import onnxruntime
from common import machine, model_path
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.util.cleanup import cleanup_model

from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.streamline import streamline
from mulfree.ir import AnyArray
from mulfree.sim.functional import FastNetwork

BATCHES = (1, 64, 1000)
BUDGET_S = 1.0
LEAST_RUN_S = 2e-4
Runner = Callable[[AnyArray], AnyArray]


@dataclass(frozen=True)
class Network:
    file: str
    draw: Callable[[np.random.Generator, int], AnyArray]


NETWORKS = {
    "TFC": Network("TFC_1W1A", lambda r, n: (r.integers(0, 256, (n, 1, 28, 28)) / 255).astype(np.float32)),
    "LFC": Network("bnnpynq_lfcW1A1", lambda r, n: r.integers(0, 256, (n, 784)).astype(np.float32)),
    "CNV": Network("bnnpynq_cnvW1A1", lambda r, n: r.integers(0, 256, (n, 3, 32, 32)).astype(np.float32)),
}


def main(names: list[str]) -> None:
    print(machine("onnxruntime", "qonnx"))
    for name in names:
        for batch in BATCHES:
            _measure(name, NETWORKS[name], batch)


def _measure(name: str, network: Network, batch: int) -> None:
    proto = onnx.load(model_path(network.file))
    model = streamline(import_onnx(model_path(network.file)))
    images = network.draw(np.random.default_rng(0), batch)
    fast = FastNetwork(model.graph)
    (integers,) = model.to_integers({model.inputs[0].name: images}).values()
    integers = np.ascontiguousarray(integers, np.int8)
    whole = _whole(model, fast)
    expected = whole(images)
    peers = {"ort 1": _ort(proto, 1), "ort all": _ort(proto, 0), "qonnx": _qonnx(proto, batch)}
    for peer, run in peers.items():
        np.testing.assert_allclose(run(images), expected, rtol=1e-4, atol=1e-4, err_msg=peer)
    ours = {"ours": lambda: fast.run([integers], threads=1), "ours all": lambda: fast.run([integers])}
    runs = {**ours, "ours float": lambda: whole(images), **{k: _bound(run, images) for k, run in peers.items()}}
    times = {executor: _best(run, batch) for executor, run in runs.items()}
    print(f"\n{name}, batch {batch}: us/image" + " " * 12 + "CPU        wall   CPU/ours  wall/ours")
    for executor, (cpu, wall) in times.items():
        ratios = f"{cpu / times['ours'][0]:10.1f} {wall / times['ours'][1]:10.1f}"
        print(f"  {executor:20s} {cpu:16.3f} {wall:11.3f} {ratios}", flush=True)


def _bound(run: Runner, images: AnyArray) -> Callable[[], AnyArray]:
    return lambda: run(images)


def _best(run: Callable[[], object], batch: int) -> tuple[float, float]:
    """(CPU, wall) in microseconds per image: the least of many runs, each long enough for the clocks."""
    run()
    start = perf_counter()
    run()
    repeats = max(1, round(LEAST_RUN_S / max(1e-9, perf_counter() - start)))
    least, began = [float("inf")] * 2, perf_counter()
    while perf_counter() - began < BUDGET_S:
        cpu, wall = process_time(), perf_counter()
        for _ in range(repeats):
            run()
        least = [min(a, b) for a, b in zip(least, (process_time() - cpu, perf_counter() - wall), strict=True)]
    return least[0] / repeats / batch * 1e6, least[1] / repeats / batch * 1e6


def _whole(model: QuantisedModel, fast: FastNetwork) -> Runner:
    """From the ONNX model's input to its output."""

    def run(images: AnyArray) -> AnyArray:
        integers = model.to_integers({model.inputs[0].name: images})
        outputs = fast.run([integers[v.name] for v in fast.graph.inputs], threads=1)
        values = {v.name: y for v, y in zip(fast.graph.outputs, outputs, strict=True)}
        return model.from_integers(values)[model.outputs[0].name]

    return run


def _ort(proto: onnx.ModelProto, threads: int) -> Runner:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    if threads == 1:
        options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(_with_bodies(proto).SerializeToString(), options, ["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name
    return lambda images: np.asarray(session.run(None, {feed: images})[0])


def _with_bodies(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model for any batch; quantisers are functions of standard operators.

    Weights are no inputs, so that onnxruntime quantises them once, not in every run.
    """
    result = onnx.ModelProto()
    result.CopyFrom(proto)
    weights = {tensor.name for tensor in result.graph.initializer}
    inputs = [value for value in result.graph.input if value.name not in weights]
    del result.graph.input[:]
    result.graph.input.extend(inputs)
    for value in (*result.graph.input, *result.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    return attach_bodies(result)


def _qonnx(proto: onnx.ModelProto, batch: int) -> Runner:
    fixed = onnx.ModelProto()
    fixed.CopyFrom(proto)
    for value in (fixed.graph.input[0], *fixed.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    del fixed.graph.value_info[:]
    model = cleanup_model(ModelWrapper(fixed))
    feed, out = model.graph.input[0].name, model.graph.output[0].name
    return lambda images: np.asarray(execute_onnx(model, {feed: images})[out])


if __name__ == "__main__":
    main(sys.argv[1:] or list(NETWORKS))
