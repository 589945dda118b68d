"""Constant matrices by other tools, where these are installed: da4ml and alkaid, which make graphs of adders."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from mulfree.backends.synth.synthesise import ModuleSynthesis, synthesise_module
from mulfree.ir import CompileError, IntArray, IntRange

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
    count: Callable[[str, float], ModuleSynthesis]
    """Yosys, for a target, within so many seconds."""


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

    def count(target: str, limit: float) -> ModuleSynthesis:
        return synthesise_module(text, "top", target, time_limit_s=limit, may_multiply=True)

    return Made(seconds, float(solution.cost), before, count)


def _verilog(folder: Path) -> str:
    unused = ("_wrapper", "lookup_table")
    files = sorted(path for path in folder.rglob("*.v") if not any(part in path.name for part in unused))
    return "\n".join(path.read_text() for path in files)


def packed(cells: Mapping[str, int]) -> int:
    """LUT6 and LUT6_2 one each; a LUT4 takes a LUT2 along; LUT3 and LUT2 go in pairs."""
    small = max(0, cells.get("LUT2", 0) - cells.get("LUT4", 0))
    whole = sum(cells.get(cell, 0) for cell in ("LUT6", "LUT6_2", "LUT5", "LUT4"))
    return whole + -(-cells.get("LUT3", 0) // 2) + -(-small // 2)
