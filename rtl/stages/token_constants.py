"""Constants that come with tokens: rows of them in a memory, a word for a token, the same for every frame."""

from __future__ import annotations

from mulfree.ir import IntArray, IntRange
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Memory
from mulfree.rtl.stages.constants import packed_words

Rows = dict[str, tuple[IntArray, IntRange]]
"""Constants by token: input of the circuit to (tokens, lanes) numbers and the range in which they are stored."""


def memory_of(rows: Rows, style: str = "auto") -> Memory:
    """One word per token: the rows' constants one after the other, the first lowest."""
    width, words = 0, [0] * len(next(iter(rows.values()))[0])
    for numbers, range in rows.values():
        words = [word | new << width for word, new in zip(words, packed_words(numbers, range), strict=True)]
        width += numbers.shape[1] * max(1, range.width)
    return Memory(width, tuple(words), style)


def constant_wires(circuit: Circuit, rows: Rows, *, is_stored: bool) -> dict[str, Wire]:
    """Inputs of the circuit where a memory holds the rows, else the constants of the first token."""
    return {
        key: circuit.input(key, range, numbers.shape[1]) if is_stored else circuit.constant(numbers[0].tolist(), range)
        for key, (numbers, range) in rows.items()
    }


def memory_ports(circuit: Circuit) -> dict[str, str]:
    """What the circuit's inputs but the first are in signal `weights`, the memory's word."""
    ports, low = dict[str, str](), 0
    for wire in circuit.inputs[1:]:
        ports[wire.name] = f"weights[{low + wire.type.bits - 1}:{low}]"
        low += wire.type.bits
    return ports
