"""Cells of words of a ring: diminished-1 codes 0..2^b, the zero flag on top and then b bits, none set beside the flag.

Their meaning is `mulfree.ir.diminished_one`. A word of 64 bits has a range that int64 does not hold, and so is a Python
integer when a circuit is evaluated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import AnyArray, IntRange
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl.cell import Cell
from mulfree.rtl.cell_evaluate import member_of
from mulfree.rtl.cell_infer import Infer, lanes_of
from mulfree.rtl.cell_verilog import Operand, Printer
from mulfree.rtl.diminished_one import price
from mulfree.rtl.wires import WireType


def rotate(ring: DiminishedOne, places: int) -> Cell:
    """x * 2^places; `ring.bits` places negate."""
    places %= 2 * ring.bits

    def evaluate(types: tuple[WireType, ...], x: AnyArray) -> Any:
        del types
        return ring.shift_left(x, places)

    printed = _instances("diminished_one_rotate", "x", {"BITS": ring.bits, "PLACES": places})
    return Cell("ring_rotate", _words(ring), evaluate, printed, price.rotation, arguments=(places,))


def add(ring: DiminishedOne, places: int = 0) -> Cell:
    """a + b * 2^places: with `ring.bits` more places a difference. The rotation is in the adder's tables."""
    places %= 2 * ring.bits

    def evaluate(types: tuple[WireType, ...], a: AnyArray, b: AnyArray) -> Any:
        del types
        return ring.add(a, ring.shift_left(b, places))

    printed = _instances("diminished_one_add", "ab", {"BITS": ring.bits, "PLACES": places})
    return Cell("ring_add", _words(ring), evaluate, printed, price.sum, arguments=(places,))


def turn(ring: DiminishedOne, step: int, count: int) -> Cell:
    """x * 2^(step k) for a number k of 0 ... count - 1: a choice between two rotations for each bit of k."""
    step %= 2 * ring.bits

    def infer(x: WireType, k: WireType) -> WireType:
        assert k.range == IntRange(0, count - 1), f"{k.range} is not 0 ... {count - 1}"
        return WireType(_words(ring)(x).range, lanes_of(x, k))

    def evaluate(types: tuple[WireType, ...], x: AnyArray, k: AnyArray) -> Any:
        del types
        turned = x
        for place in range((count - 1).bit_length()):
            turned = np.where(k >> place & 1 == 1, ring.shift_left(turned, step << place), turned)
        return turned

    parameters = {"BITS": ring.bits, "STEP": step, "K": (count - 1).bit_length()}
    printed = _instances("diminished_one_turn", "xk", parameters)
    return Cell("ring_turn", infer, evaluate, printed, price.turn, arguments=(step, count))


DIGITS = IntRange(0, 3)
"""Codes of the digits 0, 1, 2 and -1: digits modulo 4."""


def digit(ring: DiminishedOne) -> Cell:
    """d x for a digit d of 0, 1, 2, -1, given by its code."""

    def infer(x: WireType, d: WireType) -> WireType:
        assert d.range == DIGITS, f"{d.range} is no range of digits"
        return WireType(_words(ring)(x).range, lanes_of(x, d))

    def evaluate(types: tuple[WireType, ...], x: AnyArray, d: AnyArray) -> Any:
        del types
        return _multiple(ring, x, d)

    return Cell(
        "ring_digit", infer, evaluate, _instances("diminished_one_digit", "xd", {"BITS": ring.bits}), price.digit
    )


def add_digit(ring: DiminishedOne) -> Cell:
    """a + d x for a digit as in `digit`: what makes d x is in the adder's tables."""

    def infer(a: WireType, x: WireType, d: WireType) -> WireType:
        assert d.range == DIGITS, f"{d.range} is no range of digits"
        return WireType(_words(ring)(a, x).range, lanes_of(a, x, d))

    def evaluate(types: tuple[WireType, ...], a: AnyArray, x: AnyArray, d: AnyArray) -> Any:
        del types
        return ring.add(a, _multiple(ring, x, d))

    printed = _instances("diminished_one_add_digit", "axd", {"BITS": ring.bits})
    return Cell("ring_add_digit", infer, evaluate, printed, price.sum)


def _multiple(ring: DiminishedOne, x: AnyArray, d: AnyArray) -> AnyArray:
    signed = np.where(d == 3, ring.negate(x), np.where(d == 2, ring.shift_left(x, 1), x))
    return np.where(d == 0, ring.zero, signed)


def encode(ring: DiminishedOne, held: IntRange) -> Cell:
    """The words of plain numbers of a range, of no more than b bits with their sign."""
    assert held.width <= ring.bits, f"{held} has more than {ring.bits} bits"

    def infer(x: WireType) -> WireType:
        assert x.is_plain, "arithmetic takes plain numbers; decode first"
        return WireType(ring.codes, x.lanes)

    def evaluate(types: tuple[WireType, ...], x: AnyArray) -> Any:
        del types
        return ring.encode(x)

    parameters = {"WIDTH": max(1, held.width), "SIGNED": int(held.is_signed), "BITS": ring.bits}
    return Cell("ring_encode", infer, evaluate, _instances("diminished_one_encode", "x", parameters), price.conversion)


def decode(ring: DiminishedOne, held: IntRange) -> Cell:
    """The number of least magnitude that a word stands for; the circuit's author knows that it belongs to `held`."""
    assert held.step == 1, f"{held} is stored as an index"
    member = member_of(held)
    width = max(1, held.width)
    assert width <= ring.bits + 1, f"{held} has numbers that no word stands for"

    def infer(x: WireType) -> WireType:
        return WireType(held, _words(ring)(x).lanes)

    def evaluate(types: tuple[WireType, ...], x: AnyArray) -> Any:
        return member(types, ring.decode(x))

    printed = _instances("diminished_one_decode", "x", {"BITS": ring.bits, "WIDTH": width})
    return Cell("ring_decode", infer, evaluate, printed, price.conversion)


def _words(ring: DiminishedOne) -> Infer:
    def infer(*operands: WireType) -> WireType:
        assert all(w.range == ring.codes for w in operands), f"{[str(w.range) for w in operands]}: no words of {ring}"
        return WireType(ring.codes, lanes_of(*operands))

    return infer


def _instances(module: str, ports: str, parameters: dict[str, int]) -> Printer:
    """A library module for each lane; its inputs are the letters of `ports`, its output is y."""
    values = ", ".join(f".{key}({value})" for key, value in parameters.items())

    def print_cell(out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        del target
        lane = "i" if out.type.lanes > 1 else "0"
        inputs = ", ".join(f".{port}({x.slice(lane)})" for port, x in zip(ports, operands, strict=True))
        text = f"{module} #({values}) u_{out.name} ({inputs}, .y({out.slice(lane)}));"
        if out.type.lanes == 1:
            return text
        return f"for (genvar i = 0; i < {out.type.lanes}; i++) begin : g_{out.name}\n  {text}\nend"

    return print_cell
