"""Cells that move bits and compute nothing: which bit of which operand each bit of the result is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mulfree.ir import IntRange
from mulfree.rtl.cell_wiring import stored
from mulfree.rtl.wires import WireType

CONSTANT = -1
Moved = tuple[int, int]
"""An operand and a bit of its vector, lane 0 lowest; or CONSTANT and the bit itself."""
Moves = Callable[[WireType, tuple[WireType, ...]], list[Moved] | None]
"""From the types of the result and of the operands, the lowest bit first; None where the cell computes something."""


def resized(out: WireType, operands: tuple[WireType, ...]) -> list[Moved]:
    """Every lane sign or zero extended, or cut."""
    (x,) = operands
    return [bit for lane in range(x.lanes) for bit in _widened(0, x, lane, out.element_bits)]


def if_plain(out: WireType, operands: tuple[WireType, ...]) -> list[Moved] | None:
    """Plain numbers stay as they are."""
    return resized(out, operands) if operands[0].is_plain else None


def encoded(range_: IntRange) -> Moves:
    return lambda out, operands: None if range_.is_coded else resized(out, operands)


def from_index(range_: IntRange) -> Moves:
    return lambda out, operands: resized(out, operands) if range_.is_coded or range_.lo == 0 else None


def constant(values: Sequence[int]) -> Moves:
    def moves(out: WireType, operands: tuple[WireType, ...]) -> list[Moved]:
        del operands
        words = [stored(out, value) for value in values]
        return [(CONSTANT, word >> place & 1) for word in words for place in range(out.element_bits)]

    return moves


def field(low: int, width: int) -> Moves:
    """`width` bits of every lane from `low` on; all of a word of one bit."""

    def moves(out: WireType, operands: tuple[WireType, ...]) -> list[Moved]:
        del out
        (x,) = operands
        first = 0 if x.element_bits == width else low
        return [(0, lane * x.element_bits + first + i) for lane in range(x.lanes) for i in range(width)]

    return moves


def shift_left(amount: int) -> Moves:
    def moves(out: WireType, operands: tuple[WireType, ...]) -> list[Moved]:
        (x,), width = operands, out.element_bits
        zeros: list[Moved] = [(CONSTANT, 0)] * amount
        return [bit for lane in range(x.lanes) for bit in [*zeros, *_widened(0, x, lane, width)][:width]]

    return moves


def pick(lanes: Sequence[int]) -> Moves:
    def moves(out: WireType, operands: tuple[WireType, ...]) -> list[Moved]:
        del out
        bits = operands[0].element_bits
        # A wire of one lane is its own every lane.
        wanted = [0 if operands[0].lanes == 1 else lane for lane in lanes]
        return [(0, lane * bits + i) for lane in wanted for i in range(bits)]

    return moves


def join(out: WireType, operands: tuple[WireType, ...]) -> list[Moved]:
    return [
        bit
        for operand, x in enumerate(operands)
        for lane in range(x.lanes)
        for bit in _widened(operand, x, lane, out.element_bits)
    ]


def _widened(operand: int, x: WireType, lane: int, width: int) -> list[Moved]:
    low, bits = lane * x.element_bits, x.element_bits
    kept: list[Moved] = [(operand, low + i) for i in range(min(width, bits))]
    above: Moved = (operand, low + bits - 1) if x.range.is_signed else (CONSTANT, 0)
    return [*kept, *[above] * (width - len(kept))]
