"""Circuits over words of a ring: products with roots of unity, constants and each other, butterflies."""

from __future__ import annotations

from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl.cells import NOT, bit
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.price import signed_digits


def subtract(circuit: Circuit, ring: DiminishedOne, a: Wire, b: Wire, places: int = 0) -> Wire:
    """a - b * 2^places."""
    return circuit.drive(cells.add(ring, places + ring.bits), a, b)


def times_root(circuit: Circuit, ring: DiminishedOne, x: Wire, power: int) -> Wire:
    """x * sqrt(2)^power: an odd power takes an adder."""
    power %= 4 * ring.bits
    if power % 2 == 0:
        return circuit.drive(cells.rotate(ring, power // 2), x) if power else x
    places = power // 2 + ring.bits // 4
    turned = circuit.drive(cells.rotate(ring, places + ring.bits // 2), x)
    return subtract(circuit, ring, turned, x, places)


def butterfly(circuit: Circuit, ring: DiminishedOne, a: Wire, b: Wire, power: int) -> tuple[Wire, Wire]:
    """(a + b r^power, a - b r^power) with r = sqrt(2): two adders, which take in a rotation and the sign."""
    if power % 2:
        b, power = times_root(circuit, ring, b, power), 0
    places = power // 2
    return circuit.drive(cells.add(ring, places), a, b), subtract(circuit, ring, a, b, places)


def times_constant(circuit: Circuit, ring: DiminishedOne, x: Wire, factor: int) -> Wire:
    """x * factor: a sum for each of `digit_places` but the first, which takes in what the digit turns."""
    places = digit_places(ring, factor)
    if not places:
        return circuit.constant([ring.zero], ring.codes)
    total = circuit.drive(cells.rotate(ring, places[0]), x) if places[0] else x
    for place in places[1:]:
        total = circuit.drive(cells.add(ring, place), total, x)
    return total


def digit_places(ring: DiminishedOne, factor: int) -> list[int]:
    """Of the powers of two, in 0 ... 2b - 1, that add up to the factor modulo 2^b + 1: those from b on are negative.

    The fewest that canonical signed digits of the two residues of least magnitude give.
    """
    residue = factor % ring.modulus
    return min((_places(ring, number) for number in (residue, residue - ring.modulus)), key=len)


def _places(ring: DiminishedOne, number: int) -> list[int]:
    """Canonical signed digits; their highest may be 2^b = -1 or 2^(b+1) = -2."""
    turned = [shift + (ring.bits if (kind == "-") != (number < 0) else 0) for kind, shift in signed_digits(abs(number))]
    return [place % (2 * ring.bits) for place in turned]


def multiply(circuit: Circuit, ring: DiminishedOne, x: Wire, y: Wire) -> Wire:
    """x * y without a multiplier: a word of value Y + 1, Y the number in its b bits, takes b additions of x.

    Y x by Horner's rule from the highest bit of Y, then x once more, unless y is zero: its bits are 0, too. The code
    2^b - 1, which is -1, needs no case: (2^b - 1) x + x = -x.
    """
    bits = [circuit.drive(bit(place), y) for place in reversed(range(ring.bits))]
    is_there = circuit.drive(NOT, circuit.drive(bit(ring.bits), y))
    first, *rest = (circuit.cast(wire, cells.DIGITS) for wire in (*bits, is_there))
    total = circuit.drive(cells.digit(ring), x, first)
    for place, digit in enumerate(rest):
        doubled = circuit.drive(cells.rotate(ring, 1), total) if place < ring.bits - 1 else total
        total = circuit.drive(cells.add_digit(ring), doubled, x, digit)
    return total
