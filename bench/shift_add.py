"""Constant matrices as shift-add circuits, beside da4ml and alkaid where these are installed.

    python bench/shift_add.py [--matrices 16x16-8bit ...] [--targets xc7 xcup] [--registers 4] [--time-limit 3600]
                              [--peers da4ml alkaid] [--estimate]

Matrices of fixed seeds: signs, ternary, 4-bit and 8-bit weights, inputs of a byte or of a bit; and the four layers of a
network of the sizes of a jet tagger (16-64-32-32-5). Each of ours is compared with W x as a circuit and, up to 3000
LUTs, under Verilator; each peer's by its own emulator. Then Yosys counts it (`synth_xilinx -nodsp -flatten`).

All have the same pipeline depth: ours `--registers` registers, the last behind the outputs; a peer's graph is cut by
its own tool into as many parts, each with registers behind it. Peers' registers before the inputs, which ours has not,
are not counted. With one register peers' graphs are taken as they are, without any.
LUT: LUT2 to LUT6 and LUT6_2, one each; LC: logic cells, with two small functions in a table where they fit.
Seconds are processor time of making the Verilog, not of Yosys; the sharing that numba compiles is compiled before.
A matrix that Yosys does not finish within the limit is told, and compared with nothing.
--estimate prints the estimates, ours and the peers' own, without Yosys. Lines come as they are known, rows of a table:
64 x 64 bytes take Yosys many minutes for ours, and an hour for each peer's.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from time import process_time

import numpy as np
from common import Report, machine
from peers import PEERS, Made, Matrix, packed, theirs

from mulfree.backends.synth.synthesise import synthesise_stage
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import BIT, CompileError, IntArray, IntRange, TensorType, Value
from mulfree.rtl import Stage, Stream
from mulfree.rtl.constant_matrix import plan_matrix
from mulfree.rtl.cost import stage_cost
from mulfree.rtl.library import needed_by
from mulfree.rtl.stages import constant_matrix, stage_verilog
from mulfree.rtl.stages.constants import raster_order
from mulfree.sim.patterns import ALWAYS
from mulfree.sim.verilator import StreamPort, pack_tokens, unpack_tokens, verilate

BYTE = IntRange(-128, 127)
GOAL = 1.7
VERILATED = 3000.0
"""Estimated LUTs up to which the Verilog is simulated too: Verilator takes many minutes for the largest."""
USUAL = ("16x16-8bit", "64x64-signs-1bit", "64x16-signs", "64x16-ternary", "64x16-4bit", "64x16-8bit")
"""Those that Yosys finishes in minutes."""
HEADER = "| matrix | target | tool | LUTs | LC | flip-flops | levels | CPU s | estimated | LUTs / ours | CPU s / ours |"


@dataclass(frozen=True)
class Row:
    """What is known of one matrix by one tool."""

    luts: float
    seconds: float
    cells: str
    """LUTs, logic cells, flip-flops and levels as Yosys says, in the columns of the table."""
    estimate: float

    def text(self, name: str, target: str, tool: str, first: Row | None) -> str:
        beside = f"{self.luts / first.luts:.2f} | {self.seconds / first.seconds:.2f}" if first else " | "
        return f"| {name} | {target} | {tool} | {self.cells} | {self.seconds:.2f} | {self.estimate:.0f} | {beside} |"


def matrices() -> dict[str, Matrix]:
    def rng(seed: int) -> np.random.Generator:
        return np.random.default_rng(seed)

    kinds: dict[str, Callable[[int, tuple[int, int]], IntArray]] = {
        "signs": lambda seed, shape: rng(seed).choice([-1, 1], shape),
        "ternary": lambda seed, shape: rng(seed).integers(-1, 2, shape),
        "4bit": lambda seed, shape: rng(seed).integers(-8, 8, shape),
        "8bit": lambda seed, shape: rng(seed).integers(-128, 128, shape),
    }
    found = {
        "16x16-8bit": Matrix(rng(1).integers(-128, 128, (16, 16)), BYTE),
        "64x64-signs-1bit": Matrix(rng(2).choice([-1, 1], (64, 64)), BIT),
        "64x64-signs-8bit": Matrix(rng(3).choice([-1, 1], (64, 64)), BYTE),
        "64x64-8bit": Matrix(rng(4).integers(-128, 128, (64, 64)), BYTE),
        "64x64-ternary": Matrix(kinds["ternary"](5, (64, 64)), BYTE),
        "64x64-4bit": Matrix(kinds["4bit"](6, (64, 64)), BYTE),
    }
    for seed, (kind, draw) in enumerate(kinds.items(), 20):
        found[f"64x16-{kind}"] = Matrix(draw(seed, (16, 64)), BYTE)
    sizes = (16, 64, 32, 32, 5)
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights = np.clip(np.rint(rng(10 + layer).normal(0, 8, (outputs, inputs))), -31, 31).astype(np.int64)
        found[f"jet-{layer}"] = Matrix(weights, IntRange(0, 127) if layer else BYTE)
    return found


def ours(matrix: Matrix, registers: int, target: str) -> Made:
    outputs, inputs = matrix.weights.shape
    x = Value("x", TensorType((inputs,), matrix.x))
    peak = int(np.abs(matrix.weights).sum(axis=1).max()) * max(abs(matrix.x.lo), matrix.x.hi)
    y = Value("y", TensorType((outputs,), IntRange(-peak, peak)))
    began = process_time()
    stream = Stream("x", x, raster_order((inputs,)), inputs, x.type)
    stage = constant_matrix("top", stream, y, weights=matrix.weights, registers=registers, target=target)
    stage_verilog(stage)
    seconds = process_time() - began
    estimate = stage_cost(stage, target).luts
    _verify_circuits(stage, matrix)
    if estimate <= VERILATED:
        _verify_verilog(stage, matrix)
    return Made(seconds, estimate, 0, lambda target, limit: synthesise_stage(stage, target, limit))


def _verify_circuits(stage: Stage, matrix: Matrix) -> None:
    samples = matrix.sample(200)
    if not np.array_equal(stage.circuits["map"].evaluate(x=samples)["y"], samples @ matrix.weights.T):
        raise CompileError("the circuit is not the matrix")


def _verify_verilog(stage: Stage, matrix: Matrix) -> None:
    """Under Verilator, as Yosys gets it but for the primitives."""
    (x,), (y,), text = stage.inputs, stage.outputs, stage_verilog(stage)
    ports = [StreamPort("s", x.token_bits)], [StreamPort("m", y.token_bits)]
    hardware = verilate({"top.sv": text, **needed_by(text)}, "top", *ports)
    samples = matrix.sample(200)
    words = x.type.range.encode(samples)
    run = hardware.run([pack_tokens(words, x.element_bits)], [len(words)], [ALWAYS], [ALWAYS])
    given = y.type.range.decode(unpack_tokens(run.outputs[0], y.lanes, y.element_bits))
    if not np.array_equal(given, samples @ matrix.weights.T):
        raise CompileError("the Verilog is not the matrix")


def compare(report: Report, name: str, target: str, matrix: Matrix, options: argparse.Namespace) -> None:
    tools: dict[str, Callable[[], Made]] = {"ours": lambda: ours(matrix, options.registers, target)}
    for peer in options.peers:
        if importlib.util.find_spec(peer):
            tools[peer] = lambda peer=peer: theirs(peer, matrix, options.registers)  # type: ignore[misc]
    rows: dict[str, Row] = {}
    for tool, make in tools.items():
        found = row(make(), target, options)
        if isinstance(found, str):
            print(f"| {name} | {target} | {tool} | {found} |", flush=True)
            continue
        rows[tool] = found
        print(found.text(name, target, tool, rows.get("ours") if tool != "ours" else None), flush=True)
    claims(report, f"{name} on {target}", rows, "estimated LUTs" if options.estimate else "LUTs")


def claims(report: Report, name: str, rows: Mapping[str, Row], what: str) -> None:
    for peer in [peer for peer in PEERS if {peer, "ours"} <= rows.keys()]:
        ratio = rows[peer].luts / rows["ours"].luts
        report.claim(ratio >= GOAL, f"{name}: {ratio:.2f} times fewer {what} than {peer} (goal {GOAL})")


def row(made: Made, target: str, options: argparse.Namespace) -> Row | str:
    """What is found, or why Yosys does not find it."""
    if options.estimate:
        return Row(made.estimate, made.seconds, f"{made.estimate:.0f} | | | ", made.estimate)
    try:
        found = made.count(target, options.time_limit)
    except CompileError as error:
        return f"{error}, {made.estimate:.0f} estimated, {made.seconds:.2f} s"
    ffs = found.cost.ffs - made.before
    cells = f"{found.cost.luts:.0f} | {packed(found.cells)} | {ffs:.0f} | {found.levels}"
    return Row(found.cost.luts, made.seconds, cells, made.estimate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matrices", nargs="*", default=[*USUAL], choices=[*matrices()])
    parser.add_argument("--targets", nargs="*", default=["xc7"], choices=["xc7", "xcup"])
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--registers", type=int, default=4)
    parser.add_argument("--time-limit", type=float, default=3600.0)
    parser.add_argument("--estimate", action="store_true")
    options = parser.parse_args()
    print(f"{machine(*PEERS)}; {'no Yosys' if options.estimate else yosys_tool().version}\n", flush=True)
    for peer in PEERS:
        if not importlib.util.find_spec(peer):
            print(f"{peer} is not installed: pip install {peer}")
    report = Report()
    constant_matrix_warmup()
    print(f"{HEADER}\n|{'---|' * HEADER.count(' | ')}---|")
    for name in options.matrices:
        for target in options.targets:
            compare(report, name, target, matrices()[name], options)
    report.finish()


def constant_matrix_warmup() -> None:
    """Machine code is made once and kept on disk."""
    plan_matrix(np.array([[1, 3], [1, 3]]), BYTE, "xc7")


if __name__ == "__main__":
    sys.exit(main())
