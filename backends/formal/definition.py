"""What cells mean that are linear in the bits of their operands, written down from the definition of words and cells.

A number is its word by definition of its range: plain binary, two's complement, or lo + step * index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mulfree.backends.formal.linear import Form
from mulfree.backends.formal.netlist import Literal
from mulfree.ir import IntRange
from mulfree.rtl import Wire

Bits = Sequence[Literal]
Numbers = Callable[[Wire, int], Form]
"""The number that a lane of an operand is, as a form."""


def lane_bits(bits: Bits, wire: Wire, lane: int) -> Bits:
    """Of one lane; a wire of one lane meets every lane."""
    size = wire.type.element_bits
    low = size * (lane if wire.lanes > 1 else 0)
    return bits[low : low + size]


def number(bits: Bits, range: IntRange) -> Form:
    """The number that a stored word stands for."""
    step, lo = (range.step, range.lo) if range.is_coded else (1, 0)
    form = Form()
    form.add(1, lo)
    for place, bit in enumerate(bits):
        is_sign = range.is_signed and place == len(bits) - 1
        form.add(bit, -(1 << place) if is_sign else step << place)
    return form


@dataclass(frozen=True)
class Linear:
    """A cell as a sum: result lane i is constant + the sum of weights times numbers, or stored words, of operands."""

    numbers: Numbers
    words: Numbers

    def lane(self, wire: Wire, lane: int) -> Form | None:
        """None for a cell that is no sum."""
        assert wire.cell is not None, f"{wire.name} has no driver"
        if wire.cell.summation is not None:
            return None if wire.cell.summation.is_sign else self.sum(wire, lane)
        terms = TERMS.get(wire.cell.name)
        return None if terms is None else self._of(terms(wire, lane))

    def sum(self, wire: Wire, lane: int) -> Form:
        """Of a cell that is a heap: the sum, even if the cell only tells its sign."""
        assert wire.cell is not None
        assert wire.cell.summation is not None
        sum = wire.cell.summation
        read, total = self.words if sum.of_words else self.numbers, Form(constant=sum.constant)
        for x, weight in zip(wire.operands, sum.weights, strict=True):
            for i in range(x.lanes) if sum.is_across else (lane,):
                total = total.plus(read(x, i), weight if isinstance(weight, int) else weight[i])
        return total

    def _of(self, terms: Iterator[Term]) -> Form:
        total = Form()
        for term in terms:
            if isinstance(term, int):
                total.add(1, term)
            else:
                wire, lane, weight, is_word = term
                total = total.plus((self.words if is_word else self.numbers)(wire, lane), weight)
        return total


Term = int | tuple[Wire, int, int, bool]
"""A constant; or an operand, its lane, its weight, and whether its stored word is meant."""


def _sum_of(*weights: int) -> Callable[[Wire, int], Iterator[Term]]:
    def terms(wire: Wire, lane: int) -> Iterator[Term]:
        yield from ((x, lane, weight, False) for x, weight in zip(wire.operands, weights, strict=True))

    return terms


def _not(wire: Wire, lane: int) -> Iterator[Term]:
    yield 1
    yield wire.operands[0], lane, -1, True


def _index(wire: Wire, lane: int) -> Iterator[Term]:
    yield wire.operands[0], lane, 1, True


def _from_index(wire: Wire, lane: int) -> Iterator[Term]:
    yield wire.range.lo
    yield wire.operands[0], lane, wire.range.step, False


def _constant(wire: Wire, lane: int) -> Iterator[Term]:
    yield arguments(wire)[lane]


def _shift_left(wire: Wire, lane: int) -> Iterator[Term]:
    yield wire.operands[0], lane, 1 << arguments(wire)[0], False


def _pick(wire: Wire, lane: int) -> Iterator[Term]:
    yield wire.operands[0], arguments(wire)[lane], 1, False


def _join(wire: Wire, lane: int) -> Iterator[Term]:
    x, i = [(x, i) for x in wire.operands for i in range(x.lanes)][lane]
    yield x, i, 1, False


def arguments(wire: Wire) -> tuple[int, ...]:
    assert wire.cell is not None, f"{wire.name} has no driver"
    return wire.cell.arguments


TERMS: dict[str, Callable[[Wire, int], Iterator[Term]]] = {
    "add": _sum_of(1, 1),
    "sub": _sum_of(1, -1),
    "negate": _sum_of(-1),
    "decode": _sum_of(1),
    "encode": _sum_of(1),
    "not": _not,
    "index": _index,
    "from_index": _from_index,
    "constant": _constant,
    "shift_left": _shift_left,
    "pick": _pick,
    "join": _join,
}
"""Cells that are sums and are not heaps, by name."""


def parts(bits: Bits, wire: Wire, lane: int) -> Form | None:
    """Of `bit` and `field`: the number in some bits of the operand's word (given by all lanes of it)."""
    assert wire.cell is not None
    if wire.cell.name not in ("bit", "field"):
        return None
    word = lane_bits(bits, wire.operands[0], lane)
    low = arguments(wire)[0] if len(word) > wire.type.element_bits else 0
    return number(word[low : low + wire.type.element_bits], wire.range)


def word(bits: Bits) -> Form:
    """The stored word as a number of 0 or more."""
    form = Form()
    for place, bit in enumerate(bits):
        form.add(bit, 1 << place)
    return form
