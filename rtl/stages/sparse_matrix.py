"""sparse_matrix: a matrix times vectors, of which only the entries that are kept are stored, read and counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mulfree.ir import IntArray, IntRange, Location, TensorType, Value
from mulfree.rtl.actors import Actor, Buffered, Stepper, every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Memory, Stage, Stream
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.stages.constants import packed_words, raster_stream
from mulfree.rtl.stages.entry_schedule import EntrySchedule
from mulfree.rtl.stages.lane_registers import lane_clock, lane_control, lane_registers, lane_text, share_source
from mulfree.rtl.stages.reduction import Reduce, reduction_text, start_parameters
from mulfree.rtl.stages.text import (
    CLOCK,
    address_bits,
    circuit_instance,
    circuit_module,
    instance,
    module_text,
    rom_text,
)

EntryLane = Callable[[Circuit, Wire, Wire], Wire]
"""(circuit, x of all ports, w of all ports) to this step's share of the result: what `reduce` takes."""


def sparse_matrix(
    name: str,
    x: Stream,
    value: Value[TensorType],
    *,
    schedule: EntrySchedule,
    codes: IntArray,
    code_range: IntRange,
    lane: EntryLane,
    reduce: Reduce,
    style: str = "auto",
    levels: int | None = None,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage:
    """y[m] = reduction over the steps of output m of lane(the elements of x that the step reads, their codes).

    x brings vectors (or windows) one after the other, each of the schedule's elements. Each is held whole, the next
    one comes meanwhile. In every step each of the schedule's `pe` outputs reads one element through each of its ports,
    port p among those of lane p % x.lanes of a token; `codes` (steps, pe, ports), of `code_range`, is what is stored
    of each entry beside its place. `value` is (M,), which leaves in the schedule's order, or (M, rows, columns): the
    vectors come in raster order, and so do the schedule's outputs. An output takes as many steps as its schedule says,
    so `reduce` must have as neutral what a step without an entry gives.
    `style` as in `Memory`, `levels` and `target` as in `matrix_vector`.
    """
    assert x.lanes == schedule.lanes, f"{name}: a schedule of {schedule.lanes} lanes for {x.lanes}"
    assert value.type.shape[0] == schedule.outputs, f"{name}: {schedule.outputs} outputs for {value.type}"
    circuit, ports = Circuit(), schedule.ports
    share = lane(circuit, circuit.input("x", x.type.range, ports), circuit.input("w", code_range, ports))
    circuit.output("y", circuit.index(share))
    total = reduce(share.range, schedule.longest, schedule.pe)
    circuits = {"lane": circuit, **total.circuits(value.type.range)}
    registers = lane_registers(circuits, target, levels)
    return Stage(
        name=name,
        module="sparse_matrix",
        inputs=(x,),
        outputs=(_result(name, value, schedule),),
        actors=_actors(schedule, x.tokens // schedule.words, registers),
        parameters={
            "pe": schedule.pe,
            "ports": ports,
            "words": schedule.words,
            "steps": schedule.steps,
            "longest": schedule.longest,
            "entries": schedule.entries,
            "padded": schedule.padded,
            "code_bits": max(1, code_range.width),
            "lane_copies": schedule.pe,
            "registers": registers,
            **start_parameters(total),
        },
        memories={"weights": _list(schedule, codes, code_range, style)},
        circuits=circuits,
        location=location,
        target=target,
    )


def _result(name: str, value: Value[TensorType], schedule: EntrySchedule) -> Stream:
    if len(value.type.shape) == 1:
        return Stream(name, value, schedule.order, schedule.pe, value.type)
    assert np.array_equal(schedule.order, np.arange(schedule.outputs)), f"{name}: the outputs of a map are sorted"
    return raster_stream(name, value, schedule.pe)


def _list(schedule: EntrySchedule, codes: IntArray, code_range: IntRange, style: str) -> Memory:
    """A word for each step: for every port place and code, the first in the least significant bits; then `last`."""
    places, code_bits = place_bits(schedule.words), max(1, code_range.width)
    fields = schedule.places + (code_range.encode(codes) << places)
    rows = fields.reshape(schedule.steps, -1)
    width = rows.shape[1] * (places + code_bits)
    words = packed_words(rows, IntRange(0, 2 ** (places + code_bits) - 1))
    if schedule.longest == 1:
        return Memory(width, words, style)
    ends = schedule.is_last.tolist()
    return Memory(width + 1, tuple(word | end << width for word, end in zip(words, ends, strict=True)), style)


def place_bits(words: int) -> int:
    """Bits of the number of a word of a vector."""
    return (words - 1).bit_length()


def _actors(schedule: EntrySchedule, vectors: int, registers: int) -> tuple[Actor, ...]:
    """Every step of a vector waits for all of it; its words go with its last step. Then come the lanes' registers."""
    words, steps = schedule.words, schedule.steps
    done = np.arange(1, vectors + 1) * words
    frees = np.repeat(done - words, steps)
    frees[steps - 1 :: steps] = done
    gather = Buffered(vectors * words, np.repeat(done - 1, steps), frees, 2 * words)
    lanes = (every_step(latency=registers),) if registers else ()
    if schedule.longest == 1:
        return gather, *lanes, every_step()
    return gather, *lanes, Stepper(np.ones((1, steps), bool), schedule.is_last[None])


def sparse_matrix_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    purpose = (
        f"{p['entries']} entries of a matrix times vectors of {p['words']} words in {p['steps']} steps, {p['pe']} "
        f"outputs by {p['ports']} entries at a time; {p['padded']} places of the list are without an entry."
    )
    parts = [
        lane_text(stage, "One output's share of a step"),
        rom_text(stage, "weights", "Places and codes of the entries, step by step"),
    ]
    reduction, reduction_parts = reduction_text(stage, p["longest"], share_source(stage))
    body = [*_fetch(stage), *lane_control(stage), *_gather(stage)]
    return module_text(stage, purpose, [*body, *reduction], [*parts, *reduction_parts])


def _fetch(stage: Stage) -> list[str]:
    """When vectors are written and read, and the list's word of the step."""
    p, memory = stage.parameters, stage.memories["weights"]
    own = ("write", "write_address", "read", "half", "fetch", "address")
    ports = {"s_valid": "s_valid", "s_ready": "s_ready", "m_valid": "step_valid", "m_ready": "step_ready"}
    reads = {"clk": "clk", "enable": "fetch", "address": "address", "word": "word"}
    return [
        "logic write, read, half, fetch, step_valid, step_ready, step_last;",
        f"logic [{place_bits(p['words'])}:0] write_address;",
        f"logic [{address_bits(memory.depth) - 1}:0] address;",
        f"logic [{memory.width - 1}:0] word;",
        instance(
            "gather_control",
            "u_control",
            {"WORDS": p["words"], "STEPS": p["steps"]},
            {**CLOCK, **ports, **{name: name for name in own}},
        ),
        instance(circuit_module(stage, "weights"), "u_weights", {}, reads),
        *_last(stage),
    ]


def _last(stage: Stage) -> list[str]:
    if stage.parameters["longest"] == 1:
        return ["assign step_last = 1'b1;"]
    return [f"always_ff @(posedge clk) if (read) step_last <= word[{stage.memories['weights'].width - 1}];"]


def _gather(stage: Stage) -> list[str]:
    """Each port's memory and code, and the lanes that take them."""
    (x,), p = stage.inputs, stage.parameters
    places, code = place_bits(p["words"]), p["code_bits"]
    array = f"logic [{p['pe'] - 1}:0][{p['ports'] - 1}:0]"
    lane = circuit_instance(stage, "lane", {**lane_clock(stage), "x": "x[i]", "w": "codes[i]", "y": "partial[i]"})
    return [
        f"{array}[{x.element_bits - 1}:0] x;",
        f"{array}[{places + code - 1}:0] entries;",
        f"{array}[{code - 1}:0] codes;",
        f"logic [{x.lanes - 1}:0][{x.element_bits - 1}:0] elements;",
        f"logic [{p['pe'] - 1}:0][{stage.circuits['lane'].outputs['y'].type.bits - 1}:0] partial;",
        "assign elements = s_data;",
        f"assign entries = word[{p['pe'] * p['ports'] * (places + code) - 1}:0];",
        f"for (genvar i = 0; i < {p['pe']}; i++) begin : g_lane",
        f"  for (genvar j = 0; j < {p['ports']}; j++) begin : g_port",
        *(f"    {line}" for line in _port(x, places).splitlines()),
        f"    always_ff @(posedge clk) if (read) codes[i][j] <= entries[i][j][{places + code - 1}:{places}];",
        "  end",
        *(f"  {line}" for line in lane.splitlines()),
        "end",
    ]


def _port(x: Stream, places: int) -> str:
    """The memory that a port reads: both vectors that are held, of one lane."""
    return instance(
        "window_memory",
        "u_memory",
        {"WIDTH": x.element_bits, "ADDRESS": places + 1},
        {
            "clk": "clk",
            "write": "write",
            "write_address": "write_address",
            "write_data": f"elements[j % {x.lanes}]",
            "read": "read",
            "read_address": f"{{half, entries[i][j][{places - 1}:0]}}" if places else "half",
            "read_data": "x[i][j]",
        },
    )
