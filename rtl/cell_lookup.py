"""A table of constants that stands in the logic: each bit of a result is a function of the operands' words."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntRange
from mulfree.rtl.cell_evaluate import Evaluate, Types
from mulfree.rtl.cell_infer import Infer, lanes_of
from mulfree.rtl.cell_verilog import Operand, Printer, each_lane, literal
from mulfree.rtl.price import Price
from mulfree.rtl.wires import WireType


def looked_up(table: IntArray) -> Infer:
    """Range of what the operands reach: as many operands as the table has axes, each a plain number of 0 or more."""

    def infer(*operands: WireType) -> WireType:
        assert len(operands) == table.ndim, f"{len(operands)} operands for a table of {table.ndim} axes"
        for x, length in zip(operands, table.shape, strict=True):
            is_index = x.is_plain and x.range.lo >= 0 and x.range.hi < length
            assert is_index, f"{x.range} is no index below {length}"
        reached = table[tuple(slice(x.range.lo, x.range.hi + 1) for x in operands)]
        return WireType(IntRange(int(reached.min()), int(reached.max())), lanes_of(*operands))

    return infer


def entry(table: IntArray) -> Evaluate:
    def evaluate(types: Types, *operands: AnyArray) -> Any:
        del types
        return table[tuple(x.astype(np.int64) for x in np.broadcast_arrays(*operands))]

    return evaluate


def tables(table: IntArray) -> Printer:
    """A constant vector for each bit of the result, of which the operands' words choose an element."""

    def print_cell(out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        del target
        planes = range(out.type.element_bits)
        constants = [_plane_text(f"{out.name}_bit{i}", bits) for i, bits in enumerate(_planes(table, out, operands))]
        chosen = "{" + ", ".join(f"{out.name}_bit{i}[{{index}}]" for i in reversed(planes)) + "}"
        return "\n".join([*constants, each_lane(out, lambda lane: chosen.replace("{index}", _index(operands, lane)))])

    return print_cell


def _index(operands: tuple[Operand, ...], lane: str) -> str:
    return "{" + ", ".join(x.slice(lane) for x in operands) + "}"


def _plane_text(name: str, bits: IntArray) -> str:
    value = sum(int(bit) << i for i, bit in enumerate(bits))
    return f"localparam logic [{len(bits) - 1}:0] {name} = {literal(len(bits), value)};"


def _planes(table: IntArray, out: Operand, operands: tuple[Operand, ...]) -> IntArray:
    """(bits of the result, entries): the table over all words of the operands, 0 where it has no entry."""
    whole = np.zeros([2**x.type.element_bits for x in operands], np.int64)
    known = tuple(slice(0, min(length, size)) for length, size in zip(table.shape, whole.shape, strict=True))
    whole[known] = out.type.range.encode(table[known])
    planes: IntArray = whole.ravel() >> np.arange(out.type.element_bits)[:, None] & 1
    return planes


def luts(out: WireType, operands: tuple[WireType, ...], lut_inputs: int) -> int:
    """A table for each bit, and as many more as its address is longer; what chooses among them is not counted."""
    bits = sum(x.element_bits for x in operands)
    return int(out.bits * 2 ** max(0, bits - lut_inputs))


def price(out: WireType, operands: tuple[WireType, ...]) -> Price:
    """About half a gate for each entry and bit, as constants fold the multiplexers; two levels for each address bit."""
    bits = sum(x.element_bits for x in operands)
    return Price(out.bits * 2**bits // 2, luts(out, operands, 6), 2 * bits)
