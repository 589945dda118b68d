"""How cells are printed: an expression per lane, an expression for the whole vector, or a library instance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mulfree.ir import IntRange
from mulfree.rtl.wires import WireType


@dataclass(frozen=True, slots=True)
class Operand:
    """A wire as Verilog sees it."""

    name: str
    type: WireType

    def slice(self, lane: str) -> str:
        """The stored word of one lane; a wire of one lane meets every lane of the others."""
        if self.type.lanes == 1:
            return self.name
        return f"{self.name}[{lane}]"

    def widened(self, lane: str, range: IntRange) -> str:
        """The lane as a number of `range`'s width: sign or zero extended, or cut to it."""
        word, width = self.slice(lane), max(1, range.width)
        if width == self.type.element_bits:
            return word
        return f"{width}'($signed({word}))" if self.type.range.is_signed else f"{width}'({word})"


Printer = Callable[[Operand, tuple[Operand, ...], str], str]
"""Statements that drive the first operand from the others, for a target (most cells are the same for all)."""
Widening = Callable[[WireType, tuple[WireType, ...]], IntRange]


def to_result(out: WireType, operands: tuple[WireType, ...]) -> IntRange:
    """Sums: modulo 2^n nothing beyond the result's own bits matters."""
    del operands
    return out.range


def to_hull(out: WireType, operands: tuple[WireType, ...]) -> IntRange:
    """Comparisons: every operand must keep its value."""
    del out
    return hull(operands)


def hull(types: tuple[WireType, ...]) -> IntRange:
    """The tightest range that holds every operand."""
    result = types[0].range
    for type in types[1:]:
        result = result | type.range
    return result


def per_lane(expression: str, widen: Widening = to_result, *, cut: bool = False) -> Printer:
    """`expression` over {a}, {b}, {c}, each widened (or {raw_a}, as stored), cut to the result's width if asked.

    {sign} is $signed where the common range is signed.
    """

    def print_cell(out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        del target
        template = f"{out.type.element_bits}'({expression})" if cut else expression
        return each_lane(out, lambda lane: _filled(template, widen, out, operands, lane))

    return print_cell


def of_lane(expression: Callable[[Operand, Operand, str], str]) -> Printer:
    """A cell of one operand, from (result, operand, lane)."""

    def print_cell(out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        del target
        return each_lane(out, lambda lane: expression(out, operands[0], lane))

    return print_cell


def whole(expression: Callable[[Operand, tuple[Operand, ...]], str]) -> Printer:
    """A cell whose vector is one expression."""

    def print_cell(out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        del target
        return f"assign {out.name} = {expression(out, operands)};"

    return print_cell


def instance(module: str, parameters: Callable[[Operand, Operand], dict[str, int]]) -> Printer:
    """A library module with ports x and y that reduces the lanes of one operand."""

    def print_cell(out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        del target
        (x,) = operands
        values = ", ".join(f".{key}({value})" for key, value in parameters(out, x).items())
        return f"{module} #({values}) u_{out.name} (.x({x.name}), .y({out.name}));"

    return print_cell


def packed(type: WireType) -> str:
    """Declaration of a vector of words."""
    lanes = f"[{type.lanes - 1}:0]"
    word = f"[{type.element_bits - 1}:0]"
    if type.element_bits == 1:
        return f"logic {lanes}"
    return f"logic {word}" if type.lanes == 1 else f"logic {lanes}{word}"


def literal(bits: int, value: int) -> str:
    """A sized constant; a negative value in two's complement."""
    return f"{bits}'h{value & ((1 << bits) - 1):x}"


def each_lane(out: Operand, expression: Callable[[str], str]) -> str:
    """An assignment of `expression(lane)` for each lane of the result."""
    if out.type.lanes == 1:
        return f"assign {out.name} = {expression('0')};"
    head = f"for (genvar i = 0; i < {out.type.lanes}; i++) begin : g_{out.name}"
    return f"{head}\n  assign {out.slice('i')} = {expression('i')};\nend"


def _filled(template: str, widen: Widening, out: Operand, operands: tuple[Operand, ...], lane: str) -> str:
    common = widen(out.type, tuple(w.type for w in operands))
    words = dict(zip("abc", (w.widened(lane, common) for w in operands), strict=False))
    raw = {f"raw_{key}": w.slice(lane) for key, w in zip("abc", operands, strict=False)}
    return template.format(**words, **raw, sign="$signed" if common.is_signed else "")
