"""remainders: the integers that leave known remainders modulo several Fermat numbers."""

from __future__ import annotations

from math import prod

from mulfree.ir import Location, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import FermatRing
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.diminished_one.arithmetic import subtract
from mulfree.rtl.stages.constants import like
from mulfree.rtl.stages.elementwise import register_text
from mulfree.rtl.stages.text import circuit_instance, circuit_text, handshake, instance, module_text


def remainders(
    name: str,
    streams: tuple[Stream, ...],
    value: Value[TensorType],
    rings: tuple[FermatRing, ...],
    *,
    location: Location | None = None,
) -> Stage:
    """`value`, whose elements are those of stream i modulo `rings`[i]; see `FermatConvolution.combined`.

    The rings go from the smallest, the streams bring their words in the same order and lanes. The elements are known to
    belong to the value's range, which the product of the moduli tells apart.
    """
    first = streams[0]
    assert all((s.order == first.order).all() and s.lanes == first.lanes for s in streams), f"{name}: orders differ"
    circuit = Circuit()
    parts = [circuit.input(f"x{i}", s.type.range, s.lanes) for i, s in enumerate(streams)]
    circuit.output("y", circuit.cast(_combined(circuit, parts, rings), value.type.range))
    return Stage(
        name=name,
        module="remainders",
        inputs=streams,
        outputs=(like(name, first, value),),
        actors=(every_step(len(streams)),),
        parameters={"lanes": first.lanes},
        circuits={"map": circuit},
        location=location,
    )


def _combined(circuit: Circuit, parts: list[Wire], rings: tuple[FermatRing, ...]) -> Wire:
    """Digit by digit of a number whose digits are worth 1, F_s, F_s F_t, ..."""
    value, done = _number(circuit, DiminishedOne(rings[0].bits), parts[0]), rings[:1]
    for ring, part in zip(rings[1:], parts[1:], strict=True):
        words = DiminishedOne(ring.bits)
        digit = subtract(circuit, words, part, circuit.drive(cells.encode(words, value.range), value))
        for other in done:
            digit = _divided(circuit, words, ring, digit, other)
        worth = prod(other.modulus for other in done)
        value = circuit.total([value, _number(circuit, words, digit)], [1, worth])
        done = (*done, ring)
    return value


def _number(circuit: Circuit, words: DiminishedOne, x: Wire) -> Wire:
    return circuit.drive(cells.decode(words, words.centred), x)


def _divided(circuit: Circuit, words: DiminishedOne, ring: FermatRing, x: Wire, smaller: FermatRing) -> Wire:
    """x / F_s by rotations and differences; see `FermatRing.divide`."""
    halved = circuit.drive(cells.rotate(words, ring.bits - 1), x)
    turned = circuit.drive(cells.rotate(words, smaller.bits), halved)
    y = subtract(circuit, words, turned, halved)
    for t in range(smaller.t + 1, ring.t):
        y = circuit.drive(cells.add(words, 1 << t), y, y)
    return y


def remainders_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    count = len(stage.inputs)
    ends = range(count)
    join = {
        "s_valid": f"{{{', '.join(f's{i}_valid' for i in reversed(ends))}}}",
        "s_ready": f"{{{', '.join(f's{i}_ready' for i in reversed(ends))}}}",
        "m_valid": "all_valid",
        "m_ready": "all_ready",
    }
    body = [
        f"logic [{stage.outputs[0].token_bits - 1}:0] result;",
        "logic all_valid, all_ready;",
        instance("stream_join", "u_join", {"INPUTS": count}, join),
        circuit_instance(stage, "map", {**{f"x{i}": f"s{i}_data" for i in ends}, "y": "result"}),
        register_text(stage, {**handshake("s", "all"), "s_data": "result"}),
    ]
    return module_text(
        stage, "the integers of several remainders.", body, [circuit_text(stage, "map", "The integers of a token")]
    )
