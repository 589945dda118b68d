"""Trained float networks put into pieces of weights and activations, and what that costs.

    python bench/piecewise.py FOLDER [NAME ...] [--images N] [--frames N]

FOLDER/float_mlp.onnx and FOLDER/float_cnn.onnx come from `bench/train_families.py mnist FOLDER float_mlp float_cnn`
(three epochs). For (M, N) = (2, 1), (4, 5) and (8, 7) pieces of weights and activations, fitted to 200 training images:
accuracy on MNIST's test images beside the float network's, the error of the fixed-point products beside its bound, in
how many images onnxruntime and the definition give other numbers, and under Verilator, at random flow, each datapath
(planes, products, values) on the same images, with its estimated LUTs for xc7. Then the latency model of the thesis'
Table 3.8, and the depth of ours.

One PASS or FAIL line per claim; exits with 1 if one fails. Data: $MULFREE_MODELS (default ../shared).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common import SHARED, Report, machine, mnist, onnxruntime_outputs
from rich.console import Console
from rich.table import Table

import mulfree
from mulfree.compiler.families.piecewise.approximate import PiecewiseNetwork, approximate_piecewise
from mulfree.compiler.families.piecewise.arithmetics import PiecewisePlanes
from mulfree.compiler.families.piecewise.operator import PiecewiseMultiplyAccumulate
from mulfree.ir import AnyArray, IntRange, Tensor
from mulfree.rtl import Circuit
from mulfree.sim.patterns import random_pattern

PIECES = {(2, 1): 0.12, (4, 5): 0.02, (8, 7): 0.01}
"""(M, N), and the share of images that may be lost against the float network."""
DATAPATHS = ("piecewise_planes", "piecewise_products", "piecewise_values")
CALIBRATION = 200


def main() -> None:
    asked = arguments()
    print(machine("onnxruntime", "verilator"), "\n", flush=True)
    report = Report()
    for name in asked.names or ("float_mlp", "float_cnn"):
        check(report, asked.folder / f"{name}.onnx", asked)
    Console().print(latency_table())
    report.finish()


def check(report: Report, path: Path, asked: argparse.Namespace) -> None:
    x, labels = images("test")
    exact = accuracy(np.concatenate([onnxruntime_outputs(path, x[i : i + 500]) for i in range(0, len(x), 500)]), labels)
    print(f"{path.stem}: {exact:.4f} of {len(x)} images right in float", flush=True)
    for (weights, activations), lost in PIECES.items():
        name = f"{path.stem} ({weights}, {activations})"
        with report.timed():
            made = approximate_piecewise(path, {"input": images("train")[0][:CALIBRATION]}, weights, activations)
        right, y = compiled(made, x, labels)
        report.claim(exact - right <= lost, f"{name}: {right:.4f} right, {exact - right:+.4f} lost (at most {lost})")
        within = all(p.error <= p.bound for p in made.products)
        worst = max(made.products, key=lambda p: p.error)
        report.claim(within, f"{name}: {worst}")
        same(report, name, made, x, y, asked)


def compiled(made: PiecewiseNetwork, x: AnyArray, labels: AnyArray) -> tuple[float, AnyArray]:
    design = mulfree.compile(made.model)
    y = np.concatenate([np.asarray(design.simulate(x[i : i + 500])) for i in range(0, len(x), 500)])
    return accuracy(y, labels), y


def same(
    report: Report, name: str, made: PiecewiseNetwork, x: AnyArray, y: AnyArray, asked: argparse.Namespace
) -> None:
    """onnxruntime, the definition and the three datapaths."""
    theirs = onnxruntime_outputs(made.model, x[: asked.images])
    report.claim(np.array_equal(theirs, y[: asked.images]), f"{name}: onnxruntime gives the same in {asked.images}")
    defined = mulfree.compile(made.model).model.run({"input": x[: asked.frames]})
    report.claim(
        np.array_equal(next(iter(defined.values())), y[: asked.frames]),
        f"{name}: the definition gives the same in {asked.frames}",
    )
    for datapath in DATAPATHS:
        design = mulfree.compile(made.model, arithmetic=datapath)
        used = [node.op.name for node in design.hardware.graph.nodes].count(datapath)
        with report.timed():
            found = design.cosimulate(x[: asked.frames], random_pattern(0.8, 1), random_pattern(0.8, 2))
        luts = round(design.estimate().total.luts)
        report.claim(
            found.is_equal and used > 0, f"{name}: {used} layers by {datapath}, {luts} LUTs estimated, {found}"
        )


def accuracy(y: AnyArray, labels: AnyArray) -> float:
    return float((y.argmax(axis=1) == labels).mean())


def images(part: str) -> tuple[AnyArray, AnyArray]:
    if part == "test":
        x, labels = mnist()
        return x[:, None].astype(np.float32), labels
    with np.load(SHARED / "data" / "mnist.npz") as data:
        return data["x_train"][:, None].astype(np.float32), data["y_train"]


BITS, SUM_BITS = 8, 20
XNOR, AND, FULL_ADDER = 3, 2, 2
"""Two-input gates on the longest path, as our cost model counts them."""


def latency_table() -> Table:
    """Table 3.8 for a 3 x 3 convolution of 64 channels with M = 4 and N = 5, in levels of two-input gates.

    The thesis takes one dot product step after step, its popcount too. T_add = 2 levels for each of 20 bits, T_mul that
    of 8 rows of adders of 8 bits, T_com that of 8 bits, T_pop one full adder.
    """
    taps, pieces = 64 * 9, 5
    add, mul, compare, pop = FULL_ADDER * SUM_BITS, FULL_ADDER * 2 * BITS, FULL_ADDER * BITS, FULL_ADDER
    steps = taps * (AND + pop) + pieces * mul + (pieces - 1) * add + compare
    table = Table(title=f"Table 3.8 of the thesis, {taps} taps: levels of gates")
    for column in ("model", "latency", "levels", "full precision / this"):
        table.add_column(column)
    full = taps * mul + (taps - 1) * add
    for name, formula, levels in (
        ("Bi-Real Net", "chw (T_XNOR + T_pop) + T_mul", taps * (XNOR + pop) + mul),
        ("PA-Net, N = 5", "chw (T_AND + T_pop) + N T_mul + (N - 1) T_add + T_com", steps),
        ("full precision", "chw T_mul + (chw - 1) T_add", full),
        ("our planes, M = 4, N = 5", "heaps of the circuit, all taps at once", planes_depth(taps)),
    ):
        table.add_row(name, formula, str(levels), f"{full / levels:.1f}")
    return table


def planes_depth(taps: int) -> int:
    values, weights = np.array([0, 20, 45, 80, 130, 200]), np.random.default_rng(0).choice([-90, -31, 0, 33, 88], taps)
    layer = PiecewiseMultiplyAccumulate(Tensor(weights.reshape(1, -1, 1, 1)), values=Tensor(values))
    op = PiecewisePlanes(layer.weights, operand=IntRange(0, 5), values=layer.values)
    circuit = Circuit()
    wires = circuit.input("x", op.operand, taps), circuit.input("w", op.weight_range, taps)
    circuit.output("y", op.lane(circuit, *wires))
    return circuit.price.delay


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--frames", type=int, default=100)
    return parser.parse_args()


if __name__ == "__main__":
    main()
