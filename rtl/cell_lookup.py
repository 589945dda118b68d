"""A table of constants that stands in the logic: each bit of a result is a function of the operands' words."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntRange
from mulfree.rtl.cell_evaluate import Evaluate, Types
from mulfree.rtl.cell_infer import Infer, lanes_of
from mulfree.rtl.cell_verilog import Operand, Printer, each_lane, literal
from mulfree.rtl.price import Price, Pricing
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
        bits_by_plane = entries(table, out.type, tuple(x.type for x in operands))
        constants = [_plane_text(f"{out.name}_bit{i}", bits) for i, bits in enumerate(bits_by_plane)]
        chosen = "{" + ", ".join(f"{out.name}_bit{i}[{{index}}]" for i in reversed(planes)) + "}"
        return "\n".join([*constants, each_lane(out, lambda lane: chosen.replace("{index}", _index(operands, lane)))])

    return print_cell


def _index(operands: tuple[Operand, ...], lane: str) -> str:
    return "{" + ", ".join(x.slice(lane) for x in operands) + "}"


def _plane_text(name: str, bits: IntArray) -> str:
    value = sum(int(bit) << i for i, bit in enumerate(bits))
    return f"localparam logic [{len(bits) - 1}:0] {name} = {literal(len(bits), value)};"


def entries(table: IntArray, out: WireType, operands: tuple[WireType, ...]) -> IntArray:
    """(bits of the result, entries): the table over all words of the operands, 0 where it has no entry."""
    whole = np.zeros([2**x.element_bits for x in operands], np.int64)
    known = tuple(slice(0, min(length, size)) for length, size in zip(table.shape, whole.shape, strict=True))
    whole[known] = out.range.encode(table[known])
    planes: IntArray = whole.ravel() >> np.arange(out.element_bits)[:, None] & 1
    return planes


def luts(table: IntArray, operands: tuple[WireType, ...], lut_inputs: int) -> int:
    """A look-up table for each different bit that is not a constant or a bit of an operand (or its complement).

    More where the address is longer than a look-up table's; what chooses among these is not counted.
    """
    bits = sum(x.element_bits for x in operands)
    tables = len(_functions(table, operands)) * max(x.lanes for x in operands)
    return int(tables * 2 ** max(0, bits - lut_inputs))


def _functions(table: IntArray, operands: tuple[WireType, ...]) -> set[tuple[int, ...]]:
    """The different bits of the result, as they are printed for every word of the operands, that need logic."""
    words = np.indices([2**x.element_bits for x in operands]).reshape(len(operands), -1)
    planes = entries(table, looked_up(table)(*operands), operands)
    literals = [word >> i & 1 for word, x in zip(words, operands, strict=True) for i in range(x.element_bits)]
    free = {tuple(v.tolist()) for v in (*literals, np.zeros_like(words[0]))}
    return {min(p, n) for p, n in ((tuple(v.tolist()), tuple((1 - v).tolist())) for v in planes) if not {p, n} & free}


def priced(table: IntArray) -> Pricing:
    """About half a gate for each entry of a bit, as constants fold the multiplexers; two levels by address bit."""

    def price(out: WireType, operands: tuple[WireType, ...]) -> Price:
        bits, tables = sum(x.element_bits for x in operands), luts(table, operands, 6)
        return Price(tables * 2 ** min(bits, 6) // 2, tables, 2 * bits)

    return price
