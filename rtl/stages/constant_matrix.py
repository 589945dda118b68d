"""constant_matrix: y = W x with the weights in the logic: shared sums, then a heap per output."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.ir import IntArray, IntRange, Location, TensorType, Value
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.constant_matrix import circuits_of, plan_matrix
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import raster_stream
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, handshake, instance, module_text

Words = dict[str, str]
"""What each word is called in Verilog."""
Bits = dict[str, int]
"""How many bits each word has."""
PLANNED_FOR = "xc7"


def constant_matrix(
    name: str,
    x: Stream,
    value: Value[TensorType],
    *,
    weights: IntArray,
    registers: int = 1,
    location: Location | None = None,
) -> Stage:
    """y[m] = sum_k weights[m, k] x[k]: a vector (or window) of K = x.lanes elements in, all M outputs out.

    One vector per cycle, through `registers` >= 1 registers. `value` is (M,) or (M, rows, columns): the vectors come
    in raster order. Which sums are shared is weighed for six-input tables; heaps are planned for the stage's target.
    """
    outputs, inputs = weights.shape
    assert inputs == x.lanes, f"{name}: {x.lanes} lanes for {inputs} columns of weights"
    assert value.type.shape[0] == outputs, f"{name}: {outputs} rows of weights for {value.type}"
    circuits = _circuits(x.type.range, value.type.range, weights, registers)
    return Stage(
        name=name,
        module="constant_matrix",
        inputs=(x,),
        outputs=(raster_stream(name, value, outputs),),
        actors=(every_step(latency=registers),),
        parameters={"registers": registers},
        circuits={f"part_{i}": circuit for i, circuit in enumerate(circuits)},
        location=location,
    )


def _circuits(x: IntRange, y: IntRange, weights: IntArray, registers: int) -> list[Circuit]:
    """With x = lo + step * word where x is stored as an index, W x = step * W word + lo * W 1."""
    lo, step = (x.lo, x.step) if x.is_coded else (0, 1)
    word = IntRange(0, x.count - 1) if x.is_coded else x
    offsets = [lo * total for total in weights.sum(axis=1).tolist()]
    return circuits_of(plan_matrix(weights, word, PLANNED_FOR), y, step, offsets, registers)


def bundles(stage: Stage) -> list[Bits]:
    """The words behind each register: those that later circuits read, or the outputs."""
    circuits = list(stage.circuits.values())
    known = {f"x{k}": stage.inputs[0].element_bits for k in range(stage.inputs[0].lanes)}
    found = list[Bits]()
    for number, circuit in enumerate(circuits[:-1], 1):
        known |= {word: wire.type.bits for word, wire in circuit.outputs.items()}
        read = {wire.name for later in circuits[number:] for wire in later.inputs}
        found.append({word: bits for word, bits in known.items() if word in read})
    ends = {f"y{m}": stage.outputs[0].element_bits for m in range(stage.outputs[0].lanes)}
    return [*found, *[ends] * (stage.parameters["registers"] - len(found))]


def constant_matrix_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    (x,), (y,), registers = stage.inputs, stage.outputs, stage.parameters["registers"]
    words = _sliced({f"x{k}": x.element_bits for k in range(x.lanes)}, "s_data")
    body = _unused(stage, words)
    for number, bundle in enumerate(bundles(stage)):
        made = _made(stage, number)
        body += _circuit(stage, number, words, made)
        words |= {word: f"{word}_{number}" for word in made}
        body += _registered(stage, number, [words[word] for word in bundle], sum(bundle.values()))
        words = _sliced(bundle, f"held_{number}")
    body.append(f"assign m_data = held_{registers - 1};")
    purpose = f"constant matrix times vector, {x.lanes} inputs, {y.lanes} outputs, {registers} registers on the way."
    texts = [circuit_text(stage, name, "Shared sums and outputs") for name in stage.circuits]
    return module_text(stage, purpose, body, texts)


def _made(stage: Stage, number: int) -> Bits:
    """What the circuit before a register makes; nothing where there is none."""
    circuit = stage.circuits.get(f"part_{number}")
    return {word: wire.type.bits for word, wire in circuit.outputs.items()} if circuit else {}


def _circuit(stage: Stage, number: int, words: Words, made: Bits) -> list[str]:
    if not made:
        return []
    read = {wire.name: words[wire.name] for wire in stage.circuits[f"part_{number}"].inputs}
    declared = [f"logic [{bits - 1}:0] {word}_{number};" for word, bits in made.items()]
    ports = {**read, **{word: f"{word}_{number}" for word in made}}
    return [*declared, circuit_instance(stage, f"part_{number}", ports)]


def _registered(stage: Stage, number: int, words: Sequence[str], width: int) -> list[str]:
    """Register `number` of the chain: the words to held_<number>."""
    before = handshake("s", f"link_{number}" if number else "s")
    is_last = number == stage.parameters["registers"] - 1
    after = handshake("m", "m" if is_last else f"link_{number + 1}")
    ports = {**CLOCK, **before, **after, "s_data": f"next_{number}", "m_data": f"held_{number}"}
    return [
        f"logic [{width - 1}:0] next_{number}, held_{number};",
        f"assign next_{number} = {{{', '.join(reversed(words))}}};",
        *([] if is_last else [f"logic link_{number + 1}_valid, link_{number + 1}_ready;"]),
        instance("stream_register", f"u_register_{number}", {"WIDTH": width}, ports),
    ]


def _sliced(bits: Bits, vector: str) -> Words:
    words, low = Words(), 0
    for word, width in bits.items():
        words[word] = f"{vector}[{low + width - 1}:{low}]"
        low += width
    return words


def _unused(stage: Stage, words: Words) -> list[str]:
    """Inputs that meet only zeros."""
    read = {wire.name for circuit in stage.circuits.values() for wire in circuit.inputs}
    unused = [text for word, text in words.items() if word not in read]
    if not unused:
        return []
    bits = len(unused) * stage.inputs[0].element_bits
    return [f"logic [{bits - 1}:0] unused_inputs;", f"assign unused_inputs = {{{', '.join(unused)}}};"]
