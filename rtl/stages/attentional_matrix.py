"""attentional_matrix: the windows of a convolution meet weights that a second stream modifies, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mulfree.ir import IntArray, IntRange, Location, TensorType, Value
from mulfree.rtl.actors import Actor, Stepper, every_step
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.stages.constants import packed_memory, raster_stream
from mulfree.rtl.stages.lane_registers import lane_clock, lane_control, lane_registers, lane_text, share_source
from mulfree.rtl.stages.matrix_vector import by_step, fetch_text
from mulfree.rtl.stages.reduction import Sum, reduction_text, run_of, start_parameters
from mulfree.rtl.stages.text import circuit_instance, instance, module_text, rom_text

AttentionalLane = Callable[[Circuit, Wire, Wire, Wire], Wire]
"""(circuit, x of SIMD lanes, w of SIMD lanes, attention of a divisor of them) to a step's share of one output."""


def attentional_matrix(
    name: str,
    x: Stream,
    attention: Stream,
    value: Value[TensorType],
    *,
    weights: IntArray,
    pe: int,
    attended: int,
    lane: AttentionalLane,
    weight_range: IntRange,
    groups: int = 1,
    style: str = "auto",
    levels: int | None = None,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage:
    """y[m] = sum over tokens of lane(x, weights[m], attention), as `matrix_vector`, `pe` outputs at a time.

    The second stream brings a token for every step: by group, output fold and input fold. Its lanes are those of
    `attended` outputs, one after the other, each of which serves pe / attended neighbours. `value` is a map.
    `levels` and `target` as in `matrix_vector`.
    """
    out_channels, inputs = weights.shape
    simd, lanes = x.lanes, attention.lanes // attended
    out_folds, in_folds = out_channels // groups // pe, inputs // simd
    assert out_folds * groups * pe == out_channels, f"{name}: pe {pe} does not divide {out_channels} / {groups}"
    assert in_folds * simd == inputs, f"{name}: {simd} lanes do not divide {inputs} inputs"
    assert pe % attended == simd % lanes == 0, f"{name}: {attended} x {lanes} do not divide {pe} x {simd}"
    circuit = Circuit()
    operands = ("x", x.type.range, simd), ("w", weight_range, simd), ("a", attention.type.range, lanes)
    share = lane(circuit, *(circuit.input(*operand) for operand in operands))
    circuit.output("y", circuit.index(share))
    total = Sum(share.range, in_folds, pe)
    circuits = {"lane": circuit, **total.circuits(value.type.range)}
    registers = lane_registers(circuits, target, levels)
    return Stage(
        name=name,
        module="attentional_matrix",
        inputs=(x, attention),
        outputs=(raster_stream(name, value, pe),),
        actors=_actors(groups, out_folds, in_folds, 1 + registers),
        parameters={
            "pe": pe,
            "simd": simd,
            "attended": attended,
            "groups": groups,
            "output_folds": out_folds,
            "input_folds": in_folds,
            "lane_copies": pe,
            "registers": registers,
            **start_parameters(total),
        },
        memories={"weights": packed_memory(by_step(weights, groups, pe, simd), weight_range, style)},
        circuits=circuits,
        location=location,
        target=target,
    )


def _actors(groups: int, out_folds: int, in_folds: int, latency: int) -> tuple[Actor, ...]:
    """As those of `matrix_vector`."""
    if groups * out_folds * in_folds == 1:
        return (every_step(2, latency=latency),)
    steps = out_folds * in_folds if out_folds > 1 else 1
    takes_x = np.arange(steps) < (in_folds if out_folds > 1 else 1)
    fetch = Stepper(np.stack([takes_x, np.ones(steps, bool)]), np.ones((1, steps), bool), latency)
    return (fetch, run_of(in_folds))


def attentional_matrix_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    purpose = (
        f"matrix times vector, {p['pe']} of the outputs by {p['simd']} of the inputs at a time, every weight modified "
        f"by the second stream; {p['groups']} groups x {p['output_folds']} output folds x {p['input_folds']} input "
        "folds."
    )
    parts = [lane_text(stage, "One output's share of a step")]
    if stage.memories["weights"].depth > 1:
        parts.append(rom_text(stage, "weights", "Weights by group, output fold, input fold"))
    reduction, reduction_parts = reduction_text(stage, p["input_folds"], share_source(stage))
    body = [*_operands(stage), *lane_control(stage), *_lanes(stage)]
    return module_text(stage, purpose, [*body, *reduction], [*parts, *reduction_parts])


def _operands(stage: Stage) -> Sequence[str]:
    """Signals x, weights, attention and step_*: from the fetch, or from the ports and constants."""
    (x, attention), p, memory = stage.inputs, stage.parameters, stage.memories["weights"]
    signals = [
        f"logic [{x.token_bits - 1}:0] x;",
        f"logic [{p['attended'] - 1}:0][{attention.token_bits // p['attended'] - 1}:0] attention;",
        f"logic [{p['pe'] - 1}:0][{memory.width // p['pe'] - 1}:0] weights;",
        "logic step_valid, step_ready, step_last;",
    ]
    if memory.depth == 1:
        join = {"s_valid": "{s1_valid, s0_valid}", "s_ready": "{s1_ready, s0_ready}"}
        step = {"m_valid": "step_valid", "m_ready": "step_ready"}
        return [
            *signals,
            "assign x = s0_data;\nassign attention = s1_data;\nassign step_last = 1'b1;",
            f"assign weights = {literal(memory.width, memory.words[0])};",
            instance("stream_join", "u_join", {"INPUTS": 2}, {**join, **step}),
        ]
    return [
        *signals,
        *fetch_text(stage, p["input_folds"], p["output_folds"], source="s0", allow="s1_valid"),
        "assign s1_ready = advance;",
        "always_ff @(posedge clk) if (advance) attention <= s1_data;",
    ]


def _lanes(stage: Stage) -> list[str]:
    p, bits = stage.parameters, stage.circuits["lane"].outputs["y"].type.bits
    served = f"attention[i / {p['pe'] // p['attended']}]"
    ports = {"x": "x", "w": "weights[i]", "a": served, "y": "partial[i]"}
    lane = circuit_instance(stage, "lane", {**lane_clock(stage), **ports})
    body = "\n".join(f"  {line}" for line in lane.splitlines())
    return [
        f"logic [{p['pe'] - 1}:0][{bits - 1}:0] partial;",
        f"for (genvar i = 0; i < {p['pe']}; i++) begin : g_lane\n{body}\nend",
    ]
