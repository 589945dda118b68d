"""Types of cells' results: exact ranges for independent operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mulfree.ir import BIT, IntRange
from mulfree.rtl.cell_verilog import hull
from mulfree.rtl.wires import WireType

Infer = Callable[..., WireType]


def lanes_of(*operands: WireType) -> int:
    """Lanes of a result taken lane by lane; one lane meets any number."""
    lanes = max(w.lanes for w in operands)
    assert all(w.lanes in (1, lanes) for w in operands), f"{[w.lanes for w in operands]} lanes do not match"
    return lanes


def logic(*operands: WireType) -> WireType:
    assert all(w.element_bits == 1 for w in operands), "logic takes words of one bit"
    return WireType(BIT, lanes_of(*operands))


def bit(plane: int) -> Infer:
    def infer(a: WireType) -> WireType:
        assert plane < a.element_bits, f"no bit {plane} in a word of {a.element_bits}"
        return WireType(BIT, a.lanes)

    return infer


def field(low: int, range: IntRange) -> Infer:
    def infer(a: WireType) -> WireType:
        assert low + max(1, range.width) <= a.element_bits, f"{range} at bit {low} is not in {a.element_bits} bits"
        return WireType(range, a.lanes)

    return infer


def of_number(function: Callable[[IntRange], IntRange]) -> Infer:
    """Lane by lane over plain numbers; the result is stored plainly too."""

    def infer(a: WireType) -> WireType:
        assert a.is_plain, "arithmetic takes plain numbers; decode first"
        return WireType(unstrided(function(a.range)), a.lanes)

    return infer


def of_numbers(function: Callable[[IntRange, IntRange], IntRange]) -> Infer:
    """Lane by lane over two operands of plain numbers; the result is stored plainly too."""

    def infer(a: WireType, b: WireType) -> WireType:
        assert a.is_plain, "arithmetic takes plain numbers; decode first"
        assert b.is_plain, "arithmetic takes plain numbers; decode first"
        return WireType(unstrided(function(a.range, b.range)), lanes_of(a, b))

    return infer


def unstrided(range: IntRange) -> IntRange:
    """The interval that holds a range, stored as plain numbers."""
    return IntRange(range.lo, range.hi)


def towards_zero(shift: int) -> Infer:
    """Of numbers from 0 on, a step down; of those below, a step up."""

    def moved(x: IntRange, a: IntRange) -> IntRange:
        assert a.lo >= 0, f"a step of {a} may lead away from 0"
        low, high = a.lo << shift, a.hi << shift
        parts = [IntRange(max(x.lo, 0) - high, x.hi - low)] if x.hi >= 0 else []
        parts += [IntRange(x.lo + low, min(x.hi, -1) + high)] if x.lo < 0 else []
        return IntRange(min(part.lo for part in parts), max(part.hi for part in parts))

    return of_numbers(moved)


def maximum(a: IntRange, b: IntRange) -> IntRange:
    return IntRange(max(a.lo, b.lo), max(a.hi, b.hi))


def minimum(a: IntRange, b: IntRange) -> IntRange:
    return IntRange(min(a.lo, b.lo), min(a.hi, b.hi))


def comparison(*operands: WireType) -> WireType:
    assert all(w.is_plain for w in operands), "comparison takes plain numbers; decode first"
    return WireType(BIT, lanes_of(*operands))


def mux(select: WireType, a: WireType, b: WireType) -> WireType:
    assert select.element_bits == 1, "a choice needs one bit"
    assert a.range == b.range or (a.is_plain and b.is_plain), "a choice is between numbers stored alike"
    return WireType(a.range if a.range == b.range else unstrided(a.range | b.range), lanes_of(select, a, b))


def decode(a: WireType) -> WireType:
    return WireType(unstrided(a.range), a.lanes)


def index(a: WireType) -> WireType:
    return WireType(IntRange(0, a.range.count - 1), a.lanes)


def stored_as(range: IntRange) -> Infer:
    def infer(a: WireType) -> WireType:
        assert a.is_plain, "an index is not a number; decode first"
        return WireType(range, a.lanes)

    return infer


def from_index(range: IntRange) -> Infer:
    def infer(a: WireType) -> WireType:
        assert a.is_plain, "an index is a number; decode first"
        assert a.range.lo >= 0, "an index counts from 0"
        return WireType(range, a.lanes)

    return infer


def constant(values: Sequence[int], range: IntRange | None) -> Infer:
    held = range or IntRange(min(values), max(values))
    assert all(v in held for v in values), f"a constant is outside {held}"

    def infer() -> WireType:
        return WireType(held, len(values))

    return infer


def pick(lanes: Sequence[int]) -> Infer:
    def infer(a: WireType) -> WireType:
        return WireType(a.range, len(lanes))

    return infer


def join(*operands: WireType) -> WireType:
    ranges = {w.range for w in operands}
    assert len(ranges) == 1 or all(w.is_plain for w in operands), "lanes to join must be stored alike"
    range = operands[0].range if len(ranges) == 1 else unstrided(hull(operands))
    return WireType(range, sum(w.lanes for w in operands))


def extreme(a: WireType) -> WireType:
    assert a.is_plain, "comparison takes plain numbers; decode first"
    return WireType(a.range)


def any_of(a: WireType) -> WireType:
    assert a.element_bits == 1, "logic takes words of one bit"
    return WireType(BIT)
