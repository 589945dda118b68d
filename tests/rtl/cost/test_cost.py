"""Sums of costs and of terms."""

from __future__ import annotations

from mulfree.ir import BIT, IntRange
from mulfree.rtl import Circuit, cells
from mulfree.rtl.cost import Cost, Terms, total
from mulfree.rtl.cost.circuit import circuit_terms
from mulfree.rtl.cost.mapping import MOST_BITS
from mulfree.rtl.heap import plan


def test_areas_add_up_and_paths_do_not() -> None:
    both = Cost(luts=3, ffs=1, levels=7) + Cost(luts=2, gates=4, levels=5)
    assert both == Cost(luts=5, ffs=1, gates=4, levels=7)
    assert Cost(luts=3, levels=7).times(4) == Cost(luts=12, levels=7)
    assert total([]) == Cost()


def test_terms_of_both_operands_are_kept() -> None:
    both = Terms(Cost(ffs=1), {"mux_bits": 2}) + Terms(Cost(ffs=2), {"mux_bits": 1, "enables": 3})
    assert both == Terms(Cost(ffs=3), {"mux_bits": 3, "enables": 3})


def test_a_heap_is_known_from_its_plan() -> None:
    circuit = Circuit()
    circuit.output("y", circuit.drive(cells.POPCOUNT, circuit.input("x", BIT, 24)))
    terms, area = circuit_terms(circuit, "xc7"), plan((24, 0, 0, 0, 0), "xc7").area
    assert (terms.known.luts, terms.known.carries, terms.weighed) == (area.luts, area.carries, {})


def test_a_heap_that_synthesis_folds_is_weighed_by_the_bits_that_it_takes_away() -> None:
    circuit = Circuit()
    x, w = circuit.input("x", BIT, 24), circuit.input("w", BIT, 24)
    circuit.output("y", circuit.drive(cells.POPCOUNT, circuit.drive(cells.AND, x, w)))
    assert circuit_terms(circuit, "xc7", ["w"]).weighed == {"constant_logic_bits": 24, "heap_bits": 24 - 5}


def test_what_meets_a_constant_that_is_not_known_is_counted_apart() -> None:
    circuit = Circuit()
    x, w = circuit.input("x", BIT, 8), circuit.input("w", BIT, 8)
    circuit.output("y", circuit.drive(cells.XNOR, x, w))
    assert circuit_terms(circuit, "xc7", ["w"]).weighed == {"constant_logic_bits": 8}
    assert circuit_terms(circuit, "xc7", ["x", "w"]).weighed == {}


def test_a_circuit_too_large_to_map_counts_the_bits_of_its_sums() -> None:
    circuit, byte = Circuit(), IntRange(0, 255)
    lanes = MOST_BITS
    circuit.output("y", circuit.drive(cells.ADD, circuit.input("a", byte, lanes), circuit.input("b", byte, lanes)))
    assert circuit_terms(circuit, "xc7").weighed == {"adder_bits": lanes * 8, "carry_outs": lanes}
