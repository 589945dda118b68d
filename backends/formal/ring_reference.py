"""Cells of diminished-1 words as arithmetic modulo F = 2^b + 1 on binary numbers: subtractions, doublings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Ring = Callable[[int, int, Sequence[int], Sequence[str]], str]
"""From the width of numbers, b, the cell's arguments and its operands' codes to the result's code."""


def ring_functions(width: int, bits: int) -> str:
    """Residues of codes and back, and sums of residues."""
    word, modulus = f"signed [{width - 1}:0]", f"{width}'sh{(1 << bits) + 1:x}"
    zero, one = f"{width}'sh0", f"{width}'sh1"
    return f"""function automatic logic {word} value_{bits}(input logic {word} x);
  value_{bits} = x == {width}'sh{1 << bits:x} ? {zero} : x + {one};
endfunction
function automatic logic {word} code_{bits}(input logic {word} x);
  code_{bits} = x == {zero} ? {width}'sh{1 << bits:x} : x - {one};
endfunction
function automatic logic {word} plus_{bits}(input logic {word} x, input logic {word} y);
  plus_{bits} = x + y >= {modulus} ? x + y - {modulus} : x + y;
endfunction
function automatic logic {word} twice_{bits}(input logic {word} x);
  twice_{bits} = plus_{bits}(x, x);
endfunction
function automatic logic {word} minus_{bits}(input logic {word} x, input logic {word} y);
  minus_{bits} = x - y < {zero} ? x - y + {modulus} : x - y;
endfunction
function automatic logic {word} residue_{bits}(input logic {word} x);
  residue_{bits} = x < {zero} ? x + {modulus} : x;
endfunction
function automatic logic {word} least_{bits}(input logic {word} x);
  least_{bits} = x > {width}'sh{1 << bits - 1:x} ? x - {modulus} : x;
endfunction"""


def doubled(places: int, text: str, width: int, bits: int) -> str:
    """text * 2^places, a residue; 2^b = -1."""
    if places >= bits:
        return f"minus_{bits}({width}'sh0, {doubled(places - bits, text, width, bits)})"
    for _ in range(places):
        text = f"twice_{bits}({text})"
    return text


def _rotate(width: int, bits: int, arguments: Sequence[int], x: Sequence[str]) -> str:
    return f"code_{bits}({doubled(arguments[0], f'value_{bits}({x[0]})', width, bits)})"


def _add(width: int, bits: int, arguments: Sequence[int], x: Sequence[str]) -> str:
    return (
        f"code_{bits}(plus_{bits}(value_{bits}({x[0]}), {doubled(arguments[0], f'value_{bits}({x[1]})', width, bits)}))"
    )


def _turn(width: int, bits: int, arguments: Sequence[int], x: Sequence[str]) -> str:
    """A doubling by 2^(step k) for each k."""
    step, count = arguments
    text = f"value_{bits}({x[0]})"
    for k in range(1, count):
        text = f"({x[1]} == {k} ? {doubled(step * k % (2 * bits), f'value_{bits}({x[0]})', width, bits)} : {text})"
    return f"code_{bits}({text})"


def _multiple(width: int, bits: int, x: str, d: str) -> str:
    value = f"value_{bits}({x})"
    times = {1: value, 2: f"plus_{bits}({value}, {value})", 3: f"minus_{bits}({width}'sh0, {value})"}
    text = f"{width}'sh0"
    for digit, multiple in times.items():
        text = f"({d} == {digit} ? {multiple} : {text})"
    return text


def _digit(width: int, bits: int, arguments: Sequence[int], x: Sequence[str]) -> str:
    del arguments
    return f"code_{bits}({_multiple(width, bits, x[0], x[1])})"


def _add_digit(width: int, bits: int, arguments: Sequence[int], x: Sequence[str]) -> str:
    del arguments
    return f"code_{bits}(plus_{bits}(value_{bits}({x[0]}), {_multiple(width, bits, x[1], x[2])}))"


def _encode(width: int, bits: int, arguments: Sequence[int], x: Sequence[str]) -> str:
    del width, arguments
    return f"code_{bits}(residue_{bits}({x[0]}))"


def _decode(width: int, bits: int, arguments: Sequence[int], x: Sequence[str]) -> str:
    del width, arguments
    return f"least_{bits}(value_{bits}({x[0]}))"


RING: dict[str, Ring] = {
    "ring_rotate": _rotate,
    "ring_add": _add,
    "ring_turn": _turn,
    "ring_digit": _digit,
    "ring_add_digit": _add_digit,
    "ring_encode": _encode,
    "ring_decode": _decode,
}
"""By the names of the cells."""
