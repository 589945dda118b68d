"""butterflies: one stage of a Fermat number transform; see `mulfree.ir.fermat.FermatTransform`."""

from __future__ import annotations

from dataclasses import replace

from mulfree.ir import IntRange, Location, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import FermatTransform
from mulfree.rtl import cells as basic
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.diminished_one.arithmetic import subtract, times_root
from mulfree.rtl.stages.plumbing import narrowing_text, widening, widening_text
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, declare_stream, instance, module_text


def butterflies(
    name: str,
    x: Stream,
    transform: FermatTransform,
    level: int,
    *,
    inner: int,
    is_inverse: bool = False,
    location: Location | None = None,
) -> Stage:
    """Stage `level` of the forward or of the inverse transform, on words, for every lane.

    Tokens come two by two: both words of a butterfly, one after the other, and leave so: forward, (a, b) becomes
    (a + b, (a - b) w), backward (a + b / w, a - b / w), with w = sqrt(2)^powers[q]. `inner` butterflies with the same q
    follow each other, then as many with the next one.
    """
    half = transform.half(level)
    circuit = butterfly_circuit(transform, half, x.lanes, is_inverse=is_inverse)
    value = Value(name, x.value.type)
    return Stage(
        name=name,
        module="butterflies",
        inputs=(x,),
        outputs=(replace(x, name=name, value=value),),
        actors=widening(2, 2),
        parameters={
            "bits": transform.ring.bits,
            "half": half,
            "inner": inner,
            "is_inverse": int(is_inverse),
            "lanes": x.lanes,
        },
        circuits={"map": circuit},
        location=location,
    )


def butterfly_circuit(transform: FermatTransform, half: int, lanes: int, *, is_inverse: bool) -> Circuit:
    """Both words of x, of every lane, to both of y, for the butterfly k of a block of 2 half words."""
    ring, circuit = DiminishedOne(transform.ring.bits), Circuit()
    words = circuit.input("x", ring.codes, 2 * lanes)
    a, b = (circuit.drive(basic.pick(range(i, i + lanes)), words) for i in (0, lanes))
    k = circuit.input("k", IntRange(0, half - 1)) if half > 1 else None
    step = transform.ring.roots // (2 * half)
    if is_inverse:
        b = _turned(circuit, ring, b, k, -step)
        ends = circuit.drive(cells.add(ring), a, b), subtract(circuit, ring, a, b)
    else:
        ends = circuit.drive(cells.add(ring), a, b), _turned(circuit, ring, subtract(circuit, ring, a, b), k, step)
    circuit.output("y", circuit.drive(basic.JOIN, *ends))
    return circuit


def _turned(circuit: Circuit, ring: DiminishedOne, x: Wire, k: Wire | None, step: int) -> Wire:
    """x * sqrt(2)^(step k); an odd step takes an adder for odd k."""
    if k is None:
        return x
    if step % 2 == 0:
        return circuit.drive(cells.turn(ring, step // 2, k.range.hi + 1), x, k)
    odd = times_root(circuit, ring, x, step)
    x = circuit.drive(basic.MUX, circuit.drive(basic.bit(0), k), odd, x)
    if k.range.hi == 1:
        return x
    pairs = IntRange(0, k.range.hi // 2)
    return circuit.drive(cells.turn(ring, step, pairs.hi + 1), x, circuit.drive(basic.field(1, pairs), k))


def butterflies_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, (x,) = stage.parameters, stage.inputs
    bits, exponent = x.token_bits, (p["half"] - 1).bit_length()
    ports = {"x": "wide_data", "y": "result_data", **({"k": "k"} if exponent else {})}
    advance = {**CLOCK, "advance": "wide_valid && wide_ready", "k": "k"}
    counter = [
        f"logic [{exponent - 1}:0] k;",
        instance("turn_counter", "u_turns", {"INNER": p["inner"], "K": exponent}, advance),
    ]
    body = [
        declare_stream("wide", 2 * bits),
        f"logic [{2 * bits - 1}:0] result_data;",
        "logic result_valid, result_ready;",
        widening_text(2, bits),
        *(counter if exponent else []),
        circuit_instance(stage, "map", ports),
        "assign result_valid = wide_valid;",
        "assign wide_ready = result_ready;",
        narrowing_text(2, bits, "result"),
    ]
    way = "inverse" if p["is_inverse"] else "forward"
    purpose = f"{way} butterflies of words {p['half']} apart, modulo 2^{p['bits']} + 1, {p['lanes']} at a time."
    return module_text(stage, purpose, body, [circuit_text(stage, "map", "A butterfly")])
