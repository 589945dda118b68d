"""A trained binary layer of 784 inputs and 64 outputs, all of it at once: the first of TFC.

    python bench/unrolled_layer.py [--no-yosys] [--images 20]

1. The matrix alone, W x of one-bit inputs in four registers: processor time from the matrix to Verilog, LUTs as
   estimated and as counted by Yosys (xc7, flat, the whole stage in one run), against half of what alkaid estimates for
   the same matrix; and against its estimate in this run, where it is installed.
2. The network with this layer computed at once and the others folded: the layer is one stage that ends in the network's
   thresholds. Its estimate, Yosys' count, and so many test images under Verilator against the definitions.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from time import process_time

from common import Report, machine, mnist, model_path, tfc_input
from peers import Matrix, theirs
from shift_add import constant_matrix_warmup, ours

import mulfree
from mulfree.backends.synth.synthesise import ModuleSynthesis, synthesise_stage
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.compiler.folding import LayerFolding, default_folding, unrolled
from mulfree.ir import BIT, Graph, IntArray, TensorType
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.rtl.cost import stage_cost

LIMIT = 46974 / 2
"""LUTs: half of alkaid's estimate of 46 974."""
SECONDS = 10
TIME_LIMIT_S = 7200.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-yosys", action="store_true")
    parser.add_argument("--images", type=int, default=20)
    options = parser.parse_args()
    print(f"{machine('alkaid')}; {yosys_tool().version}\n", flush=True)
    report = Report()
    alone(report, weights(), options.no_yosys)
    in_the_network(report, options)
    report.finish()


def layers() -> Graph[TensorType]:
    """The network in integers."""
    return mulfree.compile(model_path("TFC_1W1A")).hardware.layers


def weights() -> IntArray:
    layer = next(node.op for node in layers().nodes if isinstance(node.op, MultiplyAccumulate))
    return layer.weights.array[:, :, 0, 0]


def first_at_once() -> dict[str, LayerFolding]:
    """The first layer with all its lanes, the others as by default."""
    graph = layers()
    first, folding = next(iter(unrolled(graph).items()))
    return {**default_folding(graph), first: folding}


def alone(report: Report, rows: IntArray, no_yosys: bool) -> None:
    constant_matrix_warmup()
    matrix = Matrix(rows, BIT)
    made = ours(matrix, 4, "xc7")
    report.claim(made.seconds < SECONDS, f"matrix to Verilog in {made.seconds:.1f} s of CPU, limit {SECONDS}")
    report.claim(made.estimate <= LIMIT, f"{made.estimate:.0f} LUTs estimated, limit {LIMIT:.0f}")
    if importlib.util.find_spec("alkaid"):
        other = theirs("alkaid", matrix, 4)
        part, time = made.estimate / other.estimate, made.seconds / other.seconds
        report.claim(part <= 0.5, f"{part:.3f} of alkaid's estimate of {other.estimate:.0f}, in {time:.2f} of its time")
    if not no_yosys:
        counted(report, made.count("xc7", TIME_LIMIT_S), made.estimate, LIMIT)


def in_the_network(report: Report, options: argparse.Namespace) -> None:
    """With the thresholds that follow."""
    folding, began = first_at_once(), process_time()
    model = mulfree.compile(model_path("TFC_1W1A"), folding=folding)
    model.verilog()
    stage = next(stage for stage in model.hardware.design.stages if stage.module == "constant_layer")
    guess = stage_cost(stage, "xc7").luts
    print(f"\nwith its thresholds, the others folded: {process_time() - began:.1f} s of CPU to Verilog", flush=True)
    report.claim(guess <= LIMIT, f"the layer and its thresholds, one stage: {guess:.0f} LUTs estimated")
    if not options.no_yosys:
        counted(report, synthesise_stage(stage, "xc7", TIME_LIMIT_S), guess, LIMIT)
    images = tfc_input(mnist()[0][: options.images])
    report.claim(
        model.cosimulate(images).is_equal, f"{len(images)} images: Verilator equals the definitions, in cycles too"
    )


def counted(report: Report, found: ModuleSynthesis, guess: float, limit: float) -> None:
    cost = found.cost
    report.claim(
        cost.luts <= limit,
        f"{cost.luts:.0f} LUTs by Yosys (estimate {guess / cost.luts - 1:+.1%}), {cost.carries:.0f} CARRY4, "
        f"{cost.ffs:.0f} flip-flops, {found.levels} levels, limit {limit:.0f}  [Yosys {found.seconds:.0f} s]",
    )


if __name__ == "__main__":
    sys.exit(main())
