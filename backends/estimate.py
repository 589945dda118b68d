"""Estimate a design on a target without synthesis: area, clock, latency, rate, and how far off they may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from mulfree.rtl import Design, Stage
from mulfree.rtl.busy import busy_cycles
from mulfree.rtl.cost import Cost, Error, calibrated_kind, calibration, provenance, stage_cost, target_named, total
from mulfree.rtl.timing import Speed, levels, longest_in, speed, stage_error
from mulfree.rtl.timing import provenance as timing_provenance


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One stage. `error` is what calibration knows of its kind; `busy_cycles`, exact, how long a frame occupies it."""

    name: str
    kind: str
    parameters: Mapping[str, int]
    cost: Cost
    """With `levels`: cells of the target on the longest path of the stage by itself."""
    error: Error
    busy_cycles: int
    delay_ns: float | None = None
    """The longest path that ends in the stage's registers, where it stands; None where the target has no delays."""
    delay_error: Error | None = None
    """None where nothing was placed to compare with."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A whole design at a clock. `latency_cycles` is None unless a cycle model was run."""

    target: str
    clock_mhz: float
    stages: tuple[StageEstimate, ...]
    interval_cycles: Fraction
    """Cycles from frame to frame: of the cycle model if it was run, else of the busiest stage."""
    latency_cycles: int | None = None
    speed: Speed | None = None
    """The delays that the clock is made of."""

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

    @property
    def fmax_mhz(self) -> float | None:
        """The clock that the longest path of any stage allows; None where the target has no delays."""
        longest = max((stage.delay_ns or 0.0 for stage in self.stages), default=0.0)
        return 1000 / longest if longest else None

    @property
    def fmax_error(self) -> Error | None:
        """That of the longest path of stages that nothing was fitted to."""
        return self.speed.error if self.speed else None

    @property
    def slowest_path(self) -> str:
        """The stage that bounds the clock."""
        return max(self.stages, key=lambda stage: stage.delay_ns or 0.0).name if self.fmax_mhz else ""

    @property
    def warnings(self) -> list[str]:
        """What is asked for and probably not reached."""
        if self.fmax_mhz is None or self.clock_mhz <= self.fmax_mhz:
            return []
        error = f" ±{self.fmax_error.typical:.0%}" if self.fmax_error else ""
        return [
            f"{self.clock_mhz:g} MHz is above the estimated {self.fmax_mhz:.0f} MHz{error}: the longest path ends in "
            f"'{self.slowest_path}'; fold its layer more, ask for a slower clock, or place it and see (mulfree pnr)"
        ]

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
            "fmax_mhz": self.fmax_mhz,
            "fmax_error": _error_dict(self.fmax_error),
            "slowest_path": self.slowest_path,
            "delays": self.speed.meaning if self.speed else None,
            "warnings": self.warnings,
            "total": self.total.rounded().to_dict(),
            "total_error": self.error,
            "calibration": provenance(),
            "timing_calibration": timing_provenance() if self.fmax_error else None,
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
    known = speed(target)
    delays = longest_in(design, target, known.delays) if known else [None] * len(design.stages)
    stages = _placed([_stage(stage, target, ns) for stage, ns in zip(design.stages, delays, strict=True)], known)
    busiest = max((stage.busy_cycles for stage in stages), default=0)
    interval = Fraction(busiest if interval_cycles is None else interval_cycles)
    return Estimate(target, clock_mhz, stages, interval, latency_cycles, known)


def _placed(stages: Sequence[StageEstimate], known: Speed | None) -> tuple[StageEstimate, ...]:
    """With delays as they are in the whole design, whose wires are longer than those of a stage by itself."""
    if known is None:
        return tuple(stages)
    luts = sum(stage.cost.luts for stage in stages)
    return tuple(replace(s, delay_ns=known.among(s.delay_ns or 0.0, s.cost.luts, luts)) for s in stages)


def _stage(stage: Stage, target: str, delay_ns: float | None) -> StageEstimate:
    kind = calibrated_kind(stage)
    cost = replace(stage_cost(stage, target), levels=levels(stage, target))
    error, slack = calibration(target, kind).error, stage_error(target, kind)
    return StageEstimate(
        stage.name, stage.module, dict(stage.parameters), cost, error, busy_cycles(stage), delay_ns, slack
    )


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
        "error": _error_dict(stage.error),
        "delay_ns": stage.delay_ns,
        "delay_error": _error_dict(stage.delay_error),
    }


def _error_dict(error: Error | None) -> dict[str, Any] | None:
    return None if error is None else asdict(error)
