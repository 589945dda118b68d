"""matrix_vector: dense layers, and convolutions over the windows that `sliding_window` cuts."""

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
from mulfree.rtl.stages.reduction import Reduce, Sum, reduction_text, run_of, start_parameters
from mulfree.rtl.stages.text import (
    CLOCK,
    address_bits,
    circuit_instance,
    circuit_module,
    handshake,
    instance,
    module_text,
    rom_text,
)

Lane = Callable[[Circuit, Wire, Wire], Wire]
"""(circuit, x of SIMD lanes, w of SIMD lanes) to this token's share of the result: one lane, or what `reduce` takes."""


def matrix_vector(
    name: str,
    x: Stream,
    value: Value[TensorType],
    *,
    weights: IntArray,
    pe: int,
    lane: Lane,
    reduce: Reduce = Sum,
    groups: int = 1,
    elements_per_weight: int = 1,
    weight_range: IntRange | None = None,
    style: str = "auto",
    levels: int | None = None,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage:
    """y[m] = sum over tokens of lane(x, weights[m]); SIMD weights, as many as x has lanes, and `pe` outputs at a time.

    x brings vectors (or windows) one after the other, each `groups` runs of K elements; weights are (M, K), with k
    in the order of the stream within its group, and output m belongs to group m // (M / groups). SIMD must divide K
    and pe must divide M / groups. `lane` may return any range (also one with a step); partial results add up, or
    become one as `reduce` says. A lane that chooses among several elements takes `elements_per_weight` of them for each
    weight; then SIMD is x.lanes divided by that, and K counts weights.
    `value` is (M,) or (M, rows, columns): the vectors come in raster order. Weights are stored as
    `weight_range` (default: the tightest range that holds them) stores them; `style` as in `Memory`.
    With one step per vector (groups = K / SIMD = M / pe = 1) the weights are constants, not a memory.
    Registers in the lanes leave at most `levels` levels of logic before each and before that of the sums, heaps being
    planned for `target`; by default there are none. On another target the same registers stand elsewhere.
    """
    out_channels, inputs = weights.shape
    simd = x.lanes // elements_per_weight
    out_folds, in_folds = out_channels // groups // pe, inputs // simd
    assert out_folds * groups * pe == out_channels, f"{name}: pe {pe} does not divide {out_channels} / {groups}"
    assert in_folds * simd == inputs, f"{name}: {simd} lanes do not divide {inputs} inputs"
    assert value.type.shape[0] == out_channels, f"{name}: {out_channels} rows of weights for {value.type}"
    held = weight_range or IntRange.spanning(np.unique(weights).tolist())
    circuit = Circuit()
    share = lane(circuit, circuit.input("x", x.type.range, x.lanes), circuit.input("w", held, simd))
    circuit.output("y", circuit.index(share))
    total = reduce(share.range, in_folds, pe)
    circuits = {"lane": circuit, **total.circuits(value.type.range)}
    is_constant = groups * out_folds * in_folds == 1
    registers = lane_registers(circuits, GENERIC if is_constant else target, levels)
    return Stage(
        name=name,
        module="matrix_vector",
        inputs=(x,),
        outputs=(raster_stream(name, value, pe),),
        actors=_actors(groups, out_folds, in_folds, 1 + registers),
        parameters={
            "pe": pe,
            "simd": simd,
            "groups": groups,
            "output_folds": out_folds,
            "input_folds": in_folds,
            "lane_copies": pe,
            "registers": registers,
            **start_parameters(total),
        },
        memories={"weights": packed_memory(by_step(weights, groups, pe, simd), held, style)},
        circuits=circuits,
        location=location,
        target=target,
    )


def by_step(weights: IntArray, groups: int, pe: int, simd: int) -> IntArray:
    """Rows of the weight memory: (groups x output folds x input folds, pe x simd)."""
    folded = weights.reshape(groups, -1, pe, weights.shape[1] // simd, simd)
    rows: IntArray = folded.transpose(0, 1, 3, 2, 4).reshape(-1, pe * simd)
    return rows


def _actors(groups: int, out_folds: int, in_folds: int, latency: int) -> tuple[Actor, ...]:
    """`latency`: registers from the port to where shares are added up."""
    if groups * out_folds * in_folds == 1:
        return (every_step(latency=latency),)
    steps = out_folds * in_folds if out_folds > 1 else 1
    consumes = np.arange(steps)[None] < (in_folds if out_folds > 1 else 1)
    return (Stepper(consumes, np.ones((1, steps), bool), latency), run_of(in_folds))


def matrix_vector_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    purpose = (
        f"matrix times vector, {p['pe']} of the outputs by {p['simd']} of the inputs at a time; "
        f"{p['groups']} groups x {p['output_folds']} output folds x {p['input_folds']} input folds."
    )
    parts = [lane_text(stage, "One output's share of a step")]
    if stage.memories["weights"].depth > 1:
        parts.append(rom_text(stage, "weights", "Weights by group, output fold, input fold"))
    body = [*_operands(stage), *lane_control(stage), *_lanes(stage)]
    reduction, reduction_parts = reduction_text(stage, p["input_folds"], share_source(stage))
    return module_text(stage, purpose, [*body, *reduction], [*parts, *reduction_parts])


def _operands(stage: Stage) -> Sequence[str]:
    """Signals x, weights and step_*: from the fetch, or from the port and constants."""
    (x,) = stage.inputs
    memory, p = stage.memories["weights"], stage.parameters
    row = memory.width // p["pe"]
    signals = [
        f"logic [{x.token_bits - 1}:0] x;",
        f"logic [{p['pe'] - 1}:0][{row - 1}:0] weights;",
        "logic step_valid, step_ready, step_last;",
    ]
    if memory.depth == 1:
        rows = [memory.words[0] >> (row * i) & ((1 << row) - 1) for i in range(p["pe"])]
        return [
            *signals,
            "assign x = s_data;",
            "assign step_valid = s_valid;",
            "assign s_ready = step_ready;",
            "assign step_last = 1'b1;",
            *(f"assign weights[{i}] = {literal(row, word)};" for i, word in enumerate(rows)),
        ]
    return [*signals, *fetch_text(stage, p["input_folds"], p["output_folds"])]


def fetch_text(
    stage: Stage, fold: int, repeat: int, last: str = "step_last", source: str = "s", allow: str = "1'b1"
) -> list[str]:
    """Fetch of tokens and of the words of memory "weights" that meet them: signals x, weights, step_* and `last`.

    Tokens of the first input come from the port `source`; steps are made while `allow` holds.
    """
    x, memory = stage.inputs[0], stage.memories["weights"]
    return [
        f"logic [{address_bits(memory.depth) - 1}:0] address;",
        "logic advance;",
        instance(
            "vector_fetch",
            "u_fetch",
            {"WIDTH": x.token_bits, "FOLD": fold, "REPEAT": repeat, "STEPS": memory.depth},
            {
                **CLOCK,
                **handshake("s", source),
                "allow": allow,
                "address": "address",
                "advance": "advance",
                "m_data": "x",
                "m_last": last,
                "m_valid": "step_valid",
                "m_ready": "step_ready",
            },
        ),
        instance(
            circuit_module(stage, "weights"),
            "u_weights",
            {},
            {"clk": "clk", "enable": "advance", "address": "address", "word": "weights"},
        ),
    ]


def _lanes(stage: Stage) -> list[str]:
    pe = stage.parameters["pe"]
    bits = stage.circuits["lane"].outputs["y"].type.bits
    lane = circuit_instance(stage, "lane", {**lane_clock(stage), "x": "x", "w": "weights[i]", "y": "partial[i]"})
    body = "\n".join(f"  {line}" for line in lane.splitlines())
    return [
        f"logic [{pe - 1}:0][{bits - 1}:0] partial;",
        f"for (genvar i = 0; i < {pe}; i++) begin : g_lane\n{body}\nend",
    ]
