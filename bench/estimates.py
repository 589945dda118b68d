"""Estimates of whole designs against synthesis: networks and a layer of every family, none of them calibrated on.

    python bench/estimates.py [--targets xc7 ecp5 asic] [--designs TFC ...] [--points FILE] [--jobs 2] [--write]

Every stage is synthesised by Yosys, as `mulfree synth` does, and compared with `mulfree estimate`: look-up tables, for
asic NAND2 equivalents. `--points` keeps the syntheses in a file, so that a repetition takes seconds. `--write` puts the
tables into docs/estimates.md.

Memories that standard cells would have to hold (`LARGEST_ROM` bits of constants and more, or a stage of more than
`LARGEST_STAGE` gates, most of them registers of a memory) are left out on asic, in the estimate as in the synthesis: a
chip holds them in memory macros.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from estimated_designs import designs
from kept_syntheses import KeptSyntheses, Work
from rich.progress import Progress

from mulfree.backends.estimate import Estimate, estimate
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.rtl import Design, Stage
from mulfree.rtl.cost import Cost, target_named
from mulfree.rtl.stages import memory_files, stage_verilog

PAGE = Path(__file__).parent.parent / "docs" / "estimates.md"
BEGIN, END = "<!-- written by bench/estimates.py -->", "<!-- end of what is written -->"
LARGEST_ROM = 1 << 15
LARGEST_STAGE = 100_000
LARGE = 1200
"""Look-up tables from which a stage is synthesised by itself."""
GOAL = 0.10


@dataclass(frozen=True)
class Compared:
    """A stage of a design on a target."""

    design: str
    kind: str
    work: Work
    estimated: float
    registers: float


def main() -> None:
    asked = arguments()
    kept, tables = KeptSyntheses(asked.points), list[str]()
    for target in asked.targets:
        made = {name: build() for name, build in designs(target).items() if not asked.designs or name in asked.designs}
        estimates = {name: estimate(design, target) for name, design in made.items()}
        rows = [row for name, design in made.items() for row in compared(name, design, estimates[name], target)]
        synthesise_all(rows, kept, asked.jobs)
        tables.append("\n".join(report(target, rows, estimates, kept)))
        print(tables[-1], flush=True)
    if asked.write:
        write(f"By {yosys_tool().version}, each stage by itself.\n\n" + "\n\n".join(tables))


def compared(name: str, design: Design, found: Estimate, target: str) -> Iterator[Compared]:
    for stage, row in zip(design.stages, found.stages, strict=True):
        if target_named(target).is_fpga or not (_has_large_rom(stage) or row.cost.gates > LARGEST_STAGE):
            yield Compared(name, row.kind, _work(stage, target), _area(row.cost, target), row.cost.ffs)


def _has_large_rom(stage: Stage) -> bool:
    return any(memory.depth * memory.width >= LARGEST_ROM for memory in stage.memories.values())


def _work(stage: Stage, target: str) -> Work:
    """Equal stages are one, whatever they are called."""
    unnamed = replace(stage, name="stage", target=target)
    return Work(target, stage_verilog(unnamed), memory_files(unnamed))


def _area(cost: Cost, target: str) -> float:
    return cost.luts if target_named(target).is_fpga else cost.gates


def synthesise_all(rows: Sequence[Compared], kept: KeptSyntheses, jobs: int) -> None:
    """Small ones together, large ones alone, the largest last."""
    ordered = sorted(rows, key=lambda row: row.estimated)
    small = [row.work for row in ordered if row.estimated < LARGE]
    large = [row.work for row in ordered if row.estimated >= LARGE]
    with Progress() as bar:
        task = bar.add_task("synthesis", total=len({w.key for w in (*small, *large) if w not in kept}))
        kept.fill(small, jobs, lambda count: bar.advance(task, count))
        kept.fill(large, jobs, lambda count: bar.advance(task, count), together=1)


def report(target: str, rows: Sequence[Compared], estimates: dict[str, Estimate], kept: KeptSyntheses) -> Iterator[str]:
    unit = "LUTs" if target_named(target).is_fpga else "gates"
    yield f"### {target}: {target_named(target).meaning}\n"
    yield f"| design | stages | {unit} estimated | by Yosys | off | known error | registers off |"
    yield "|---|---|---|---|---|---|---|"
    for name, found in estimates.items():
        mine = [row for row in rows if row.design == name]
        yield f"| {name} | {_sums(target, mine, kept)} | ±{found.error:.1%} | {_registers(mine, kept)} |"
    yield f"\n| kind of stage | different stages | {unit} estimated | by Yosys | off | typical of a stage | worst |"
    yield "|---|---|---|---|---|---|---|"
    different = {row.work.key: row for row in rows}.values()
    for kind in sorted({row.kind for row in rows}):
        mine = [row for row in different if row.kind == kind]
        yield f"| {kind} | {_sums(target, mine, kept)} | {_typical(target, mine, kept)} |"


def _sums(target: str, rows: Sequence[Compared], kept: KeptSyntheses) -> str:
    ours, theirs = sum(row.estimated for row in rows), sum(_area(kept.cost(row.work), target) for row in rows)
    off = f"{ours / theirs - 1:+.1%}" if theirs else "-"
    mark = f"**{off}**" if theirs and abs(ours / theirs - 1) > GOAL else off
    return f"{len(rows)} | {ours:,.0f} | {theirs:,.0f} | {mark}"


def _typical(target: str, rows: Sequence[Compared], kept: KeptSyntheses) -> str:
    """As calibration has it: of small counts the difference is what matters."""
    offs = [
        (row.estimated - _area(kept.cost(row.work), target)) / max(8.0, _area(kept.cost(row.work), target))
        for row in rows
    ]
    return f"±{np.sqrt(np.mean(np.square(offs))):.1%} | {max(offs, key=abs):+.1%}"


def _registers(rows: Sequence[Compared], kept: KeptSyntheses) -> str:
    theirs = sum(kept.cost(row.work).ffs for row in rows)
    return f"{sum(row.registers for row in rows) / theirs - 1:+.1%}" if theirs else "-"


def write(text: str) -> None:
    """Between the two marks of the page; what people wrote around them stays."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="*", default=["xc7", "ecp5", "asic"])
    parser.add_argument("--designs", nargs="*", help="only these")
    parser.add_argument("--points", type=Path, help="keep syntheses in this file and reuse those in it")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/estimates.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
