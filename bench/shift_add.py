"""Constant matrices as shift-add circuits, beside da4ml and alkaid where these are installed.

    python bench/shift_add.py [--matrices 16x16-8bit ...] [--registers 4] [--time-limit 3600] [--estimate]

Matrices of fixed seeds: 8-bit weights, signs on one-bit and on eight-bit inputs, and the four layers of a network of
the sizes of a jet tagger (16-64-32-32-5). Each of ours is compared with W x as a circuit and, up to 3000 LUTs, under
Verilator; each peer's by its own emulator. Then Yosys counts it (`synth_xilinx -family xc7 -nodsp -flatten`).

All have the same pipeline depth: ours `--registers` registers, the last behind the outputs; a peer's graph is cut by
its own tool into as many parts, each with registers behind it. Peers' registers before the inputs, which ours has not,
are not counted. With one register peers' graphs are taken as they are, without any.
LUT: LUT2 to LUT6 and LUT6_2, one each; packed: with two small functions in a table where they fit.
Seconds are processor time of making the Verilog, not of Yosys; the sharing that numba compiles is compiled before.
A matrix that Yosys does not finish within the limit is told, and compared with nothing.
--estimate prints the estimates, ours and the peers' own, without Yosys. Lines come as they are known: the largest
matrix takes Yosys many minutes for ours, and an hour for each peer's.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import process_time

import numpy as np
from common import Report, machine

from mulfree.backends.synth.synthesise import ModuleSynthesis, synthesise_module, synthesise_stage
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import CompileError, IntArray, IntRange, TensorType, Value
from mulfree.rtl import Stage, Stream
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
PEERS = ("da4ml", "alkaid")


@dataclass(frozen=True)
class Matrix:
    weights: IntArray
    x: IntRange

    def sample(self, count: int) -> IntArray:
        """Random vectors, the first two of extremes."""
        rng = np.random.default_rng(0)
        mixed = rng.choice([self.x.lo, self.x.hi], (2, self.weights.shape[1]))
        return np.concatenate([mixed, rng.integers(self.x.lo, self.x.hi + 1, (count, self.weights.shape[1]))])


@dataclass(frozen=True)
class Made:
    """Verilog of one tool, proven to compute W x, and what it took to make."""

    seconds: float
    estimate: float
    before: int
    """Flip-flops before the inputs."""
    count: Callable[[float], ModuleSynthesis]
    """Yosys, within so many seconds."""


def matrices() -> dict[str, Matrix]:
    def rng(seed: int) -> np.random.Generator:
        return np.random.default_rng(seed)

    found = {
        "16x16-8bit": Matrix(rng(1).integers(-128, 128, (16, 16)), BYTE),
        "64x64-signs-1bit": Matrix(rng(2).choice([-1, 1], (64, 64)), IntRange(0, 1)),
        "64x64-signs-8bit": Matrix(rng(3).choice([-1, 1], (64, 64)), BYTE),
        "64x64-8bit": Matrix(rng(4).integers(-128, 128, (64, 64)), BYTE),
    }
    sizes = (16, 64, 32, 32, 5)
    for layer, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights = np.clip(np.rint(rng(10 + layer).normal(0, 8, (outputs, inputs))), -31, 31).astype(np.int64)
        found[f"jet-{layer}"] = Matrix(weights, IntRange(0, 127) if layer else BYTE)
    return found


def ours(matrix: Matrix, registers: int) -> Made:
    outputs, inputs = matrix.weights.shape
    x = Value("x", TensorType((inputs,), matrix.x))
    peak = int(np.abs(matrix.weights).sum(axis=1).max()) * max(abs(matrix.x.lo), matrix.x.hi)
    y = Value("y", TensorType((outputs,), IntRange(-peak, peak)))
    began = process_time()
    stream = Stream("x", x, raster_order((inputs,)), inputs, x.type)
    stage = constant_matrix("top", stream, y, weights=matrix.weights, registers=registers, target="xc7")
    stage_verilog(stage)
    seconds = process_time() - began
    estimate = stage_cost(stage, "xc7").luts
    _verify_circuits(stage, matrix)
    if estimate <= VERILATED:
        _verify_verilog(stage, matrix)
    return Made(seconds, estimate, 0, lambda limit: synthesise_stage(stage, "xc7", limit))


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


def theirs(name: str, matrix: Matrix, registers: int) -> Made:
    """A peer's combinational graph, or cut into as many parts as there are registers."""
    inputs = matrix.weights.shape[1]
    trace, codegen = importlib.import_module(f"{name}.trace"), importlib.import_module(f"{name}.codegen")
    array = trace.FixedVariableArray if name == "da4ml" else trace.FVArray
    traced = trace.comb_trace if name == "da4ml" else trace.trace
    began = process_time()
    ends = (np.full(inputs, float(end)) for end in (matrix.x.lo, matrix.x.hi))
    x = array.from_lhs(*ends, np.ones(inputs))
    solution = traced(x, x @ matrix.weights.T.astype(np.float64))
    samples = matrix.sample(200)
    if not np.array_equal(solution.predict(samples.astype(np.float64)), samples @ matrix.weights.T):
        raise CompileError(f"{name}'s graph is not the matrix")
    with tempfile.TemporaryDirectory() as folder:
        if name == "da4ml":
            cutoff = max(solution.latency) / registers + 1e-3 if registers > 1 else -1
            codegen.VerilogModel(solution, "top", folder, latency_cutoff=cutoff).write()
        else:
            cut = trace.to_pipeline(solution, n_stages=registers, verbose=False) if registers > 1 else solution
            codegen.RTLModel(cut, folder, "top").write()
        seconds = process_time() - began
        text = _verilog(Path(folder))
    before = inputs * matrix.x.width if registers > 1 else 0
    return Made(
        seconds, float(solution.cost), before, lambda limit: synthesise_module(text, "top", "xc7", time_limit_s=limit)
    )


def _verilog(folder: Path) -> str:
    unused = ("_wrapper", "lookup_table")
    files = sorted(path for path in folder.rglob("*.v") if not any(part in path.name for part in unused))
    return "\n".join(path.read_text() for path in files)


def packed(cells: Mapping[str, int]) -> int:
    """LUT6 and LUT6_2 one each; a LUT4 takes a LUT2 along; LUT3 and LUT2 go in pairs."""
    small = max(0, cells.get("LUT2", 0) - cells.get("LUT4", 0))
    whole = sum(cells.get(cell, 0) for cell in ("LUT6", "LUT6_2", "LUT5", "LUT4"))
    return whole + -(-cells.get("LUT3", 0) // 2) + -(-small // 2)


def compare(report: Report, name: str, matrix: Matrix, options: argparse.Namespace) -> None:
    tools: dict[str, Callable[[], Made]] = {"mulfree": lambda: ours(matrix, options.registers)}
    for peer in options.peers:
        if importlib.util.find_spec(peer):
            tools[peer] = lambda peer=peer: theirs(peer, matrix, options.registers)  # type: ignore[misc]
    rows = {tool: row(name, tool, make(), options) for tool, make in tools.items()}
    counts = {tool: count for tool, count in rows.items() if count}
    for peer in [peer for peer in PEERS if {peer, "mulfree"} <= counts.keys()]:
        ratio = counts[peer] / counts["mulfree"]
        what = "estimated LUTs" if options.estimate else "LUTs"
        report.claim(ratio >= GOAL, f"{name}: {ratio:.2f} times fewer {what} than {peer} (goal {GOAL})")


def row(name: str, tool: str, made: Made, options: argparse.Namespace) -> float | None:
    """Prints what is found; LUTs, if Yosys finds them in time."""
    if options.estimate:
        print(f"{name:18s} {tool:8s} {made.estimate:9.0f} estimated, {made.seconds:6.2f} s", flush=True)
        return made.estimate
    try:
        found = made.count(options.time_limit)
    except CompileError as error:
        print(f"{name:18s} {tool:8s} {error}, {made.estimate:.0f} estimated, {made.seconds:.2f} s", flush=True)
        return None
    print(
        f"{name:18s} {tool:8s} {found.cost.luts:7.0f} LUT {packed(found.cells):7d} packed {found.cost.carries:6.0f} "
        f"CARRY4 {found.cost.ffs - made.before:6.0f} FF {found.levels:4d} levels, {made.estimate:7.0f} estimated, "
        f"{made.seconds:6.2f} s  [Yosys {found.seconds:.0f} s]",
        flush=True,
    )
    return found.cost.luts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matrices", nargs="*", default=[*matrices()], choices=[*matrices()])
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--registers", type=int, default=4)
    parser.add_argument("--time-limit", type=float, default=3600.0)
    parser.add_argument("--estimate", action="store_true")
    options = parser.parse_args()
    print(f"{machine(*PEERS)}; {'no Yosys' if options.estimate else yosys_tool().version}", flush=True)
    for peer in PEERS:
        if not importlib.util.find_spec(peer):
            print(f"{peer} is not installed: pip install {peer}")
    report = Report()
    constant_matrix_warmup()
    for name in options.matrices:
        compare(report, name, matrices()[name], options)
    report.finish()


def constant_matrix_warmup() -> None:
    """Machine code is made once and kept on disk."""
    from mulfree.rtl.constant_matrix import plan_matrix

    plan_matrix(np.array([[1, 3], [1, 3]]), BYTE, "xc7")


if __name__ == "__main__":
    sys.exit(main())
