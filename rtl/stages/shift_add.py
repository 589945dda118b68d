"""Multiplication by constants as sums of shifted terms."""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray, IntRange
from mulfree.rtl import cells
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.price import signed_digits


def times(circuit: Circuit, x: Wire, factor: int) -> Wire:
    """factor * x for a plain x: one shifted term per signed digit."""
    if factor == 0:
        return circuit.constant([0] * x.lanes)
    terms = [(sign == "+", shift) for sign, shift in signed_digits(abs(factor))]
    total = _shifted(circuit, x, terms[-1][1])
    for is_added, shift in reversed(terms[:-1]):
        total = circuit.drive(cells.ADD if is_added else cells.SUB, total, _shifted(circuit, x, shift))
    exact = x.range.times(factor if factor > 0 else -factor)
    held = circuit.cast(total, IntRange(exact.lo, exact.hi))
    return held if factor > 0 else circuit.drive(cells.NEGATE, held)


def _shifted(circuit: Circuit, x: Wire, amount: int) -> Wire:
    return circuit.drive(cells.shift_left(amount), x) if amount else x


def digit_planes(factors: IntArray) -> dict[int, IntArray]:
    """Signed digits of many factors: shift to the digits (-1, 0, 1), one per factor, for every shift in use."""
    planes: dict[int, IntArray] = {}
    for i, factor in np.ndenumerate(factors):
        for sign, shift in signed_digits(abs(int(factor))):
            plane = planes.setdefault(shift, np.zeros(factors.shape, dtype=np.int64))
            plane[i] = (1 if sign == "+" else -1) * (1 if factor > 0 else -1)
    return dict(sorted(planes.items()))


def by_digit(circuit: Circuit, x: Wire, digit: Wire) -> Wire:
    """-x, 0 or x, lane by lane, as a digit (-1, 0, 1) says."""
    negative = circuit.drive(cells.bit(1), digit)
    used = circuit.drive(cells.bit(0), digit)
    signed = circuit.drive(cells.MUX, negative, circuit.drive(cells.NEGATE, x), x)
    return circuit.drive(cells.MUX, used, signed, circuit.constant([0] * x.lanes))
