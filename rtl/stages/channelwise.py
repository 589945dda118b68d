"""channelwise: pools and depthwise convolutions, channel by channel over the taps of a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from mulfree.ir import IntArray, IntRange, Location, TensorType, Value
from mulfree.rtl import cells
from mulfree.rtl.actors import Actor, every_step
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Memory, Stage, Stream
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.stages.constants import packed_memory, raster_stream
from mulfree.rtl.stages.lane_registers import lane_clock, lane_control, lane_registers, lane_text, share_source
from mulfree.rtl.stages.matrix_vector import fetch_text
from mulfree.rtl.stages.reduction import Extreme, Sum, reduction_text, run_of, start_parameters
from mulfree.rtl.stages.text import CLOCK, circuit_instance, instance, module_text, rom_text

Combine = Literal["sum", "max", "min"]
TapLane = Callable[[Circuit, Wire, Wire], Wire]
"""(circuit, x of `lanes` lanes, w of `lanes` lanes) to a wire of `lanes` lanes, channel by channel."""


def channelwise(
    name: str,
    x: Stream,
    value: Value[TensorType],
    *,
    taps: int,
    combine: Combine,
    weights: IntArray | None = None,
    lane: TapLane | None = None,
    weight_range: IntRange | None = None,
    style: str = "auto",
    levels: int | None = None,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage:
    """y[c] = combine over the taps of x[c, tap], or of lane(x[c, tap], weights[c, tap]) with weights (C, taps).

    x comes as `sliding_window(..., groups=C / lanes)` sends it: per position and channel fold, `taps` tokens of
    `lanes` channels. `value` is (C, rows, columns) or (C,). For a maximum over a padded map, pad the window with
    the least value (`fill`). `levels` and `target` as in `matrix_vector`.
    """
    channels = value.type.shape[0]
    assert channels % x.lanes == 0, f"{name}: {x.lanes} lanes do not divide {channels} channels"
    assert len(x.order) == value.type.size * taps, f"{name}: {x.tokens} tokens are not {taps} taps for {value.type}"
    memories, held = _memories(weights, weight_range, x.lanes, style)
    circuit = _lane(x, lane, held)
    share = circuit.outputs.pop("share").range
    end = Sum(share, taps, x.lanes) if combine == "sum" else Extreme(_CELLS[combine], share, taps, x.lanes)
    circuits = {"lane": circuit, **end.circuits(value.type.range)}
    is_constant = bool(memories) and memories["weights"].depth == 1
    registers = lane_registers(circuits, GENERIC if is_constant else target, levels)
    return Stage(
        name=name,
        module="channelwise",
        inputs=(x,),
        outputs=(raster_stream(name, value, x.lanes),),
        actors=_actors(memories, taps, registers),
        parameters={
            "lanes": x.lanes,
            "folds": channels // x.lanes,
            "taps": taps,
            "registers": registers,
            **start_parameters(end),
        },
        memories=memories,
        circuits=circuits,
        location=location,
        target=target,
    )


_CELLS = {"max": cells.MAX, "min": cells.MIN}


def _memories(
    weights: IntArray | None, weight_range: IntRange | None, lanes: int, style: str
) -> tuple[dict[str, Memory], IntRange | None]:
    """The weights by channel fold and tap, and the range in which they are stored."""
    if weights is None:
        return {}, None
    held = weight_range or IntRange.spanning(np.unique(weights).tolist())
    rows = weights.reshape(-1, lanes, weights.shape[1]).swapaxes(1, 2).reshape(-1, lanes)
    return {"weights": packed_memory(rows, held, style)}, held


def _lane(x: Stream, lane: TapLane | None, held: IntRange | None) -> Circuit:
    """Circuit of one tap; its output `share` is the meaning, `y` the stored number that is combined."""
    circuit = Circuit()
    share = circuit.input("x", x.type.range, x.lanes)
    if lane is not None:
        assert held is not None, "a lane needs weights"
        share = lane(circuit, share, circuit.input("w", held, x.lanes))
    circuit.output("share", share)
    circuit.output("y", circuit.index(share))
    return circuit


def _actors(memories: dict[str, Memory], taps: int, registers: int) -> tuple[Actor, ...]:
    """A fetch has a register of its own before those of the lane."""
    latency = registers + int(bool(memories) and memories["weights"].depth > 1)
    return (every_step(latency=latency), run_of(taps)) if latency else (run_of(taps),)


def channelwise_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    purpose = f"{p['taps']} taps combined, {p['lanes']} channels at a time, {p['folds']} times for all of them."
    parts = [lane_text(stage, "What a tap contributes to each channel")]
    if _is_stored(stage):
        parts.append(rom_text(stage, "weights", "Weights by channel fold and tap"))
    ports = {**lane_clock(stage), "x": "x", "y": "partial"} | ({"w": "weights"} if stage.memories else {})
    partial = stage.circuits["lane"].outputs["y"].type.bits
    lane = [f"logic [{partial - 1}:0] partial;", circuit_instance(stage, "lane", ports)]
    body = [*_operands(stage), *lane_control(stage), *lane]
    reduction, reduction_parts = reduction_text(stage, p["taps"], share_source(stage))
    return module_text(stage, purpose, [*body, *reduction], [*parts, *reduction_parts])


def _is_stored(stage: Stage) -> bool:
    """Whether weights change from step to step."""
    return bool(stage.memories) and stage.memories["weights"].depth > 1


def _operands(stage: Stage) -> list[str]:
    (x,) = stage.inputs
    signals = [f"logic [{x.token_bits - 1}:0] x;", "logic step_valid, step_ready, step_last;"]
    if stage.memories:
        memory = stage.memories["weights"]
        signals.append(f"logic [{memory.width - 1}:0] weights;")
        if memory.depth > 1:
            return [*signals, *fetch_text(stage, stage.parameters["taps"], 1)]
        signals.append(f"assign weights = {literal(memory.width, memory.words[0])};")
    ports = {**CLOCK, "advance": "step_valid && step_ready", "last": "step_last"}
    return [
        *signals,
        "assign x = s_data;",
        "assign step_valid = s_valid;",
        "assign s_ready = step_ready;",
        instance("run_counter", "u_taps", {"LENGTH": stage.parameters["taps"]}, ports),
    ]
