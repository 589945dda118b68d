"""affine: y[c] = multiplier[c] * x[c] + offset[c] by shifts and adds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mulfree.ir import TERNARY, IntArray, IntRange, Location, TensorType, Value
from mulfree.ir.ops import Affine
from mulfree.rtl import cells
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.pipeline import registers_within
from mulfree.rtl.stages.constants import channel_pattern, like
from mulfree.rtl.stages.elementwise import register_text
from mulfree.rtl.stages.matrix_vector import fetch_text
from mulfree.rtl.stages.pipelined import fetched_stage_text, pipelined_stage_text
from mulfree.rtl.stages.shift_add import by_digit, digit_planes, times
from mulfree.rtl.stages.text import circuit_instance, circuit_text, handshake, module_text, rom_text
from mulfree.rtl.stages.token_constants import Rows, constant_wires, memory_of, memory_ports

CONSTANTS = "Digits and offsets by token"


def affine(
    name: str,
    x: Stream,
    value: Value[TensorType],
    op: Affine,
    *,
    levels: int | None = None,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage:
    """y[c] = multiplier[c] * x[c] + offset[c] by shifts and adds, in the order and lanes of x.

    Constants that differ between tokens come from a memory: an offset, and a signed digit (-1, 0, 1) per power of
    two that any channel's multiplier uses. One register stands behind the circuit; or as many on the way as leave at
    most `levels` levels of logic before each, heaps being planned for `target`.
    """
    channels = channel_pattern(x)
    multiplier, offset = (_of(constant.array, channels) for constant in (op.multiplier, op.offset))
    rows = _rows(multiplier, offset)
    memory = {"weights": memory_of(rows)} if rows and len(channels) > 1 else {}
    circuit = _circuit(x, value, op, rows, bool(memory))
    registers = registers_within(circuit, target, levels) if levels else 1
    return Stage(
        name=name,
        module="affine",
        inputs=(x,),
        outputs=(like(name, x, value),),
        actors=(*((every_step(),) if memory else ()), every_step(latency=registers)),
        parameters={"lanes": x.lanes, "folds": len(channels), "registers": registers},
        memories=memory,
        circuits={"map": circuit},
        location=location,
        target=target,
    )


def _of(constants: IntArray, channels: IntArray) -> IntArray:
    return constants[channels] if len(constants) > 1 else np.full(channels.shape, constants[0])


def _rows(multiplier: IntArray, offset: IntArray) -> Rows:
    """The constants that are not the same everywhere."""
    rows: Rows = {}
    if (multiplier != multiplier.flat[0]).any():
        rows |= {f"digit_{shift}": (plane, TERNARY) for shift, plane in digit_planes(multiplier).items()}
    if (offset != offset.flat[0]).any():
        rows["offset"] = (offset, IntRange(int(offset.min()), int(offset.max())))
    return rows


def _circuit(x: Stream, value: Value[TensorType], op: Affine, rows: Rows, is_stored: bool) -> Circuit:
    circuit = Circuit()
    word = circuit.plain(circuit.input("x", x.type.range, x.lanes))
    constants = constant_wires(circuit, rows, is_stored=is_stored)
    product = _product(circuit, word, constants) or times(circuit, word, int(op.multiplier.array[0]))
    offset = constants.get("offset") or circuit.constant([int(op.offset.array[0])] * x.lanes)
    circuit.output("y", circuit.cast(circuit.drive(cells.ADD, product, offset), value.type.range))
    return circuit


def _product(circuit: Circuit, x: Wire, constants: Mapping[str, Wire]) -> Wire | None:
    terms = [
        circuit.drive(cells.shift_left(int(key.removeprefix("digit_"))), by_digit(circuit, x, digit))
        for key, digit in constants.items()
        if key.startswith("digit_")
    ]
    return circuit.total(terms) if terms else None


def affine_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    purpose, told = "every element times a constant plus a constant of its channel.", "The result of a token"
    if stage.parameters["registers"] == 1:
        return _with_a_register_behind(stage, purpose, told)
    if not stage.memories:
        return pipelined_stage_text(stage, purpose)
    return fetched_stage_text(stage, purpose, told, CONSTANTS)


def _with_a_register_behind(stage: Stage, purpose: str, told: str) -> str:
    circuit, (x,) = stage.circuits["map"], stage.inputs
    body = [f"logic [{stage.outputs[0].token_bits - 1}:0] result;"]
    ports = {"x": "s_data", "y": "result"}
    parts = [circuit_text(stage, "map", told)]
    source = "s"
    if stage.memories:
        source, ports["x"] = "step", "x"
        parts.append(rom_text(stage, "weights", CONSTANTS))
        body += [
            f"logic [{x.token_bits - 1}:0] x;",
            f"logic [{stage.memories['weights'].width - 1}:0] weights;",
            "logic step_valid, step_ready, unused_last;",
            *fetch_text(stage, 1, 1, "unused_last"),
        ]
        ports |= memory_ports(circuit)
    body.append(circuit_instance(stage, "map", ports))
    body.append(register_text(stage, {**handshake("s", source), "s_data": "result"}))
    return module_text(stage, purpose, body, parts)
