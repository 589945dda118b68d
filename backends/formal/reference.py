"""A second, naive way to write a circuit down: numbers of one sufficient width, and plain operators on them.

It shares nothing with the printer of the hardware: no heap, no recoded digits, no tables of carries. Sums are `+`,
products with constants `*`, choices `?:`, and words are read and checked as the definition of a range says. It is for
proofs only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from mulfree.backends.formal.ring_reference import RING, ring_functions
from mulfree.ir import IntRange
from mulfree.rtl import Circuit, Wire, WireType

Term = Callable[["Naive", Wire, int], str]
"""The value of a lane of a wire, as an expression."""


@dataclass(frozen=True)
class Naive:
    """How numbers are written."""

    circuit: Circuit

    @property
    def width(self) -> int:
        """Bits of every number: of all that any cell adds up, with room."""
        return 2 + max(_magnitude(wire).bit_length() for wire in (*self.circuit.inputs, *self.circuit.wires))

    def number(self, value: int) -> str:
        text = f"{self.width}'sh{abs(value):x}"
        return text if value >= 0 else f"(-{text})"

    def value(self, wire: Wire, lane: int) -> str:
        """A wire of one lane meets every lane."""
        return f"v_{wire.name}_{lane if wire.lanes > 1 else 0}"

    def word(self, wire: Wire, lane: int) -> str:
        """The stored word of a value, as a number of 0 or more."""
        value, range = self.value(wire, lane), wire.range
        if range.is_coded:
            return f"(({value} - {self.number(range.lo)}) / {self.number(range.step)})"
        if range.is_signed:
            return f"(({value}) & {self.number((1 << wire.type.element_bits) - 1)})"
        return value

    def lines(self) -> list[str]:
        """Declarations of the value of every lane of every wire; inputs are read from ports of their names."""
        lines = list[str]()
        for wire in self.circuit.inputs:
            lines += [self._declared(wire, i, self.decoded(wire.name, wire.type, i)) for i in range(wire.lanes)]
        for wire in self.circuit.wires:
            lines += [self._declared(wire, i, of_lane(self, wire, i)) for i in range(wire.lanes)]
        rings = {_ring_bits(wire) for wire in self.circuit.wires if wire.cell and wire.cell.name in RING}
        return [*(ring_functions(self.width, bits) for bits in sorted(rings)), *lines]

    def decoded(self, name: str, type: WireType, lane: int) -> str:
        """The number that a stored word stands for."""
        bits, range = type.element_bits, type.range
        word = f"{name}[{(lane + 1) * bits - 1}:{lane * bits}]"
        if range.is_coded:
            return f"{self.number(range.lo)} + {self.number(range.step)} * $signed({{1'b0, {word}}})"
        return f"$signed({word})" if range.is_signed else f"$signed({{1'b0, {word}}})"

    def within(self, value: str, range: IntRange) -> str:
        """Whether a number belongs to a range; numbers of a coded range are known to be lo plus a multiple."""
        return f"({value} >= {self.number(range.lo)} && {value} <= {self.number(range.hi)})"

    def member(self, value: str, range: IntRange) -> str:
        """Whether any number belongs to a range."""
        step = f"({value} - {self.number(range.lo)}) % {self.number(range.step)} == 0"
        return self.within(value, range) + (f" && {step}" if range.is_coded else "")

    def is_value(self, given: str, wire: Wire, lane: int) -> str:
        """Whether a number is the wire's: of an extreme, that it is one of the numbers and none is beyond it."""
        beyond = EXTREMES.get(wire.cell.name) if wire.cell else None
        if beyond is None:
            return f"{given} == {self.value(wire, lane)}"
        values = [self.value(wire.operands[0], i) for i in range(wire.operands[0].lanes)]
        is_one = " || ".join(f"{given} == {value}" for value in values)
        return " && ".join([f"({is_one})", *(f"{given} {beyond} {value}" for value in values)])

    def _declared(self, wire: Wire, lane: int, text: str) -> str:
        name = f"v_{wire.name}_{lane}"
        return f"wire signed [{self.width - 1}:0] {name};\nassign {name} = {text};"


def of_lane(naive: Naive, wire: Wire, lane: int) -> str:
    """The definition of the wire's cell."""
    assert wire.cell is not None, f"{wire.name} has no driver"
    return MEANINGS[wire.cell.name](naive, wire, lane)


def _magnitude(wire: Wire) -> int:
    """The largest number that computing the wire can meet."""
    range = wire.range
    most = max(abs(range.lo), abs(range.hi), 1 << wire.type.element_bits)
    if wire.cell and (sum := wire.cell.summation):
        for x, weight in zip(wire.operands, sum.weights, strict=True):
            lanes = (weight,) * x.lanes if isinstance(weight, int) else weight
            most += _magnitude_of(x.type) * reduce(lambda total, w: total + abs(w), lanes, 0)
        most += abs(sum.constant)
    return most * (4 if wire.cell and wire.cell.name in RING else 1)


def _magnitude_of(type: WireType) -> int:
    return max(abs(type.range.lo), abs(type.range.hi), 1 << type.element_bits)


def _ring_bits(wire: Wire) -> int:
    """Of the ring that a cell of words computes in."""
    ring = max(w.range.hi for w in (wire, *wire.operands) if w.range.lo == 0)
    return ring.bit_length() - 1


def _operator(text: str) -> Term:
    """Over values {a}, {b}, {c} and stored words {word_a}, {word_b}."""

    def term(naive: Naive, wire: Wire, lane: int) -> str:
        values = dict(zip("abc", (naive.value(x, lane) for x in wire.operands), strict=False))
        words = {f"word_{k}": naive.word(x, lane) for k, x in zip("abc", wire.operands, strict=False)}
        return text.format(**values, **words, **{"one": naive.number(1), "zero": naive.number(0)})

    return term


def _sum(naive: Naive, wire: Wire, lane: int) -> str:
    assert wire.cell is not None
    assert wire.cell.summation is not None
    sum = wire.cell.summation
    read = naive.word if sum.of_words else naive.value
    terms = [naive.number(sum.constant)]
    for x, weight in zip(wire.operands, sum.weights, strict=True):
        for i in range(x.lanes) if sum.is_across else (lane,):
            terms.append(f"{naive.number(weight if isinstance(weight, int) else weight[i])} * {read(x, i)}")
    text = " + ".join(terms)
    return f"({text}) >= {naive.number(0)} ? {naive.number(1)} : {naive.number(0)}" if sum.is_sign else text


def _over_lanes(joined: Callable[[str, str], str], read: Callable[[Naive, Wire, int], str]) -> Term:
    def term(naive: Naive, wire: Wire, lane: int) -> str:
        del lane
        (x,) = wire.operands
        text = read(naive, x, 0)
        for i in range(1, x.lanes):
            text = f"({joined(text, read(naive, x, i))})"
        return text

    return term


def _same(naive: Naive, wire: Wire, lane: int) -> str:
    return naive.value(wire.operands[0], lane)


def _index(naive: Naive, wire: Wire, lane: int) -> str:
    return naive.word(wire.operands[0], lane)


def _from_index(naive: Naive, wire: Wire, lane: int) -> str:
    range = wire.range
    return f"{naive.number(range.lo)} + {naive.number(range.step)} * {naive.value(wire.operands[0], lane)}"


def _constant(naive: Naive, wire: Wire, lane: int) -> str:
    return naive.number(_arguments(wire)[lane])


def _bit(naive: Naive, wire: Wire, lane: int) -> str:
    return f"({naive.word(wire.operands[0], lane)} >> {_arguments(wire)[0]}) & {naive.number(1)}"


def _field(naive: Naive, wire: Wire, lane: int) -> str:
    bits, range = wire.type.element_bits, wire.range
    low = _arguments(wire)[0] if wire.operands[0].type.element_bits != bits else 0
    word = f"(({naive.word(wire.operands[0], lane)} >> {low}) & {naive.number((1 << bits) - 1)})"
    if range.is_coded:
        return f"{naive.number(range.lo)} + {naive.number(range.step)} * {word}"
    if range.is_signed:
        return f"{word} >= {naive.number(1 << bits - 1)} ? {word} - {naive.number(1 << bits)} : {word}"
    return word


def _shift_left(naive: Naive, wire: Wire, lane: int) -> str:
    return f"{naive.number(1 << _arguments(wire)[0])} * {naive.value(wire.operands[0], lane)}"


def _towards_zero(naive: Naive, wire: Wire, lane: int) -> str:
    x, a = (naive.value(operand, lane) for operand in wire.operands)
    step = f"{naive.number(1 << _arguments(wire)[0])} * {a}"
    return f"{x} >= {naive.number(0)} ? {x} - {step} : {x} + {step}"


def _pick(naive: Naive, wire: Wire, lane: int) -> str:
    return naive.value(wire.operands[0], _arguments(wire)[lane])


def _join(naive: Naive, wire: Wire, lane: int) -> str:
    lanes = [(x, i) for x in wire.operands for i in range(x.lanes)]
    return naive.value(*lanes[lane])


def _lookup(naive: Naive, wire: Wire, lane: int) -> str:
    assert wire.cell is not None
    assert wire.cell.table is not None
    return _entry(naive, wire.cell.table.array.tolist(), [(x, naive.value(x, lane)) for x in wire.operands])


def _entry(naive: Naive, table: int | list[int], operands: Sequence[tuple[Wire, str]]) -> str:
    """A choice by the first operand among tables of the others."""
    if isinstance(table, int):
        return naive.number(table)
    (x, value), *rest = operands
    text = naive.number(0)
    for i in range(x.range.lo, min(len(table), x.range.hi + 1)):
        text = f"({value} == {naive.number(i)} ? {_entry(naive, table[i], rest)} : {text})"
    return text


def _ring(naive: Naive, wire: Wire, lane: int) -> str:
    assert wire.cell is not None
    values = [naive.value(x, lane) for x in wire.operands]
    return RING[wire.cell.name](naive.width, _ring_bits(wire), _arguments(wire), values)


def _arguments(wire: Wire) -> tuple[int, ...]:
    assert wire.cell is not None
    return wire.cell.arguments


EXTREMES = {"largest": ">=", "smallest": "<="}
MEANINGS: dict[str, Term] = {
    "and": _operator("{word_a} & {word_b}"),
    "or": _operator("{word_a} | {word_b}"),
    "xor": _operator("{word_a} ^ {word_b}"),
    "xnor": _operator("{one} - ({word_a} ^ {word_b})"),
    "not": _operator("{one} - {word_a}"),
    "add": _operator("{a} + {b}"),
    "sub": _operator("{a} - {b}"),
    "negate": _operator("{zero} - {a}"),
    "ge": _operator("{a} >= {b} ? {one} : {zero}"),
    "max": _operator("{a} >= {b} ? {a} : {b}"),
    "min": _operator("{a} <= {b} ? {a} : {b}"),
    "mux": _operator("{word_a} == {one} ? {b} : {c}"),
    "lookup": _lookup,
    **dict.fromkeys(("dot", "reaches", "weighted_sum", "popcount"), _sum),
    "largest": _over_lanes(lambda a, b: f"{a} >= {b} ? {a} : {b}", Naive.value),
    "smallest": _over_lanes(lambda a, b: f"{a} <= {b} ? {a} : {b}", Naive.value),
    "any": _over_lanes(lambda a, b: f"{a} | {b}", Naive.word),
    **dict.fromkeys(("decode", "encode"), _same),
    "index": _index,
    "from_index": _from_index,
    "constant": _constant,
    "bit": _bit,
    "field": _field,
    "shift_left": _shift_left,
    "pick": _pick,
    "towards_zero": _towards_zero,
    "join": _join,
    **dict.fromkeys(RING, _ring),
}
"""The definition of every cell, by name."""


def lines_of(circuit: Circuit) -> Iterator[str]:
    yield from Naive(circuit).lines()
