"""Fit the weights of the cost model to Yosys, and measure its error on stages that were not fitted.

    python bench/calibrate_cost.py [--points points.json] [--jobs 2] [--kinds matrix_vector ...] [--targets xc7 ...]

synthesises every stage of bench/cost_sweep.py for every target (about ten minutes on two cores) and rewrites
rtl/cost/calibration.json. Of each kind every third stage is held out: the errors stated in the table are those of
the held-out stages. `--points` keeps the syntheses in a file, for a later fit with other terms. `--kinds` and
`--targets` do only those rows and keep the others of the table.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cost_sweep import memories, sweep
from rich.progress import Progress

from mulfree.backends.synth import synthesise_module
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.rtl import Memory, Stage
from mulfree.rtl.cost import Calibration, Error, Target, Terms, calibrated_kind, stage_terms, target_named
from mulfree.rtl.cost.calibration import MEMORY, TABLES, Weights, table, with_tables
from mulfree.rtl.cost.memory import rom_terms
from mulfree.rtl.stages import memory_files, stage_verilog
from mulfree.rtl.stages.text import address_bits, rom_lines

TABLE = Path(__file__).parent.parent / "rtl" / "cost" / "calibration.json"
RESOURCES = {"xc7": ("luts", "carries"), "ice40": ("luts", "carries"), "ecp5": ("luts", "carries"), "asic": ("gates",)}
HELD_OUT = 3
SMALL = 8.0
"""Counts below this are compared absolutely: one LUT more or less is not 50 % of anything that matters."""

EXPECTED = {
    "carry_outs": 0.5,
    "logic_bits": 0.7,
    "constant_logic_bits": 0.3,
    "handshakes": 2.0,
    "ffs": 6.75,
}
"""LUTs (gates of a register) that one of a term should take by its construction; a bit of anything else takes 1."""
PULL = 0.01
"""How much a weight far from what is expected counts against a relative error: it decides where terms go together."""

MOST_OF_A_BIT = {"luts": 4.0, "carries": 2.0, "gates": 16.0}
"""The most that one bit of anything may weigh: what a few small stages suggest must not be stretched to large ones."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One stage on one target: what the model sees, and what Yosys counted."""

    terms: Terms
    counted: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=Path, help="keep syntheses in this file and reuse those in it")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kinds", nargs="*", help="only these rows of the table")
    parser.add_argument("--targets", nargs="*", default=list(RESOURCES), help="only for these targets")
    options = parser.parse_args()
    # Target by target: the first rows are soon complete.
    chosen = [s for s in subjects() if not options.kinds or s.kind in options.kinds]
    points = measured(list(itertools.product(options.targets, chosen)), options.points, options.jobs)
    is_whole = not options.kinds and options.targets == list(RESOURCES)
    kept: dict[str, dict[str, Any]] = {target: {} for target in RESOURCES} if is_whole else table()["targets"]
    targets = {target: {**kept[target], **_rows(target, kinds, kept[target])} for target, kinds in points.items()}
    made = provenance(points) if is_whole else table()["provenance"]
    TABLE.write_text(json.dumps({"provenance": made, "targets": {**kept, **targets}}, indent=1) + "\n")
    for target, kinds in targets.items():
        for kind, row in kinds.items():
            print(f"{target:6} {kind:16} {Error(**row['error'])}, registers ±{row['register_error']:.1%}")


def _rows(target: str, kinds: Mapping[str, list[Point]], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Constant memories first, or as they were: the others take their weights."""
    memory = fitted(target, kinds[MEMORY], {}) if MEMORY in kinds else kept[MEMORY]
    tables = {r: {name: w for name, w in terms.items() if name in TABLES} for r, terms in memory["weights"].items()}
    given = {r: {name: terms.get(name, 0.0) for name in TABLES} for r, terms in tables.items()}
    return {MEMORY: memory, **{kind: fitted(target, row, given) for kind, row in kinds.items() if kind != MEMORY}}


def provenance(points: dict[str, dict[str, list[Point]]]) -> dict[str, Any]:
    count = sum(len(row) for kinds in points.values() for row in kinds.values())
    return {
        "command": "python bench/calibrate_cost.py",
        "tool": yosys_tool().version,
        "syntheses": count,
        "error": f"estimate / synthesis - 1 of LUTs (asic: gates) on every {HELD_OUT}rd stage of a kind, not fitted",
    }


@dataclass(frozen=True)
class Subject:
    """What is synthesised: a kind, the Verilog of a module `stage`, files that it reads, its terms on a target."""

    kind: str
    text: Callable[[str], str]
    data: dict[str, str]
    terms: Callable[[Target], Terms]

    def key(self, target: str) -> str:
        return f"{target} {hashlib.sha256(self.text(target).encode()).hexdigest()}"


def subjects() -> list[Subject]:
    """Memories, then every stage of the sweep."""
    stages = [
        Subject(calibrated_kind(stage), partial(_stage_text, stage), memory_files(stage), partial(stage_terms, stage))
        for stage in sweep()
    ]
    return [*(Subject(MEMORY, partial(_memory_text, m), {}, partial(rom_terms, m)) for m in memories()), *stages]


def _stage_text(stage: Stage, target: str) -> str:
    return stage_verilog(replace(stage, target=target))


def _memory_text(memory: Memory, target: str) -> str:
    del target
    ports = f"input logic clk, enable, input logic [{address_bits(memory.depth) - 1}:0] address"
    lines = "\n".join(rom_lines(memory, "words", "address", "word"))
    return f"module stage ({ports}, output logic [{memory.width - 1}:0] word);\n{lines}\nendmodule\n"


def measured(work: Sequence[tuple[str, Subject]], keep: Path | None, jobs: int) -> dict[str, dict[str, list[Point]]]:
    """By target and kind, in the order of the sweep."""
    known: dict[str, dict[str, float]] = json.loads(keep.read_text()) if keep and keep.exists() else {}
    found: dict[str, dict[str, list[Point]]] = {target: defaultdict(list) for target, _ in work}
    with ThreadPoolExecutor(jobs) as pool, Progress() as bar:
        task = bar.add_task("synthesis", total=len(work))
        for (target, subject), counted in zip(work, pool.map(lambda w: _counted(*w, known), work), strict=True):
            known[subject.key(target)] = counted
            found[target][subject.kind].append(Point(subject.terms(target_named(target)), counted))
            bar.advance(task)
            if keep:
                keep.write_text(json.dumps(known))
    return found


def _counted(target: str, subject: Subject, known: dict[str, dict[str, float]]) -> dict[str, float]:
    if subject.key(target) in known:
        return known[subject.key(target)]
    return synthesise_module(subject.text(target), "stage", target, data=subject.data).cost.to_dict()


def fitted(target: str, points: list[Point], memory: Weights) -> dict[str, Any]:
    """A row of the table; the weights of constant memories are given."""
    fit = [p for i, p in enumerate(points) if i % HELD_OUT != 1]
    held = [p for i, p in enumerate(points) if i % HELD_OUT == 1]
    weights = {resource: _weights(fit, resource, memory.get(resource, {})) for resource in RESOURCES[target]}
    model, main_resource = Calibration(with_tables(weights, memory or weights), Error(0, 0, 0)), RESOURCES[target][0]
    errors = [_off(model, p, main_resource) for p in held]
    worst = max(errors, key=abs)
    error = {"typical": float(np.sqrt(np.mean(np.square(errors)))), "worst": worst, "points": len(held)}
    registers = [_off(model, p, "ffs") for p in points]
    return {
        "weights": {r: {n: round(w, 4) for n, w in terms.items()} for r, terms in weights.items()},
        "error": {name: round(value, 4) for name, value in error.items()},
        "fit_error": round(float(np.sqrt(np.mean([_off(model, p, main_resource) ** 2 for p in fit]))), 4),
        "register_error": round(float(np.sqrt(np.mean(np.square(registers)))), 4),
    }


def _off(model: Calibration, point: Point, resource: str) -> float:
    estimated, counted = getattr(model.cost(point.terms), resource), point.counted[resource]
    return float((estimated - counted) / max(counted, SMALL))


def _weights(points: list[Point], resource: str, memory: Mapping[str, float]) -> dict[str, float]:
    """Bounded weights of least squared relative error, near what is expected where that decides nothing."""
    amounts = [{**p.terms.weighed, **({"ffs": p.terms.known.ffs} if resource == "gates" else {})} for p in points]
    given = np.array([sum(memory.get(name, 0.0) * amount for name, amount in row.items()) for row in amounts])
    names = sorted({name for row in amounts for name, amount in row.items() if amount} - memory.keys())
    counted = np.array([p.counted[resource] for p in points])
    given = given + np.array([getattr(p.terms.known, resource) for p in points])
    scale = 1 / np.maximum(counted, SMALL)
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in amounts]) * scale[:, None]
    pull = np.sqrt(PULL * (matrix**2).sum(axis=0))
    expected = np.array([_expected(name, resource) for name in names])
    most = np.array([MOST_OF_A_BIT[resource] if name.endswith("_bits") else np.inf for name in names])
    solution = _bounded(
        np.vstack([matrix, np.diag(pull)]), np.concatenate([(counted - given) * scale, pull * expected]), most
    )
    return {name: float(w) for name, w in zip(names, solution, strict=True) if w > 1e-4}


def _expected(name: str, resource: str) -> float:
    if resource == "luts":
        return EXPECTED.get(name, 1.0)
    return EXPECTED["ffs"] if name == "ffs" else 0.0


def _bounded(matrix: Floats, wanted: Floats, most: Floats) -> Floats:
    """Least squares over weights from 0 to `most`, coordinate by coordinate."""
    gram, right = matrix.T @ matrix, matrix.T @ wanted
    norms = np.maximum(gram.diagonal(), 1e-12)
    weights = np.zeros(len(right))
    for _ in range(20000):
        before = weights.copy()
        for i in range(len(weights)):
            weights[i] = min(most[i], max(0.0, weights[i] + (right[i] - gram[i] @ weights) / norms[i]))
        if np.abs(weights - before).max(initial=0) < 1e-9:
            break
    return weights


if __name__ == "__main__":
    main()
