"""Closed forms for what a cell costs. Unplaced, before any constant or shared operand is folded."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mulfree.rtl.wires import WireType


class Price(NamedTuple):
    """Area and time of a cell."""

    gates: int
    """Two-input NAND equivalents."""
    luts: int
    """Six-input look-up tables; a carry chain's LUTs count, its carries do not."""
    delay: int
    """Two-input gates on the longest path."""


Pricing = Callable[[WireType, tuple[WireType, ...]], Price]
"""From the result's type and the operands' types."""

FREE = Price(0, 0, 0)
FULL_ADDER_GATES = 9
MUX_GATES = 3
XOR_GATES = 4
COMPARE_GATES = 6


def free(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """Wiring."""
    del out, operands
    return FREE


def per_bit(gates: int, delay: int, lut_share: int = 1) -> Pricing:
    """So many gates for each bit of the result; `lut_share` bits fit one LUT."""

    def price(out: WireType, operands: tuple[WireType, ...]) -> Price:
        del operands
        return Price(gates * out.bits, -(-out.bits // lut_share), delay)

    return price


def adder(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """A ripple-carry adder per lane."""
    del operands
    return Price(FULL_ADDER_GATES * out.bits, out.bits, 2 * out.element_bits)


def step(shift: int) -> Pricing:
    """An adder above the lowest bits, which may subtract; a table more hands it the carry in."""

    def price(out: WireType, operands: tuple[WireType, ...]) -> Price:
        del operands
        bits = out.element_bits - shift
        return Price((FULL_ADDER_GATES + XOR_GATES) * bits * out.lanes, (bits + 1) * out.lanes, 2 * bits + 2)

    return price


def compare(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """A carry chain per lane, two bits to a LUT."""
    width = max(w.element_bits for w in operands)
    return Price(COMPARE_GATES * width * out.lanes, -(-width // 2) * out.lanes, 2 * width)


def select(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """Compare, then choose."""
    comparison = compare(WireType(out.range, out.lanes), operands)
    return Price(comparison.gates + MUX_GATES * out.bits, comparison.luts + out.bits, comparison.delay + 2)


def signed_digits(value: int) -> list[tuple[str, int]]:
    """Canonical signed digits of a constant >= 0 as (sign, shift): the terms of a shift-add sum, fewest possible."""
    terms: list[tuple[str, int]] = []
    shift = 0
    while value:
        if value & 1:
            digit = 2 - (value & 3)
            terms.append(("+" if digit > 0 else "-", shift))
            value -= digit
        value >>= 1
        shift += 1
    return terms


def decode(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """lo + step * index: one adder per signed digit of the step."""
    (x,) = operands
    return FREE if x.is_plain else _adders(len(signed_digits(x.range.step)), out)


def encode(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """(number - lo) / step: a subtraction, then a shift-add sum for the inverse of the step's odd part."""
    del operands
    if not out.range.is_coded:
        return FREE
    odd = out.range.step // (out.range.step & -out.range.step)
    return _adders(len(signed_digits(pow(odd, -1, 1 << out.element_bits))), out)


def _adders(count: int, out: WireType) -> Price:
    one = adder(out, ())
    return Price(count * one.gates, count * one.luts, count * one.delay)


def any_of(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """A tree of OR gates; a LUT takes six inputs and hands on one."""
    del out
    lanes = operands[0].lanes
    return Price(3 * (lanes - 1), -(-(lanes - 1) // 5), 2 * (lanes - 1).bit_length())


def tree(node: Pricing) -> Pricing:
    """A balanced tree over the lanes of one operand; each node spans what its subtree can hold."""

    def price(out: WireType, operands: tuple[WireType, ...]) -> Price:
        return _subtree(node, operands[0], out, operands[0].lanes)

    return price


def _subtree(node: Pricing, leaf: WireType, root: WireType, leaves: int) -> Price:
    if leaves == 1:
        return FREE
    small, large = leaves // 2, leaves - leaves // 2
    a, b = _subtree(node, leaf, root, small), _subtree(node, leaf, root, large)
    wide = _spanned(leaf, root, leaves)
    own = node(wide, (_spanned(leaf, root, small), _spanned(leaf, root, large)))
    return Price(a.gates + b.gates + own.gates, a.luts + b.luts + own.luts, max(a.delay, b.delay) + own.delay)


def _spanned(leaf: WireType, root: WireType, leaves: int) -> WireType:
    """Range of a node over so many leaves: a sum grows, a choice does not."""
    grows = root.range.hi > leaf.range.hi or root.range.lo < leaf.range.lo
    return WireType(leaf.range.scaled(leaves) if grows else leaf.range)
