"""Estimate a design on a target without synthesis: area, latency, interval, rate, and how far off it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mulfree.rtl import Design, Stage
from mulfree.rtl.busy import busy_cycles
from mulfree.rtl.cost import Cost, Error, calibrated_kind, calibration, provenance, stage_cost, target_named, total


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One stage. `error` is what calibration knows of its kind; `busy_cycles` how long a frame occupies it."""

    name: str
    kind: str
    parameters: Mapping[str, int]
    cost: Cost
    error: Error
    busy_cycles: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A whole design at a clock. `latency_cycles` is None unless a cycle model was run."""

    target: str
    clock_mhz: float
    stages: tuple[StageEstimate, ...]
    interval_cycles: Fraction
    """Cycles from frame to frame: of the cycle model if it was run, else of the busiest stage."""
    latency_cycles: int | None = None

    @property
    def total(self) -> Cost:
        """All stages side by side; wires between them cost nothing."""
        return total([stage.cost for stage in self.stages])

    @property
    def error(self) -> float:
        """Typical relative error of the total's area: the stages' errors, as if all went the same way."""
        areas = [(_area(self.target, stage.cost), stage.error.typical) for stage in self.stages]
        whole = sum(area for area, _ in areas)
        return sum(area * error for area, error in areas) / whole if whole else 0.0

    @property
    def fps(self) -> float:
        return self.clock_mhz * 1e6 / float(self.interval_cycles) if self.interval_cycles else 0.0

    @property
    def latency_us(self) -> float | None:
        return None if self.latency_cycles is None else self.latency_cycles / self.clock_mhz

    @property
    def slowest(self) -> str:
        """The stage that bounds the rate."""
        return max(self.stages, key=lambda stage: stage.busy_cycles).name if self.stages else ""

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: the same numbers under the same names."""
        return {
            "target": self.target,
            "clock_mhz": self.clock_mhz,
            "latency_cycles": self.latency_cycles,
            "latency_us": self.latency_us,
            "interval_cycles": float(self.interval_cycles),
            "fps": self.fps,
            "slowest_stage": self.slowest,
            "total": self.total.rounded().to_dict(),
            "total_error": self.error,
            "calibration": provenance(),
            "stages": [_stage_dict(stage) for stage in self.stages],
        }


def estimate(
    design: Design,
    target: str = "xc7",
    clock_mhz: float = 100.0,
    *,
    interval_cycles: Fraction | int | None = None,
    latency_cycles: int | None = None,
) -> Estimate:
    """Closed forms of every stage, weighed by the calibration table.

    `interval_cycles` and `latency_cycles` are those of a cycle model (`mulfree.sim.cycles`), if one was run.
    Raises CompileError for an unknown target.
    """
    target_named(target)
    stages = tuple(_stage(stage, target) for stage in design.stages)
    busiest = max((stage.busy_cycles for stage in stages), default=0)
    interval = Fraction(busiest if interval_cycles is None else interval_cycles)
    return Estimate(target, clock_mhz, stages, interval, latency_cycles)


def _stage(stage: Stage, target: str) -> StageEstimate:
    error = calibration(target, calibrated_kind(stage)).error
    cost = stage_cost(stage, target)
    return StageEstimate(stage.name, stage.module, dict(stage.parameters), cost, error, busy_cycles(stage))


def _area(target: str, cost: Cost) -> float:
    """What the error speaks of: look-up tables, or gates where there are none."""
    return cost.luts if target_named(target).is_fpga else cost.gates


def _stage_dict(stage: StageEstimate) -> dict[str, Any]:
    return {
        "name": stage.name,
        "kind": stage.kind,
        "parameters": dict(stage.parameters),
        "busy_cycles": stage.busy_cycles,
        "cost": stage.cost.rounded().to_dict(),
        "error": {"typical": stage.error.typical, "worst": stage.error.worst, "points": stage.error.points},
    }
