"""threshold: a monotone step function per channel, by binary search over stored thresholds."""

from __future__ import annotations

import numpy as np

from mulfree.ir import BIT, AnyArray, IntArray, IntRange, Location, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import cells
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.design import Memory, Stage, Stream
from mulfree.rtl.stages.ascending import ascending, result_of, stored_numbers
from mulfree.rtl.stages.constants import channel_pattern, like, packed_words
from mulfree.rtl.stages.text import (
    CLOCK,
    address_bits,
    circuit_instance,
    circuit_module,
    circuit_text,
    instance,
    module_text,
    own_table,
    rom_lines,
)


def threshold(
    name: str,
    x: Stream,
    value: Value[TensorType],
    op: Threshold,
    *,
    style: str = "auto",
    location: Location | None = None,
) -> Stage:
    """y = op(x), element by element in the order and lanes of x; the channel is axis 0 of x.value.

    One elastic level per bit of the result's index; each compares with a threshold chosen by channel and by the
    bits found so far.
    """
    table, falls = _table(x.type.range, op, channel_pattern(x))
    range = IntRange(int(table.min()), int(table.max()))
    levels = table.shape[-1].bit_length()
    flags = {} if falls.all() or not falls.any() else {"falls": _flag_memory(falls, style)}
    return Stage(
        name=name,
        module="threshold",
        inputs=(x,),
        outputs=(like(name, x, value),),
        actors=(every_step(),) * levels,
        parameters={"lanes": x.lanes, "folds": len(table), "levels": levels, "compare_copies": levels},
        memories={**_memories(table, range, style), **flags},
        circuits={
            "compare": _compare(stored_numbers(x.type.range), range, x.lanes),
            "finish": _finish(op.levels, levels, x.lanes, falls, value.type.range),
        },
        location=location,
    )


def _table(x: IntRange, op: Threshold, channels: IntArray) -> tuple[IntArray, AnyArray]:
    """Thresholds (folds, lanes, 2^levels - 1) on the stored x; which channels fall (folds, lanes).

    Of folds that repeat only the first.
    """
    rows, falls = ascending(x, op, int(channels.max()) + 1)
    size = (1 << max(1, rows.shape[1].bit_length())) - 1
    never = np.full((len(rows), size - rows.shape[1]), stored_numbers(x).hi + 1, dtype=rows.dtype)
    table = np.concatenate([rows, never], axis=1)[channels]
    alike = (table == table[:1]).all() and (falls[channels] == falls[channels][:1]).all()
    return (table[:1], falls[channels][:1]) if alike else (table, falls[channels])


def _memories(table: IntArray, range: IntRange, style: str) -> dict[str, Memory]:
    """For every level and lane, the thresholds by fold and by the bits found before."""
    levels, memories = table.shape[-1].bit_length(), {}
    for level in np.arange(levels).tolist():
        chosen = table[:, :, (1 << (levels - 1 - level)) - 1 :: 1 << (levels - level)]
        for lane in np.arange(table.shape[1]).tolist():
            words = packed_words(chosen[:, lane].reshape(-1, 1), range)
            memories[f"level_{level}_lane_{lane}"] = Memory(max(1, range.width), words, style)
    return memories


def _flag_memory(falls: AnyArray, style: str) -> Memory:
    return Memory(falls.shape[1], packed_words(falls.astype(np.int64), BIT), style)


def _compare(stored: IntRange, threshold: IntRange, lanes: int) -> Circuit:
    """y = x >= t, lane by lane."""
    circuit = Circuit()
    x, t = circuit.input("x", stored, lanes), circuit.input("t", threshold, lanes)
    circuit.output("y", circuit.drive(cells.GE, x, t))
    return circuit


def _finish(range: IntRange, levels: int, lanes: int, falls: AnyArray, result: IntRange) -> Circuit:
    """y: the element of the range at the index found, counted from the top where the channel falls."""
    circuit = Circuit()
    found = circuit.input("found", IntRange.unsigned(levels), lanes)
    count = circuit.cast(found, IntRange(0, range.count - 1))
    is_mixed = falls.any() and not falls.all()
    down = circuit.input("falls", BIT, lanes) if is_mixed else bool(falls.all())
    circuit.output("y", result_of(circuit, count, range, down, result))
    return circuit


def threshold_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    levels, lanes = p["levels"], p["lanes"]
    x = stage.circuits["compare"].inputs[0].type
    body = [
        "// found_i: the bits known after i levels, from the top; the others are 0.",
        f"logic [{x.bits - 1}:0] x_0;",
        f"logic [{lanes - 1}:0][{levels - 1}:0] found_0;",
        "logic valid_0, ready_0;",
        "assign x_0 = s_data;",
        "assign found_0 = '0;",
        "assign valid_0 = s_valid;",
        "assign s_ready = ready_0;",
    ]
    for level in range(levels):
        body += _level_text(stage, level)
    body += _finish_text(stage)
    parts = [circuit_text(stage, "compare", "Which thresholds are reached")]
    parts += [circuit_text(stage, "finish", "The result for the number of thresholds reached")]
    parts += [_level_rom(stage, level) for level in range(levels)]
    purpose = f"per-channel thresholds, {lanes} elements at a time, {p['folds']} tokens for all channels."
    return module_text(stage, purpose, body, parts)


def _level_text(stage: Stage, level: int) -> list[str]:
    p = stage.parameters
    lanes, levels, after = p["lanes"], p["levels"], level + 1
    x, t = (w.type for w in stage.circuits["compare"].inputs)
    address = address_bits(p["folds"] << level)
    parameters = {"LANES": lanes, "WIDTH": x.bits, "LEVELS": levels, "FOUND": level, "FOLDS": p["folds"]}
    ports = {
        **CLOCK,
        "s_x": f"x_{level}",
        "s_found": f"found_{level}",
        "s_valid": f"valid_{level}",
        "s_ready": f"ready_{level}",
        "address": f"address_{level}",
        "advance": f"advance_{level}",
        "m_x": f"x_{after}",
        "m_found": f"known_{level}",
        "m_valid": f"valid_{after}",
        "m_ready": f"ready_{after}",
    }
    rom = {"clk": "clk", "enable": f"advance_{level}", "address": f"address_{level}", "word": f"t_{level}"}
    if _has_flags(stage) and level == levels - 1:
        rom["falls"] = "falls"
    return [
        "",
        f"// Level {level}: bit {levels - 1 - level} of the index.",
        f"logic [{lanes - 1}:0][{address - 1}:0] address_{level};",
        f"logic [{x.bits - 1}:0] x_{after};",
        f"logic [{lanes - 1}:0][{levels - 1}:0] known_{level}, found_{after};",
        f"logic [{t.bits - 1}:0] t_{level};",
        f"logic [{lanes - 1}:0] reached_{level};",
        f"logic advance_{level}, valid_{after}, ready_{after};",
        *([f"logic [{lanes - 1}:0] falls;"] if "falls" in rom else []),
        instance("threshold_level", f"u_level_{level}", {**parameters, "ADDRESS": address}, ports),
        instance(circuit_module(stage, f"level_{level}"), f"u_thresholds_{level}", {}, rom),
        circuit_instance(
            stage, "compare", {"x": f"x_{after}", "t": f"t_{level}", "y": f"reached_{level}"}, f"u_compare_{level}"
        ),
        f"for (genvar i = 0; i < {lanes}; i++) begin : g_found_{after}",
        f"  assign found_{after}[i] = known_{level}[i] | ({levels}'(reached_{level}[i]) << {levels - 1 - level});",
        "end",
    ]


def _finish_text(stage: Stage) -> list[str]:
    levels = stage.parameters["levels"]
    ports = {"found": f"found_{levels}", "y": "m_data"} | ({"falls": "falls"} if _has_flags(stage) else {})
    return [
        "",
        circuit_instance(stage, "finish", ports),
        f"assign m_valid = valid_{levels};",
        f"assign ready_{levels} = m_ready;",
    ]


def _has_flags(stage: Stage) -> bool:
    return "falls" in stage.memories


def _level_rom(stage: Stage, level: int) -> str:
    """The thresholds of a level, one memory per lane; with the last, which channels fall."""
    lanes, folds = stage.parameters["lanes"], stage.parameters["folds"]
    memories = [stage.memories[f"level_{level}_lane_{lane}"] for lane in range(lanes)]
    address, width = address_bits(folds << level), memories[0].width
    has_flags = _has_flags(stage) and level == stage.parameters["levels"] - 1
    lines = [
        line for i, rom in enumerate(memories) for line in rom_lines(rom, f"lane_{i}", f"address[{i}]", f"word[{i}]")
    ]
    if has_flags:
        # Every lane's address starts with the fold.
        fold = f"address[0][{address - 1}:{level}]" if folds > 1 else "1'b0"
        lines += rom_lines(stage.memories["falls"], "flags", fold, "falls")
    return "\n".join(
        [
            f"// Thresholds of level {level} ({stage.name}), by channel fold and the bits found before.",
            *own_table(memories[0]),
            f"module {circuit_module(stage, f'level_{level}')} (",
            "    input  logic clk,",
            "    input  logic enable,",
            f"    input  logic [{lanes - 1}:0][{address - 1}:0] address,",
            *([f"    output logic [{lanes - 1}:0] falls,"] if has_flags else []),
            f"    output logic [{lanes - 1}:0][{width - 1}:0] word",
            ");",
            *(f"  {line}" for line in lines),
            "endmodule",
            "",
        ]
    )
