"""The closed set of cells: one meaning, one Verilog form and one price each.

Operator families are built from these and never print Verilog or count gates themselves. A cell maps vectors to
a vector: lane by lane (an operand of one lane meets every lane of the others), or from all lanes to one.
Arithmetic takes plain numbers: decode a range with a step first. `evaluate` sees numbers, not stored words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mulfree.ir import IntArray, IntRange, Tensor
from mulfree.rtl import cell_evaluate as value
from mulfree.rtl import cell_infer as infer
from mulfree.rtl import cell_lookup, price
from mulfree.rtl import cell_moves as moves
from mulfree.rtl import cell_wiring as wiring
from mulfree.rtl.cell import Cell
from mulfree.rtl.cell_verilog import instance, of_lane, per_lane, to_hull, whole
from mulfree.rtl.heap import Summation, Weights

# Logic on words of one bit, as stored.
AND = Cell("and", infer.logic, value.words(lambda a, b: a & b), per_lane("{a} & {b}"), price.per_bit(2, 2, 2))
OR = Cell("or", infer.logic, value.words(lambda a, b: a | b), per_lane("{a} | {b}"), price.per_bit(3, 2, 2))
XOR = Cell("xor", infer.logic, value.words(lambda a, b: a ^ b), per_lane("{a} ^ {b}"), price.per_bit(4, 3, 2))
XNOR = Cell(
    "xnor", infer.logic, value.words(lambda a, b: 1 - (a ^ b)), per_lane("~({a} ^ {b})"), price.per_bit(5, 3, 2)
)
NOT = Cell("not", infer.logic, value.word(lambda a: 1 - a), per_lane("~{a}"), price.per_bit(1, 1, 2))

# Arithmetic lane by lane.
ADD = Cell("add", infer.of_numbers(lambda a, b: a + b), value.numbers(np.add), per_lane("{a} + {b}"), price.adder)
SUB = Cell("sub", infer.of_numbers(lambda a, b: a - b), value.numbers(np.subtract), per_lane("{a} - {b}"), price.adder)
NEGATE = Cell("negate", infer.of_number(lambda a: -a), value.number(np.negative), per_lane("-({a})"), price.adder)
GE = Cell(
    "ge",
    infer.comparison,
    value.numbers(lambda a, b: (a >= b).astype(np.int64)),
    per_lane("{sign}({a}) >= {sign}({b})", to_hull),
    price.compare,
)
MAX = Cell(
    "max",
    infer.of_numbers(infer.maximum),
    value.numbers(np.maximum),
    per_lane("{sign}({a}) >= {sign}({b}) ? {a} : {b}", to_hull, cut=True),
    price.select,
)
MIN = Cell(
    "min",
    infer.of_numbers(infer.minimum),
    value.numbers(np.minimum),
    per_lane("{sign}({a}) <= {sign}({b}) ? {a} : {b}", to_hull, cut=True),
    price.select,
)
MUX = Cell("mux", infer.mux, value.mux, per_lane("{raw_a} ? {b} : {c}"), price.per_bit(3, 2))
"""MUX(select, a, b) is a where the stored bit of select is 1, else b."""


def towards_zero(shift: int) -> Cell:
    """x - 2^shift a where x is 0 or more, else x + 2^shift a, for a >= 0: a step of division that restores nothing."""
    moved = value.numbers(lambda x, a: np.where(x >= 0, x - (a << shift), x + (a << shift)))
    return Cell(
        "towards_zero",
        infer.towards_zero(shift),
        moved,
        wiring.towards_zero(shift),
        price.step(shift),
        arguments=(shift,),
    )


def lookup(table: IntArray) -> Cell:
    """table[a, b, ...]: constants in the logic, chosen by as many operands as the table has axes, lane by lane."""
    reached, entry = cell_lookup.looked_up(table), cell_lookup.entry(table)
    return Cell("lookup", reached, entry, cell_lookup.tables(table), cell_lookup.priced(table), table=Tensor(table))


# From all lanes to one.
def _heap(name: str, sum: Summation) -> Cell:
    return Cell(name, sum.infer, sum.evaluate, sum.verilog, sum.price, sum)


def dot(weights: Weights, constant: int = 0, held: IntRange | None = None) -> Cell:
    """constant + sum over all lanes of all operands, each times its weight: one heap, one lane.

    A weight is an integer for all lanes of its operand, or a tuple with one for each lane. Operands of any range.
    `held`: the range of the sum, where the circuit's author knows a narrower one than the operands' ranges give.
    """
    return _heap("dot", Summation(weights, constant, held=held))


def reaches(weights: Weights, constant: int = 0, held: IntRange | None = None) -> Cell:
    """1 where the sum that `dot` gives is 0 or more, else 0: one heap, of which only the carry is made."""
    return sign(Summation(weights, constant, held=held, is_sign=True))


def sign(sum: Summation) -> Cell:
    """As `reaches`, of a sum given as such."""
    return _heap("reaches", sum)


def weighted_sum(weights: tuple[int, ...], constant: int = 0) -> Cell:
    """constant + sum of the operands, each times its weight, lane by lane: a heap per lane."""
    return _heap("weighted_sum", Summation(weights, constant, is_across=False))


POPCOUNT = _heap("popcount", Summation((1,), of_words=True))
"""How many stored bits are 1."""
SUM = dot((1,))
"""All lanes of an operand."""
LARGEST = Cell(
    "largest",
    infer.extreme,
    value.number(value.across(np.max)),
    instance("max_lanes", wiring.reduction),
    price.tree(price.select),
)
SMALLEST = Cell(
    "smallest",
    infer.extreme,
    value.number(value.across(np.min)),
    instance("min_lanes", wiring.reduction),
    price.tree(price.select),
)
ANY = Cell("any", infer.any_of, value.word(value.across(np.max)), whole(lambda y, x: f"|{x[0].name}"), price.any_of)

# Between a range with a step, stored as an index, and plain numbers.
DECODE = Cell(
    "decode", infer.decode, value.number(lambda a: a), of_lane(wiring.decoded), price.decode, moves=moves.if_plain
)
INDEX = Cell("index", infer.index, value.indices, of_lane(wiring.index), price.free, moves=moves.resized)
"""The stored index as a number."""


def encode(range: IntRange) -> Cell:
    """The same numbers, stored as `range` stores them; the circuit's author knows that they belong to it."""
    printer = of_lane(wiring.encoded)
    member, kept = value.member_of(range), moves.encoded(range)
    return Cell("encode", infer.stored_as(range), member, printer, price.encode, moves=kept)


def from_index(range: IntRange) -> Cell:
    """The element lo + step * i of the range for a number i: no hardware where the range stores its index."""
    element, printer = value.from_index(range), of_lane(wiring.from_index)
    return Cell("from_index", infer.from_index(range), element, printer, price.free, moves=moves.from_index(range))


def constant(values: Sequence[int], range: IntRange | None = None) -> Cell:
    """One lane per value; without a range, the plain interval that holds them."""
    printer = whole(lambda y, x: wiring.words(y, values))
    held, known = infer.constant(values, range), moves.constant(values)
    arguments = tuple(values)
    return Cell("constant", held, value.constant(values), printer, price.free, moves=known, arguments=arguments)


def bit(plane: int) -> Cell:
    """Bit `plane` of every stored word."""
    evaluate = value.word(lambda a: a >> plane & 1)
    printer, moved = of_lane(wiring.bit(plane)), moves.field(plane, 1)
    return Cell("bit", infer.bit(plane), evaluate, printer, price.free, moves=moved, arguments=(plane,))


def field(low: int, range: IntRange) -> Cell:
    """The number that `range` stores in the bits from `low` on of every stored word: one part of a compound word."""
    evaluate = value.word(lambda a: range.decode(a >> low & (1 << max(1, range.width)) - 1))
    width = max(1, range.width)
    printer, moved = of_lane(wiring.field(low, width)), moves.field(low, width)
    return Cell("field", infer.field(low, range), evaluate, printer, price.free, moves=moved, arguments=(low,))


def shift_left(amount: int) -> Cell:
    """2^amount * a."""
    evaluate = value.number(lambda a: a << amount)
    printer = per_lane(f"{{a}} << {amount}")
    shifted, moved = infer.of_number(lambda a: a.times(2**amount)), moves.shift_left(amount)
    return Cell("shift_left", shifted, evaluate, printer, price.free, moves=moved, arguments=(amount,))


def pick(lanes: Sequence[int]) -> Cell:
    """Result lane j is operand lane lanes[j]."""
    printer, moved = whole(lambda y, x: wiring.picked(x[0], lanes)), moves.pick(lanes)
    return Cell("pick", infer.pick(lanes), value.pick(lanes), printer, price.free, moves=moved, arguments=(*lanes,))


JOIN = Cell("join", infer.join, value.join, whole(wiring.joined), price.free, moves=moves.join)
"""The lanes of every operand, one operand after the other."""
