"""A proxy for power: gates weighed by how often they toggle on given samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mulfree.ir import AnyArray
from mulfree.rtl import Design, Stage
from mulfree.rtl.cost import TARGETS, calibrated_kind, calibration, stage_cost
from mulfree.rtl.cost.memory import ram_terms
from mulfree.sim.activity.circuits import Tokens, played, weighed
from mulfree.sim.activity.streams import Toggles, stream_toggles, tokens_of


@dataclass(frozen=True, slots=True)
class StagePower:
    """One stage. Rates are toggles of a bit in a cycle, mean over bits and cycles."""

    name: str
    kind: str
    gates: float
    """NAND2 equivalents, as estimated."""
    rate: float | None
    """Of the words that the stage gives; None where they are no values of the graph."""
    circuit_share: float
    """Of the stage's gates, those in circuits whose inputs were played."""
    toggled: float
    """Gates x toggles per cycle."""


@dataclass(frozen=True, slots=True)
class Power:
    """A design on a data set.

    Counted, for frames that follow each other without a gap, `cycles` for each:

    - A stream's toggles are the bits in which a word differs from the one before it, in the order of tokens, over all
      frames. Where a stage's output comes from registers, and those of most kinds do, these are the changes of the
      stage's data port in hardware, whatever sources and sinks do.
    - In circuits whose inputs follow from the streams (element-wise stages, constant matrices, the lanes of matrices)
      every cell's result is computed for the first `circuits.STEPS` steps, and each gate of the cell toggles as often
      as a bit of its result, in the mean.
    - Of a memory for words that come and go, one word changes at a time: its gates toggle as often as a bit of the
      stage's streams, divided by its words.
    - All other gates of a stage, its registers and control, toggle as often as a bit of its streams.

    `toggled` is the sum of gates x toggles per cycle: proportional to the dynamic power of logic and registers, if
    every gate had the same load. Left out: the clock's tree, the first word of the data set, glitches (all gates are
    taken to settle at once), wires' lengths, leakage, and the difference between kinds of gates.
    """

    cycles: float
    samples: int
    stages: tuple[StagePower, ...]

    @property
    def toggled(self) -> float:
        return sum(stage.toggled for stage in self.stages)

    @property
    def gates(self) -> float:
        return sum(stage.gates for stage in self.stages)

    @property
    def activity(self) -> float:
        """Toggles of a gate in a cycle, in the mean."""
        return self.toggled / self.gates if self.gates else 0.0

    def to_dict(self) -> dict[str, Any]:
        stages = [
            {
                "name": s.name,
                "kind": s.kind,
                "gates": round(s.gates),
                "toggles_per_bit_and_cycle": s.rate,
                "circuit_share": s.circuit_share,
                "toggled_gates": s.toggled,
            }
            for s in self.stages
        ]
        whole = {"toggled_gates": self.toggled, "gates": round(self.gates), "activity": self.activity}
        return {"samples": self.samples, "cycles_per_frame": self.cycles, **whole, "stages": stages}


def power(design: Design, values: Mapping[str, AnyArray], cycles: float) -> Power:
    """`values`: every value of the design's graph by name, batch first; `cycles` from frame to frame."""
    samples = len(next(iter(values.values())))
    time = samples * cycles
    streams = design.streams()
    toggles = {stream.name: stream_toggles(stream, values) for stream in streams}
    tokens = {s.name: tokens_of(s, values[s.value.name]) for s in streams if s.value.name in values}
    return Power(cycles, samples, tuple(_stage(stage, toggles, tokens, time) for stage in design.stages))


def _stage(stage: Stage, toggles: Mapping[str, Toggles | None], tokens: Tokens, time: float) -> StagePower:
    gates = stage_cost(stage, "asic").gates
    moved, played_gates = _in_circuits(stage, tokens, time)
    rate = _mean_rate([toggles[y.name] for y in stage.outputs], time)
    around = _mean_rate([toggles[s.name] for s in (*stage.inputs, *stage.outputs)], time) or 0.0
    depth, stored = _memory(stage)
    rest = max(0.0, gates - played_gates - stored)
    share = min(1.0, played_gates / gates) if gates else 0.0
    return StagePower(stage.name, stage.module, gates, rate, share, moved + (rest + stored / depth) * around)


def _memory(stage: Stage) -> tuple[int, float]:
    """Words of the memory in which the stage keeps tokens, and its gates."""
    p, x = stage.parameters, stage.inputs[0]
    depth = p.get("depth") or (p.get("input_folds", 1) if p.get("output_folds", 1) > 1 else 1)
    if depth == 1:
        return 1, 0.0
    terms = ram_terms(depth, x.token_bits, TARGETS["asic"], "auto", is_registered=False)
    return depth, calibration("asic", calibrated_kind(stage)).cost(terms).gates


def _in_circuits(stage: Stage, tokens: Tokens, time: float) -> tuple[float, float]:
    """(gates x toggles per cycle, gates) of the circuits that were played."""
    moved = gates = 0.0
    for circuit, inputs, steps in played(stage, tokens):
        looked_at = min(len(x) for x in inputs.values())
        changes, count = weighed(circuit, inputs)
        moved += changes * (steps - 1) / max(1, looked_at - 1) / time
        gates += count
    return moved, gates


def _mean_rate(found: list[Toggles | None], time: float) -> float | None:
    """Over all bits of the streams that are known."""
    known = [toggles for toggles in found if toggles]
    bits = sum(toggles.bits for toggles in known)
    return sum(toggles.changes for toggles in known) / (bits * time) if bits and time else None
