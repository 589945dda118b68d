"""Stages that compute each element from the element at the same place: clamp, leaky, lookup, add."""

from __future__ import annotations

from mulfree.ir import IntArray, Location, TensorType, Value
from mulfree.ir.ops import Clamp, Leaky
from mulfree.rtl import cells
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import like
from mulfree.rtl.stages.shift_add import times
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, handshake, instance, module_text


def clamp(name: str, x: Stream, value: Value[TensorType], op: Clamp, *, location: Location | None = None) -> Stage:
    """y = min(max(x, lo), hi), in the order and lanes of x."""
    circuit = Circuit()
    word = circuit.plain(circuit.input("x", x.type.range, x.lanes))
    if op.lo > word.range.lo:
        word = circuit.drive(cells.MAX, word, circuit.constant([op.lo]))
    if op.hi < word.range.hi:
        word = circuit.drive(cells.MIN, word, circuit.constant([op.hi]))
    circuit.output("y", circuit.cast(word, value.type.range))
    return _map_stage("clamp", name, (x,), value, circuit, location)


def leaky(name: str, x: Stream, value: Value[TensorType], op: Leaky, *, location: Location | None = None) -> Stage:
    """y = positive * x or negative * x by shifts and adds, in the order and lanes of x."""
    circuit = Circuit()
    word = circuit.plain(circuit.input("x", x.type.range, x.lanes))
    circuit.output("y", circuit.cast(_slope(circuit, word, op), value.type.range))
    return _map_stage("leaky", name, (x,), value, circuit, location)


def lookup(
    name: str, x: Stream, value: Value[TensorType], values: IntArray, *, location: Location | None = None
) -> Stage:
    """y = values[x], constants in the logic, in the order and lanes of x, which is stored plainly."""
    circuit = Circuit()
    pieces = circuit.plain(circuit.input("x", x.type.range, x.lanes))
    circuit.output("y", circuit.cast(circuit.drive(cells.lookup(values), pieces), value.type.range))
    return _map_stage("lookup", name, (x,), value, circuit, location)


def _slope(circuit: Circuit, word: Wire, op: Leaky) -> Wire:
    """The product; a range on one side of 0 has one slope, and nothing to compare."""
    if word.range.lo >= 0 or word.range.hi < 0:
        return times(circuit, word, op.positive if word.range.lo >= 0 else op.negative)
    above = circuit.drive(cells.GE, word, circuit.constant([0]))
    return circuit.drive(cells.MUX, above, times(circuit, word, op.positive), times(circuit, word, op.negative))


def add(name: str, a: Stream, b: Stream, value: Value[TensorType], *, location: Location | None = None) -> Stage:
    """y = a + b; both streams must have the same order and lanes, which the result keeps."""
    assert a.lanes == b.lanes, f"{name}: {a.lanes} and {b.lanes} lanes"
    assert (a.order == b.order).all(), f"{name}: the operands come in different orders"
    circuit = Circuit()
    operands = [circuit.plain(circuit.input(key, s.type.range, s.lanes)) for key, s in (("x0", a), ("x1", b))]
    circuit.output("y", circuit.cast(circuit.drive(cells.ADD, *operands), value.type.range))
    return _map_stage("add", name, (a, b), value, circuit, location)


def _map_stage(
    kind: str,
    name: str,
    inputs: tuple[Stream, ...],
    value: Value[TensorType],
    circuit: Circuit,
    location: Location | None,
) -> Stage:
    return Stage(
        name=name,
        module=kind,
        inputs=inputs,
        outputs=(like(name, inputs[0], value),),
        actors=(every_step(len(inputs)),),
        parameters={"lanes": inputs[0].lanes},
        circuits={"map": circuit},
        location=location,
    )


def clamp_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    return mapped_text(stage, "every element limited from below and above.")


def leaky_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    return mapped_text(stage, "every element times one factor if positive, another if negative, by shifts and adds.")


def lookup_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    return mapped_text(stage, "the constant that each element is the index of.")


def mapped_text(stage: Stage, purpose: str) -> str:
    """The circuit `map` of each token, and a register behind it."""
    return module_text(
        stage,
        purpose,
        [
            f"logic [{stage.outputs[0].token_bits - 1}:0] result;",
            circuit_instance(stage, "map", {"x": "s_data", "y": "result"}),
            register_text(stage, {**handshake("s", "s"), "s_data": "result"}),
        ],
        [circuit_text(stage, "map", "The result of a token")],
    )


def add_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    join = {"s_valid": "{s1_valid, s0_valid}", "s_ready": "{s1_ready, s0_ready}"}
    body = [
        f"logic [{stage.outputs[0].token_bits - 1}:0] result;",
        "logic both_valid, both_ready;",
        instance("stream_join", "u_join", {"INPUTS": 2}, {**join, "m_valid": "both_valid", "m_ready": "both_ready"}),
        circuit_instance(stage, "map", {"x0": "s0_data", "x1": "s1_data", "y": "result"}),
        register_text(stage, {**handshake("s", "both"), "s_data": "result"}),
    ]
    return module_text(stage, "sum of two streams.", body, [circuit_text(stage, "map", "The sum of two tokens")])


def register_text(stage: Stage, source: dict[str, str]) -> str:
    """The register at the stage's output."""
    ports = {**CLOCK, **source, **handshake("m", "m")}
    return instance("stream_register", "u_register", {"WIDTH": stage.outputs[0].token_bits}, ports)
