"""Toggles within circuits: what every cell gives for the inputs that it gets step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.rtl import Circuit, Stage, Stream
from mulfree.rtl.circuit import Wire, priced
from mulfree.sim.activity.streams import Toggles, toggles_of

STEPS = 2048
"""Steps of a circuit that are looked at; its inputs go on as they began."""
Inputs = dict[str, AnyArray]
"""By the circuit's inputs: numbers (steps, lanes)."""
Tokens = Mapping[str, IntArray]
"""By stream: stored words (tokens, lanes)."""
Played = tuple[Circuit, Inputs, int]
"""A circuit, what comes to it step by step, and the steps in all."""


def played(stage: Stage, tokens: Tokens) -> list[Played]:
    """The stage's circuits whose inputs are known, a copy for each time that it stands in the hardware."""
    if any(x.name not in tokens for x in stage.inputs):
        return []
    find = _KINDS.get(stage.module)
    return list(find(stage, tokens)) if find else []


def weighed(circuit: Circuit, inputs: Inputs) -> tuple[float, float]:
    """(gates x toggles of a bit, gates) over all cells; each cell's gates toggle as often as a bit of its result."""
    moved = total = 0.0
    for wire, toggles in _toggles(circuit, inputs):
        gates = priced(wire).gates
        moved += gates * toggles.changes / toggles.bits
        total += gates
    return moved, total


def _toggles(circuit: Circuit, inputs: Inputs) -> Iterator[tuple[Wire, Toggles]]:
    every = circuit.evaluate_all(**inputs)
    for wire in circuit.wires:
        numbers = np.asarray(every[wire])
        if numbers.ndim == 2:
            yield wire, toggles_of(wire.range.encode(numbers), wire.type.element_bits)


def _numbers(stream: Stream, words: IntArray) -> AnyArray:
    return np.asarray(stream.type.range.decode(words[:STEPS]))


def _mapped(stage: Stage, tokens: Tokens) -> Iterator[Played]:
    """Circuit `map` of each token."""
    if stage.memories:
        return
    circuit = stage.circuits["map"]
    words = [tokens[x.name] for x in stage.inputs]
    inputs = {w.name: _numbers(x, t) for w, x, t in zip(circuit.inputs, stage.inputs, words, strict=True)}
    yield circuit, inputs, min(len(t) for t in words)


def _matrix_vector(stage: Stage, tokens: Tokens) -> Iterator[Played]:
    """The lanes: each vector is replayed for every output fold, and meets the weights in the order of the memory."""
    p, (x,), memory = stage.parameters, stage.inputs, stage.memories["weights"]
    circuit = stage.circuits["lane"]
    words = tokens[x.name]
    order = _replayed(p["input_folds"], p["output_folds"], len(words))
    weights = _rows(memory.words, memory.width // p["pe"], p["pe"], circuit.inputs[1].type.element_bits)
    steps, held = order[:STEPS], circuit.inputs[1]
    data = np.asarray(x.type.range.decode(words[steps]))
    for lane in weights:
        row = held.range.decode(lane[np.arange(len(steps)) % len(lane)])
        yield circuit, {"x": data, "w": row}, len(order)


def _replayed(fold: int, repeat: int, words: int) -> IntArray:
    """Which token each step sees."""
    vectors = words // fold
    starts = np.arange(vectors)[:, None, None] * fold
    order: IntArray = np.broadcast_to(starts + np.arange(fold), (vectors, repeat, fold)).reshape(-1)
    return order


def _rows(words: Sequence[int], bits: int, count: int, width: int) -> list[IntArray]:
    """By processing element: (depth, simd) stored weights."""
    each = bits // width
    mask = (1 << width) - 1
    rows = [[word >> (bits * i) for word in words] for i in range(count)]
    return [np.array([[part >> (width * k) & mask for k in range(each)] for part in row]) for row in rows]


_KINDS: dict[str, Callable[[Stage, Tokens], Iterator[Played]]] = {
    **dict.fromkeys(("add", "affine", "clamp", "constant_layer", "constant_matrix", "leaky", "lookup"), _mapped),
    "matrix_vector": _matrix_vector,
}
"""Kinds of stages whose circuits' inputs follow from the streams alone."""
