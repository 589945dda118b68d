"""Verilog of the cells that move or recode bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mulfree.ir import IntRange
from mulfree.rtl.cell_verilog import Operand, Printer, literal
from mulfree.rtl.price import signed_digits
from mulfree.rtl.wires import WireType


def reduction(y: Operand, x: Operand) -> dict[str, int]:
    """Parameters of max_lanes and min_lanes."""
    signed = int(x.type.range.is_signed)
    return {"LANES": x.type.lanes, "WIDTH": x.type.element_bits, "SIGNED": signed, "SUM": y.type.element_bits}


def towards_zero(shift: int) -> Printer:
    """A library module for each lane."""

    def print_cell(out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        del target
        x, a = operands
        signed, y = x.type.range | IntRange(-1, 0), out.type
        assert shift < y.element_bits, f"a step of 2^{shift} in a word of {y.element_bits} bits"
        lane = "i" if y.lanes > 1 else "0"
        values = f".X({signed.width}), .A({a.type.element_bits}), .Y({y.element_bits}), .SHIFT({shift})"
        ports = f".x({x.widened(lane, signed)}), .a({a.slice(lane)}), .y({out.slice(lane)})"
        text = f"towards_zero #({values}) u_{out.name} ({ports});"
        return text if y.lanes == 1 else f"for (genvar i = 0; i < {y.lanes}; i++) begin : g_{out.name}\n  {text}\nend"

    return print_cell


def bit(plane: int) -> Callable[[Operand, Operand, str], str]:
    def expression(y: Operand, x: Operand, lane: str) -> str:
        del y
        return x.slice(lane) if x.type.element_bits == 1 else f"{x.slice(lane)}[{plane}]"

    return expression


def field(low: int, width: int) -> Callable[[Operand, Operand, str], str]:
    def expression(y: Operand, x: Operand, lane: str) -> str:
        del y
        is_all = x.type.element_bits == width
        return x.slice(lane) if is_all else f"{x.slice(lane)}[{low + width - 1}:{low}]"

    return expression


def decoded(y: Operand, x: Operand, lane: str) -> str:
    """lo + step * index, the product as a sum of shifts."""
    if x.type.is_plain:
        return x.slice(lane)
    width = y.type.element_bits
    word = _resized(x.slice(lane), x.type.element_bits, width)
    return f"{literal(width, x.type.range.lo)}{_terms(word, x.type.range.step)}"


def index(y: Operand, x: Operand, lane: str) -> str:
    return _resized(x.slice(lane), x.type.element_bits, y.type.element_bits)


def from_index(y: Operand, x: Operand, lane: str) -> str:
    word = _resized(x.slice(lane), x.type.element_bits, y.type.element_bits)
    range = y.type.range
    return word if range.is_coded or range.lo == 0 else f"{literal(y.type.element_bits, range.lo)} + {word}"


def encoded(y: Operand, x: Operand, lane: str) -> str:
    """The number itself, or (number - lo) / step: exact, so the odd part of the step divides modulo 2^n."""
    range = y.type.range
    if not range.is_coded:
        return x.widened(lane, range)
    shift = (range.step & -range.step).bit_length() - 1
    odd, width = range.step >> shift, y.type.element_bits + shift
    offset = _resized_number(x, lane, width)
    index = f"({offset} - {literal(width, range.lo)})" if range.lo else offset
    kept = f"{y.type.element_bits}'({index} >> {shift})" if shift else index
    if odd == 1:
        return kept
    inverse = pow(odd, -1, 1 << y.type.element_bits)
    return f"{literal(y.type.element_bits, 0)}{_terms(kept, inverse)}"


def words(y: Operand, values: Sequence[int]) -> str:
    width = y.type.element_bits
    return _concatenated([literal(width, stored(y.type, v)) for v in values])


def stored(type: WireType, value: int) -> int:
    """The word of a number, perhaps negative."""
    range = type.range
    return (value - range.lo) // range.step if range.is_coded else value


def picked(x: Operand, lanes: Sequence[int]) -> str:
    return _concatenated([x.slice(str(lane)) for lane in lanes])


def joined(y: Operand, operands: tuple[Operand, ...]) -> str:
    range = y.type.range
    if all(x.type.range == range for x in operands):
        return _concatenated([x.name for x in operands])
    return _concatenated([x.widened(str(lane), range) for x in operands for lane in _lanes(x)])


def _lanes(x: Operand) -> Sequence[int]:
    return range(x.type.lanes)


def _concatenated(words: Sequence[str]) -> str:
    """Lane 0 in the least significant bits."""
    return f"{{{', '.join(reversed(words))}}}"


def _terms(word: str, factor: int) -> str:
    """' + word<<i - word<<j ...' over the signed digits of the factor."""
    return "".join(f" {sign} ({word} << {shift})" for sign, shift in signed_digits(factor))


def _resized(word: str, have: int, want: int) -> str:
    return word if have == want else f"{want}'({word})"


def _resized_number(x: Operand, lane: str, width: int) -> str:
    word = x.slice(lane)
    if x.type.element_bits == width:
        return word
    return f"{width}'($signed({word}))" if x.type.range.is_signed else f"{width}'({word})"
