"""Stages of one circuit with registers on the way."""

from __future__ import annotations

from mulfree.rtl.design import Stage
from mulfree.rtl.pipeline import pipelined_text
from mulfree.rtl.stages.matrix_vector import fetch_text
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_module, instance, module_text, rom_text
from mulfree.rtl.stages.token_constants import memory_ports


def pipelined_stage_text(stage: Stage, purpose: str) -> str:
    """Circuit `map` from x to y of each token, cut by as many registers as parameter `registers` says."""
    told = f"What a token becomes, in {stage.parameters['registers']} registers ({stage.name})."
    return module_text(stage, purpose, _body(stage, "s", {"x": "s_data", "y": "m_data"}), [_circuit(stage, told)])


def fetched_stage_text(stage: Stage, purpose: str, told: str, constants: str) -> str:
    """The same of each token and its constants, which memory `weights` holds.

    `told` and `constants` are the comments above the circuit and above the memory.
    """
    x, bits = stage.inputs[0].token_bits, stage.memories["weights"].width
    ports = {"x": "x", "y": "m_data", **memory_ports(stage.circuits["map"])}
    body = [
        f"logic [{x - 1}:0] x;",
        f"logic [{bits - 1}:0] weights;",
        "logic step_valid, step_ready, unused_last;",
        *fetch_text(stage, 1, 1, "unused_last"),
        *_body(stage, "step", ports),
    ]
    circuit = _circuit(stage, f"{told} ({stage.name}).")
    return module_text(stage, purpose, body, [circuit, rom_text(stage, "weights", constants)])


def _circuit(stage: Stage, told: str) -> str:
    registers, module = stage.parameters["registers"], circuit_module(stage, "map")
    return pipelined_text(stage.circuits["map"], module, told, stage.target, registers)


def _body(stage: Stage, source: str, ports: dict[str, str]) -> list[str]:
    """The circuit and its control, behind the signals <source>_valid and _ready."""
    registers, sides = stage.parameters["registers"], {"s": source, "m": "m"}
    control = {f"{side}_{part}": f"{name}_{part}" for side, name in sides.items() for part in ("valid", "ready")}
    return [
        f"logic [{registers - 1}:0] enable;",
        instance("pipeline_control", "u_control", {"REGISTERS": registers}, {**CLOCK, **control, "enable": "enable"}),
        circuit_instance(stage, "map", {"clk": "clk", "enable": "enable", **ports}),
    ]
