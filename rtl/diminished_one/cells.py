"""Cells of words of a ring: diminished-1 codes 0..2^b, the zero flag on top and then b bits, none set beside the flag.

Their meaning is `mulfree.ir.diminished_one`. A word of 64 bits has a range that int64 does not hold, and so is a Python
integer when a circuit is evaluated.
"""

from __future__ import annotations

from typing import Any

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
    return Cell("ring_rotate", _words(ring), evaluate, printed, price.rotation)


def add(ring: DiminishedOne, places: int = 0) -> Cell:
    """a + b * 2^places: with `ring.bits` more places a difference. The rotation is in the adder's tables."""
    places %= 2 * ring.bits

    def evaluate(types: tuple[WireType, ...], a: AnyArray, b: AnyArray) -> Any:
        del types
        return ring.add(a, ring.shift_left(b, places))

    printed = _instances("diminished_one_add", "ab", {"BITS": ring.bits, "PLACES": places})
    return Cell("ring_add", _words(ring), evaluate, printed, price.sum)


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
