"""Open synthesis of a trained network: no multiplier left, what it costs, how near the estimate was, and the clock.

    python bench/synthesis.py [--targets xc7 ice40 ecp5] [--devices ice40-hx8k ecp5-25k] [--jobs 2]

1. TFC (784-64-64-64-10, binary, trained), folded for 20 000 frames per second at 100 MHz: Yosys maps every stage to
   each target; no $mul, division or DSP block may be left. Per stage: LUTs as estimated and as counted by Yosys.
2. TFC in that folding, and the convolutional network for handwritten digits that ships with mulfree with one lane
   per layer: Yosys and nextpnr place and route the whole design on each device: clock and utilisation.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from importlib.resources import files

from common import Report, machine, model_path

import mulfree
from mulfree.api import CompiledModel
from mulfree.backends.estimate import StageEstimate
from mulfree.backends.synth import ModuleSynthesis, synthesise
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.ir import CompileError
from mulfree.rtl.cost import Cost

TFC_FPS = 20000.0
MULTIPLIER = re.compile(r"^\$_*(mul|macc|div|mod|pow)|MUL|DSP|MAC|ALU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="*", default=["xc7", "ice40", "ecp5"])
    parser.add_argument("--devices", nargs="*", default=["ice40-hx8k", "ecp5-25k"])
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print(f"{machine()}; {yosys_tool().version}", flush=True)
    report = Report()
    tfc = mulfree.compile(model_path("TFC_1W1A"), fps=TFC_FPS)
    for target in options.targets:
        map_to(report, tfc, target, options.jobs)
    for device in options.devices:
        place(report, "TFC", tfc, device)
        place(report, "digits", smallest(str(files("mulfree") / "examples" / "digits.onnx")), device)
    report.finish()


def map_to(report: Report, design: CompiledModel, target: str, jobs: int) -> None:
    print(f"\nTFC on {target}: LUTs, of a stage and in total", flush=True)
    estimated = design.estimate(target)
    with report.timed():
        try:
            counted = synthesise(design.hardware.design, target, jobs=jobs)
        except CompileError as error:
            report.claim(False, f"TFC on {target}: {error}")
            return
    print(f"{'stage':32s} {'kind':16s} {'estimate':>9s} {'Yosys':>9s} {'off':>7s}")
    for guess, truth in zip(estimated.stages, counted.stages, strict=True):
        print(_row(guess, truth))
    whole, guess = counted.total, estimated.total
    print(f"{'total':49s} {_luts(guess):9.0f} {_luts(whole):9.0f} {_off(guess, whole)}")
    multipliers = _multipliers(counted.stages)
    report.claim(
        not multipliers,
        f"TFC on {target}: no $mul, division or DSP cell in {len(counted.stages)} stages, before or after mapping; "
        f"{whole.luts:.0f} LUTs, {whole.lutram:.0f} LUTs as memory, {whole.ffs:.0f} FFs, {whole.carries:.0f} carries, "
        f"{whole.brams:.0f} block memories; longest path {max(s.levels for s in counted.stages)} cells"
        + (f"; left are {', '.join(multipliers)}" if multipliers else ""),
    )


def _row(guess: StageEstimate, truth: ModuleSynthesis) -> str:
    return (
        f"{guess.name:32s} {guess.kind:16s} {_luts(guess.cost):9.0f} {_luts(truth.cost):9.0f} "
        f"{_off(guess.cost, truth.cost)}"
    )


def _luts(cost: Cost) -> float:
    return cost.luts + cost.lutram


def _off(guess: Cost, truth: Cost) -> str:
    return f"{_luts(guess) / _luts(truth) - 1:+7.1%}" if _luts(truth) else f"{'-':>7s}"


def _multipliers(stages: Sequence[ModuleSynthesis]) -> list[str]:
    """By a list of our own, so that a hole in the list of `synthesise` would show."""
    cells = {cell for stage in stages for cell in (*stage.cells, *stage.rtl_cells)}
    return sorted(cell for cell in cells if MULTIPLIER.search(cell))


def smallest(source: str) -> CompiledModel:
    """With one lane per layer."""
    layers = foldable_layers(mulfree.compile(source).hardware.graph)
    return mulfree.compile(source, folding={name: LayerFolding() for name in layers})


def place(report: Report, name: str, design: CompiledModel, device: str) -> None:
    with report.timed():
        try:
            placed = design.place_and_route(device)
        except CompileError as error:
            report.claim(False, f"{name} on {device}: {error}")
            return
    used = ", ".join(f"{n.used} of {n.available} {kind}" for kind, n in placed.utilisation.items())
    rate = placed.fmax_mhz * 1e6 / float(design.pace.interval_cycles)
    print(f"\n{name} on {device}, {placed.tool}: {used}")
    report.claim(
        placed.fmax_mhz > 0,
        f"{name} on {device}: placed and routed, {placed.fmax_mhz:.1f} MHz, {rate:.0f} frames per second at that clock",
    )


if __name__ == "__main__":
    sys.exit(main())
