"""Closed forms for the cells of a ring, as in `mulfree.rtl.price`."""

from __future__ import annotations

from mulfree.rtl.price import FULL_ADDER_GATES, MUX_GATES, Price
from mulfree.rtl.wires import WireType

FLAG_LUTS = 2
"""Of an adder: whether the carry comes back, and whether the sum is zero."""
MASK_GATES = 2


def sum(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """A table per bit before two chains of carries; a full adder per bit and an incrementer otherwise."""
    del operands
    bits = out.element_bits - 1
    gates = (FULL_ADDER_GATES + FULL_ADDER_GATES // 2 + MASK_GATES) * bits
    return Price(gates * out.lanes, (bits + FLAG_LUTS) * out.lanes, 4 * bits)


def rotation(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """A gate per bit, two of which share a table, where no adder behind it takes it in."""
    del operands
    bits = out.element_bits - 1
    return Price(bits * out.lanes, -(-bits // 2) * out.lanes, 1)


def turn(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """A choice per bit of the word and of the exponent; a table holds two of them."""
    bits, choices = out.element_bits - 1, operands[1].element_bits
    luts = -(-choices * bits // 2)
    return Price(MUX_GATES * choices * bits * out.lanes, luts * out.lanes, 2 * choices + 1)


def digit(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """A choice, a sign and a mask for each bit: one table."""
    del operands
    bits = out.element_bits - 1
    gates = (MUX_GATES + 2 * MASK_GATES) * bits
    return Price(gates * out.lanes, (bits + FLAG_LUTS) * out.lanes, 5)


def conversion(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """An incrementer of the shorter of the two words."""
    bits = min(w.element_bits for w in (out, *operands))
    return Price(FULL_ADDER_GATES // 2 * bits * out.lanes, (bits + FLAG_LUTS) * out.lanes, 2 * bits)
