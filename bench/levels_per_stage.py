"""What registers within folded layers buy: the clock, against the flip-flops and the cycles that they take.

    python bench/levels_per_stage.py [--target ecp5] [--fps 100000] [--levels 6 4 3 2 1] [--model FILE] [--device NAME]

Trained TFC, or another model, folded for so many frames per second at 100 MHz, without registers in the lanes and with
those of each `--levels-per-stage`: the estimated clock, what it takes, and all of it as a ratio to the design without.
With `--device`, such as ecp5-85k, each is placed and routed as well. PASS if some number of levels raises the clock.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from common import Report, machine, model_path

import mulfree
from mulfree.api import CompiledModel

CLOCK_MHZ = 100.0


@dataclass(frozen=True)
class Row:
    """A design at its own clock."""

    registers: int
    clock_mhz: float
    luts: float
    ffs: float
    latency_cycles: int
    fps: float
    slowest: str
    placed_mhz: float | None

    @property
    def latency_us(self) -> float:
        return self.latency_cycles / self.best_mhz

    @property
    def best_mhz(self) -> float:
        """As placed, where that is known."""
        return self.placed_mhz or self.clock_mhz

    @property
    def rate(self) -> float:
        """Frames per second at that clock."""
        return self.fps * self.best_mhz / CLOCK_MHZ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="ecp5")
    parser.add_argument("--fps", type=float, default=100_000)
    parser.add_argument("--levels", type=int, nargs="*", default=[6, 4, 3, 2, 1])
    parser.add_argument("--model", default=str(model_path("TFC_1W1A")))
    parser.add_argument("--device")
    options = parser.parse_args()
    print(machine(), flush=True)
    table(options.model, options.target, options.fps, options.levels, options.device)


def table(model: str, target: str, fps: float, levels: Sequence[int], device: str | None) -> None:
    def row(count: int | None) -> Row:
        design = mulfree.compile(model, target=target, fps=fps, clock_mhz=CLOCK_MHZ, levels_per_stage=count)
        return measured(design, device)

    report, plain = Report(), row(None)
    print(f"{model} on {target}, {fps:g} frames per second at {CLOCK_MHZ:g} MHz")
    print(
        f"levels registers  {'MHz':>12}  {'placed MHz':>12}  {'LUTs':>12}  {'flip-flops':>12}  {'latency us':>12}  rate"
    )
    show("none", plain, plain)
    rows = [row(count) for count in levels]
    for count, found in zip(levels, rows, strict=True):
        show(str(count), found, plain)
    best = max(rows, key=lambda found: found.best_mhz)
    report.claim(
        best.best_mhz > plain.best_mhz,
        f"{best.best_mhz:.0f} MHz against {plain.best_mhz:.0f}: {best.best_mhz / plain.best_mhz:.2f} times the clock, "
        f"{best.luts / plain.luts:.2f} times the LUTs, {best.ffs / plain.ffs:.2f} times the flip-flops",
    )
    report.finish()


def measured(design: CompiledModel, device: str | None) -> Row:
    estimate = design.estimate()
    assert estimate.fmax_mhz, "a target with delays"
    assert estimate.latency_cycles is not None
    registers = sum(stage.parameters.get("registers", 0) for stage in design.hardware.design.stages)
    placed = design.place_and_route(device, clock_mhz=CLOCK_MHZ).fmax_mhz if device else None
    cost = estimate.total
    amounts = (cost.luts, cost.ffs, estimate.latency_cycles, estimate.fps)
    return Row(registers, estimate.fmax_mhz, *amounts, estimate.slowest_path, placed)


def show(levels: str, found: Row, plain: Row) -> None:
    def against(value: float | None, other: float | None, digits: int = 0) -> str:
        return f"{value:6.{digits}f} {value / other:4.2f}x" if value and other else "-"

    columns = (
        against(found.clock_mhz, plain.clock_mhz),
        against(found.placed_mhz, plain.placed_mhz),
        against(found.luts, plain.luts),
        against(found.ffs, plain.ffs),
        against(found.latency_us, plain.latency_us, 2),
    )
    rate = f"{found.rate / plain.rate:.2f}x  {found.slowest}"
    print(f"{levels:>6} {found.registers:9}  {'  '.join(f'{text:>12}' for text in columns)}  {rate}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
