"""Stages of one circuit with registers on the way."""

from __future__ import annotations

from mulfree.rtl.design import Stage
from mulfree.rtl.pipeline import pipelined_text
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_module, instance, module_text


def pipelined_stage_text(stage: Stage, purpose: str) -> str:
    """Circuit `map` from x to y of each token, cut by as many registers as parameter `registers` says."""
    registers = stage.parameters["registers"]
    control = {f"{side}_{part}": f"{side}_{part}" for side in ("s", "m") for part in ("valid", "ready")}
    circuit = pipelined_text(
        stage.circuits["map"],
        circuit_module(stage, "map"),
        f"What a token becomes, in {registers} registers ({stage.name}).",
        stage.target,
        registers,
    )
    body = [
        f"logic [{registers - 1}:0] enable;",
        instance("pipeline_control", "u_control", {"REGISTERS": registers}, {**CLOCK, **control, "enable": "enable"}),
        circuit_instance(stage, "map", {"clk": "clk", "enable": "enable", "x": "s_data", "y": "m_data"}),
    ]
    return module_text(stage, purpose, body, [circuit])
