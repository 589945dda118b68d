"""Registers on the way through the lanes of a reducing stage: from what a step reads to where shares are added up.

A share that has passed the registers is a step like any other, so a run of steps is reduced as without them, a cycle
for each. The handshake of the registers stands beside the lanes, and so does which share is the last of its run.
"""

from __future__ import annotations

from collections.abc import Mapping

from mulfree.rtl.circuit import Circuit
from mulfree.rtl.design import Stage
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.pipeline import Pipeline, depth, pipeline, pipelined_text, registers_within
from mulfree.rtl.stages.text import CLOCK, circuit_module, circuit_text, instance

MEETING_CONSTANTS = ("matrix_vector", "channelwise")
"""Kinds whose lanes take the weights as they are stored."""


def lane_registers(circuits: Mapping[str, Circuit], technology: str, levels: int | None) -> int:
    """How many registers in circuit `lane` leave at most so many levels of logic before each register.

    The register of the sums, behind circuit `step`, is one of these. Without `levels` there are none.
    """
    if levels is None:
        return 0
    return registers_within(circuits["lane"], technology, levels, _levels_behind(circuits, technology))


def lane_pipeline(stage: Stage, target: str) -> Pipeline:
    """Where the registers of the lane stand, of a stage that has some, on a target."""
    technology = lane_target(stage, target)
    behind = _levels_behind(stage.circuits, technology)
    return pipeline(stage.circuits["lane"], technology, stage.parameters["registers"], behind)


def _levels_behind(circuits: Mapping[str, Circuit], technology: str) -> int:
    """Between the lane and the next register."""
    return depth(circuits["step"], technology) if "step" in circuits else 0


def lane_target(stage: Stage, target: str | None = None) -> str:
    """What heaps of the lane are planned for, of a stage for a target (default: its own).

    Weights that stand in the logic are folded by synthesis: their heaps are of plain logic.
    """
    weights = stage.memories.get("weights")
    folds = stage.module in MEETING_CONSTANTS and weights is not None and weights.depth == 1
    return GENERIC if folds else target or stage.target


def lane_text(stage: Stage, purpose: str) -> str:
    """The module of circuit `lane`, with the stage's registers."""
    registers, target = stage.parameters["registers"], lane_target(stage)
    if not registers:
        return circuit_text(stage, "lane", purpose, target)
    behind = _levels_behind(stage.circuits, target)
    whole = f"{purpose}, in {registers} registers ({stage.name})."
    return pipelined_text(stage.circuits["lane"], circuit_module(stage, "lane"), whole, target, registers, behind)


def lane_clock(stage: Stage) -> dict[str, str]:
    """Ports of the lane's module beside those of the circuit."""
    return {"clk": "clk", "enable": "enable"} if stage.parameters["registers"] else {}


def share_source(stage: Stage) -> str:
    """Which signals go with the shares: those of the steps, or the same behind the registers."""
    return "share" if stage.parameters["registers"] else "step"


def lane_control(stage: Stage) -> list[str]:
    """Statements from step_* to share_* and `enable`; without registers, none."""
    registers = stage.parameters["registers"]
    if not registers:
        return []
    sides = {"s": "step", "m": "share"}
    ports = {f"{side}_{part}": f"{name}_{part}" for side, name in sides.items() for part in ("valid", "ready")}
    return [
        f"logic [{registers - 1}:0] enable;",
        "logic share_valid, share_ready, share_last;",
        instance("pipeline_control", "u_lanes", {"REGISTERS": registers}, {**CLOCK, **ports, "enable": "enable"}),
        *_last(registers, has_runs="step" in stage.circuits),
    ]


def _last(registers: int, *, has_runs: bool) -> list[str]:
    """Whether a share ends a run, beside the share."""
    if not has_runs:
        return ["assign share_last = step_last;"]
    return [
        f"logic [{registers}:0] last;",
        "assign last[0] = step_last;",
        f"for (genvar i = 0; i < {registers}; i++) begin : g_last",
        "  always_ff @(posedge clk) if (enable[i]) last[i+1] <= last[i];",
        "end",
        f"assign share_last = last[{registers}];",
    ]
