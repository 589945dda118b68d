"""Area in a cell library: estimated without mapping, and mapped by Yosys and ABC.

    python bench/liberty_area.py [FILE.lib ...] [--models digits.onnx ...] [--stages NAME ...] [--jobs 2]

Each network is mapped stage by stage to our generic library, to the gates of the thesis and to the files (default: the
open library SG13G2 in the folder `data` of $MULFREE_MODELS). Printed: the error of the estimate by stage and in total,
of which cells the logic in our own library is made, and the largest error; `backends/liberty/area.py` holds both.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files

from common import SHARED, Report, machine

import mulfree
from mulfree.backends.liberty import Library, asic_flow, library_named
from mulfree.backends.liberty.area import estimated_area
from mulfree.backends.liberty.generic import GATES
from mulfree.backends.synth import ModuleSynthesis, Settings, synthesise
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.rtl import Design
from mulfree.rtl.cost import stage_cost, total

GOAL = 0.10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs="*", default=[str(SHARED / "data" / "sg13g2_stdcell_typ_1p20V_25C.lib")])
    parser.add_argument("--models", nargs="*", default=[str(files("mulfree") / "examples" / "digits.onnx")])
    parser.add_argument("--stages", nargs="*", help="only these")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"{machine()}; {yosys_tool()}", flush=True)
    report, errors = Report(), list[float]()
    for model in options.models:
        design = chosen(mulfree.compile(model, target="asic").hardware.design, options.stages)
        for name in ("generic", "thesis-7nm", *options.libraries):
            made, error = compare(report, design, library_named(name), options.jobs)
            errors.append(abs(error))
            if name == "generic":
                print_mix(made)
    print(f"\nERROR = {max(errors):.3f}")
    report.finish()


def chosen(design: Design, names: Sequence[str] | None) -> Design:
    return replace(design, stages=[stage for stage in design.stages if not names or stage.name in names])


def compare(report: Report, design: Design, library: Library, jobs: int) -> tuple[Sequence[ModuleSynthesis], float]:
    """The stages as they were mapped, and the error of their estimated area."""
    made = synthesise(design, "asic", Settings(jobs=jobs), flow=asic_flow(library))
    costs = [stage_cost(stage, "asic") for stage in design.stages]
    print(f"\n{design.name} in {library.name} ({library.unit}), {made.delay_ps:,.0f} ps")
    for stage, cost in zip(made.stages, costs, strict=True):
        print_row(f"{stage.name} ({stage.kind})", estimated_area(cost, library), stage.area)
    guess = estimated_area(total(costs), library)
    print_row("total", guess, made.area)
    error = guess / made.area - 1
    report.claim(abs(error) <= GOAL, f"{design.name} in {library.name}: area estimated {error:+.1%} off")
    return made.stages, error


def print_row(name: str, guess: float, truth: float) -> None:
    error = f"{guess / truth - 1:+.1%}" if truth else ""
    print(f"  {name:44s} {guess:14,.0f} {truth:14,.0f} {error:>8s}")


def print_mix(stages: Sequence[ModuleSynthesis]) -> None:
    cells = sum((Counter(stage.cells) for stage in stages), Counter[str]())
    areas = {name: cells[name] * gate.area for name, gate in GATES.items() if cells[name]}
    shares = {name: area / sum(areas.values()) for name, area in sorted(areas.items(), key=lambda item: -item[1])}
    print("  logic is " + ", ".join(f"{name} {share:.3f}" for name, share in shares.items()))


if __name__ == "__main__":
    main()
