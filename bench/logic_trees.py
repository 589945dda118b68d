"""Logic trees on MNIST: training, the integer network, what lazy evaluation saves, both kinds of hardware, speed.

    python bench/logic_trees.py [--frames 100] [--fps 2000] [--bits 8] [--save FILE.onnx]

Ten trees, one for each digit against the others, grow on the 60 000 training images; their file with integer weights
is then run on all 10 000 test images by onnxruntime, by the definitions of the integer operators and by the fast
network: equal in every value. `--frames` of them go through the Verilog under random back-pressure, with all units
computed and with units evaluated lazily; every value and the cycle of every transfer is compared with the models. The
fast network is timed on trees of random shape beside onnxruntime's float product of the same size, one thread each.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import onnx
import onnxruntime
from common import SHARED, Report, machine, mnist

import mulfree
from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.ir import AnyArray, Graph, IntRange, Tensor, TensorType
from mulfree.ir.forest import MAX, MIN
from mulfree.ir.ops import Affine, MultiplyAccumulate
from mulfree.sim.functional import FastNetwork
from mulfree.sim.patterns import random_pattern
from mulfree.train import LogicTrees, trees_to_onnx

ACCURACY, SHARE = 0.965, 0.6
SIZE, TREES, BATCH, RUNS = 784, 10, 2048, 15


def main() -> None:
    options = arguments()
    print(machine("onnxruntime"))
    report = Report()
    trees = trained(report)
    proto = trees_to_onnx(trees, bits=options.bits, input_scale=1 / 255)
    if options.save:
        onnx.save(proto, options.save)
    design = mulfree.compile(proto, fps=options.fps)
    compared(report, design, proto, options.bits)
    x = mnist()[0].reshape(-1, SIZE)
    visited(report, design, x)
    lazy = mulfree.compile(proto, fps=options.fps, arithmetic="lazy_trees")
    for name, built in (("all units", design), ("lazily", lazy)):
        cosimulated(report, name, built, x[: options.frames])
    for leaves in (32, 64, 128):
        timed(leaves)
    report.finish()


def trained(report: Report) -> LogicTrees:
    with np.load(SHARED / "data" / "mnist.npz") as data:
        x, labels = data["x_train"].reshape(-1, SIZE) / 255, data["y_train"]
    with report.timed():
        trees = LogicTrees.fit(x, np.eye(TREES)[labels])
    images, right = mnist()
    found = float((trees.predict(images.reshape(-1, SIZE) / 255).argmax(axis=1) == right).mean())
    kinds = [sum(code == kind for code in trees.codes) for kind in (MAX, MIN)]
    grown = f"{len(trees.biases)} units, {kinds[0]} maxima, {kinds[1]} minima"
    report.claim(found >= ACCURACY, f"{grown}: float accuracy {found:.4f}, wanted {ACCURACY}")
    return trees


def compared(report: Report, design: mulfree.CompiledModel, proto: onnx.ModelProto, bits: int) -> None:
    images, labels = mnist()
    x = images.reshape(-1, SIZE)
    expected = np.asarray(onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"input": x})[0])
    right = float((expected.argmax(axis=1) == labels).mean())
    report.claim(right >= ACCURACY, f"weights of {bits} bits: accuracy {right:.4f} by onnxruntime, wanted {ACCURACY}")
    for name, y in (("definitions", design.model.run({"input": x})["output"]), ("fast network", design.simulate(x))):
        report.claim(np.array_equal(np.asarray(y), expected), f"{name}: equal to onnxruntime on {len(x)} images")


def visited(report: Report, design: mulfree.CompiledModel, x: AnyArray) -> None:
    (found,) = design.visits(x).values()
    by_image = found.visits.sum(axis=1)
    report.claim(found.share < SHARE, f"{found}; {by_image.min()} to {by_image.max()} for an image")


def cosimulated(report: Report, name: str, design: mulfree.CompiledModel, x: AnyArray) -> None:
    total = design.estimate().total
    modules = ", ".join(stage.module for stage in design.hardware.design.stages)
    print(f"\n{name}: {modules}; estimated {total.luts:.0f} LUTs, {total.ffs} FFs, {total.brams} block memories")
    with report.timed():
        found = design.cosimulate(x, random_pattern(0.7, 1), random_pattern(0.6, 2))
    report.claim(found.is_equal, f"Verilator, random back-pressure: {found}")
    ends = np.diff(design.cycles(x=x).frame_ends)
    print(f"cycles an image without back-pressure: {ends.min()} to {ends.max()}, {ends.mean():.0f} on average")


def timed(leaves: int) -> None:
    """The fast network and onnxruntime's product, in microseconds a sample."""
    random = np.random.default_rng(leaves)
    units = TREES * leaves
    weights = random.integers(-127, 128, (units, SIZE))
    x = random.integers(0, 256, (BATCH, SIZE)).astype(np.uint8)
    graph = Graph[TensorType](name="trees")
    sums = graph.add(MultiplyAccumulate(Tensor(weights[:, :, None, None])), graph.add_input("x", _bytes()))
    biased = graph.add(Affine(Tensor(np.array([1])), Tensor(random.integers(-999, 999, units))), sums)
    codes = [code for tree in range(TREES) for code in _tree(random, tree * leaves, leaves)]
    graph.outputs = [graph.add(MinMaxTrees(Tensor(np.array(codes))), biased)]
    network, product = FastNetwork(graph), _product(weights)
    numbers = x.astype(np.float32)
    ours, theirs = best(lambda: network.run([x], threads=1)), best(lambda: product.run(None, {"x": numbers}))
    print(f"{TREES} trees of {leaves} units: {ours:.2f} us a sample, {theirs / ours:.2f} x onnxruntime's product alone")


def _bytes() -> TensorType:
    return TensorType((SIZE,), IntRange(0, 255))


def _tree(random: np.random.Generator, first: int, leaves: int) -> list[int]:
    """Of any shape."""
    if leaves == 1:
        return [first]
    left = int(random.integers(1, leaves))
    kind = int(random.choice([MAX, MIN]))
    return [kind, *_tree(random, first, left), *_tree(random, first + left, leaves - left)]


def _product(weights: AnyArray) -> onnxruntime.InferenceSession:
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", SIZE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", len(weights)])],
        [numpy_helper.from_array(np.ascontiguousarray(weights.T, np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def best(run: Callable[[], object]) -> float:
    """Least CPU time of a sample, in microseconds."""
    run()
    times: list[float] = []
    for _ in range(RUNS):
        began = process_time()
        run()
        times.append(process_time() - began)
    return min(times) / BATCH * 1e6


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--fps", type=float, default=2000.0)
    parser.add_argument("--bits", type=int, default=8)
    parser.add_argument("--save", type=Path, default=None)
    return parser.parse_args()


if __name__ == "__main__":
    main()
