"""Fit the weights of the cost model to Yosys, and measure its error on stages that were not fitted.

    python bench/calibrate_cost.py [--points FILE] [--jobs 2] [--kinds matrix_vector ...] [--targets xc7 ...] [--known]

synthesises every stage of bench/cost_sweep.py for every target (about twenty minutes on two idle cores) and rewrites
rtl/cost/calibration.json. Of each kind every third stage is held out: the errors stated in the table are those of the
held-out stages. `--points` keeps the syntheses in a file, for a later fit with other terms; `--known` synthesises
nothing and takes what the file has. `--kinds` and `--targets` do only those rows and keep the others of the table.

A target that maps logic as another one does (`ALIKE`) takes its weights, and only the held-out stages are synthesised.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cost_fit import HELD_OUT, Point, fitted, is_held_out, resources, stated, weighed
from cost_sweep import memories, sweep
from kept_syntheses import KeptSyntheses, Work
from rich.progress import Progress

from mulfree.backends.synth.flow import flow_for
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.rtl import Memory, Stage
from mulfree.rtl.cost import TARGETS, Error, Target, Terms, calibrated_kind, stage_terms, target_named
from mulfree.rtl.cost.calibration import MEMORY, TABLES, table
from mulfree.rtl.cost.memory import rom_terms
from mulfree.rtl.stages import memory_files, stage_verilog
from mulfree.rtl.stages.text import address_bits, rom_lines

TABLE = Path(__file__).parent.parent / "rtl" / "cost" / "calibration.json"
ALIKE = {"xcup": "xc7", "gowin": "ecp5"}
"""Of xcup memories alone differ; gowin has tables of four inputs, too, and other chains, which are counted."""
Points = Mapping[str, Sequence[Point]]
"""By kind, in the order of the sweep."""


def main() -> None:
    options = arguments()
    chosen = [s for s in subjects() if not options.kinds or s.kind in options.kinds]
    kept = KeptSyntheses(options.points)
    work = {target: work_of(target, chosen) for target in options.targets}
    if not options.known:
        synthesise_all([w for pairs in work.values() for _, w in pairs], kept, options.jobs)
    is_whole = not options.kinds and options.targets == list(TARGETS)
    rows: dict[str, Any] = {target: {} for target in TARGETS} if is_whole else dict(table()["targets"])
    for target, pairs in work.items():
        points = by_kind([(s, kept.cost(w)) for s, w in pairs if w in kept], target)
        rows[target] = {**rows.get(target, {}), **rows_of(target, points, rows)}
        show(target, rows[target], points)
    TABLE.write_text(json.dumps({"provenance": provenance(rows), "targets": rows}, indent=1) + "\n")


def synthesise_all(work: Sequence[Work], kept: KeptSyntheses, jobs: int) -> None:
    with Progress() as bar:
        task = bar.add_task("synthesis", total=len({w.key for w in work if w not in kept}))
        kept.fill(work, jobs, lambda count: bar.advance(task, count))


def rows_of(target: str, points: Points, rows: Mapping[str, Any]) -> dict[str, Any]:
    """Constant memories first, or as they were: the others take their weights."""
    if target in ALIKE:
        own = rows[ALIKE[target]]
        taken = {kind: _uncounted(row) | {"weights_of": ALIKE[target]} for kind, row in own.items()}
        memory = own[MEMORY]["weights"]
        return taken | {kind: stated(target, own[kind]["weights"], memory, p) for kind, p in points.items()}
    memory = fitted(target, points[MEMORY], {}, {}) if MEMORY in points else rows[target][MEMORY]
    weights: dict[str, dict[str, float]] = memory["weights"]
    given = {r: {name: terms.get(name, 0.0) for name in TABLES} for r, terms in weights.items()}
    all_points = [p for kind, of_kind in points.items() for p in of_kind if kind != MEMORY]
    shared = {r: weighed(all_points, r, given[r], {}) for r in resources(target)}
    stages = {kind: fitted(target, p, given, shared) for kind, p in points.items() if kind != MEMORY}
    return {MEMORY: memory, **stages}


def _uncounted(row: Mapping[str, Any]) -> dict[str, Any]:
    """With the error of the target that it is taken from; no synthesis is counted twice."""
    return {name: value for name, value in row.items() if name != "points"}


def provenance(rows: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "command": "python bench/calibrate_cost.py",
        "tool": yosys_tool().version,
        "flows": {target: flow_for(target).script for target in rows},
        "alike": ALIKE,
        "syntheses": sum(row.get("points", 0) for kinds in rows.values() for row in kinds.values()),
        "older": "rows without a number of points are of an earlier sweep, their syntheses not counted here",
        "error": f"estimate / synthesis - 1 of LUTs (asic: gates) on every {HELD_OUT}rd stage of a kind, not fitted",
    }


def show(target: str, rows: Mapping[str, Any], kinds: Points) -> None:
    for kind in kinds:
        row = rows[kind]
        carries = f", carries ±{row['carry_error']:.1%}" if "carry_error" in row else ""
        print(f"{target:6} {kind:20} {Error(**row['error'])}, registers ±{row['register_error']:.1%}{carries}")


@dataclass(frozen=True)
class Subject:
    """What is synthesised: its kind and name, the Verilog of a module `stage`, files that it reads, its terms."""

    kind: str
    name: str
    text: Callable[[str], str]
    data: dict[str, str]
    terms: Callable[[Target], Terms]


def subjects() -> list[Subject]:
    """Memories, then every stage of the sweep (which draws its random numbers first)."""
    stages = [*map(_of_stage, sweep())]
    return [*map(_of_memory, memories()), *stages]


def work_of(target: str, chosen: Sequence[Subject]) -> list[tuple[Subject, Work]]:
    return [(s, Work(target, s.text(target), s.data)) for s in of_target(target, chosen)]


def of_target(target: str, chosen: Sequence[Subject]) -> list[Subject]:
    """All; or of each kind those that are held out."""
    if target not in ALIKE:
        return list(chosen)
    seen: dict[str, int] = defaultdict(int)
    kept = list[Subject]()
    for subject in chosen:
        kept += [subject] if is_held_out(seen[subject.kind]) else []
        seen[subject.kind] += 1
    return kept


def by_kind(counted: Sequence[tuple[Subject, Any]], target: str) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = defaultdict(list)
    for subject, cost in counted:
        found[subject.kind].append(Point(subject.name, subject.terms(target_named(target)), cost))
    return found


def _of_memory(m: Memory) -> Subject:
    return Subject(MEMORY, f"{m.depth} words of {m.width} bits", partial(_memory_text, m), {}, partial(rom_terms, m))


def _of_stage(stage: Stage) -> Subject:
    text, terms = partial(_stage_text, stage), partial(stage_terms, stage)
    return Subject(calibrated_kind(stage), _described(stage), text, memory_files(stage), terms)


def _described(stage: Stage) -> str:
    """Streams as lanes and ranges, then the parameters."""
    streams = " and ".join(f"{x.lanes} x {x.type.range}" for x in stage.inputs)
    y = stage.outputs[0]
    values = ", ".join(f"{name} {value}" for name, value in stage.parameters.items() if not name.endswith("_copies"))
    return f"{streams} to {y.lanes} x {y.type.range}" + (f"; {values}" if values else "")


def _stage_text(stage: Stage, target: str) -> str:
    return stage_verilog(replace(stage, target=target))


def _memory_text(memory: Memory, target: str) -> str:
    del target
    ports = f"input logic clk, enable, input logic [{address_bits(memory.depth) - 1}:0] address"
    lines = "\n".join(rom_lines(memory, "words", "address", "word"))
    return f"module stage ({ports}, output logic [{memory.width - 1}:0] word);\n{lines}\nendmodule\n"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=Path, help="keep syntheses in this file and reuse those in it")
    parser.add_argument("--known", action="store_true", help="synthesise nothing")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kinds", nargs="*", help="only these rows of the table")
    parser.add_argument("--targets", nargs="*", default=list(TARGETS), help="only for these targets")
    return parser.parse_args()


if __name__ == "__main__":
    main()
