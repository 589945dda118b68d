from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, IntRange
from mulfree.rtl import Circuit, Price, cells
from mulfree.rtl.print_circuit import to_verilog
from mulfree.rtl.stages.shift_add import by_digit, digit_planes, times


def xnor_dot(lanes: int) -> Circuit:
    circuit = Circuit()
    x, w = circuit.input("x", BIPOLAR, lanes), circuit.input("w", BIPOLAR, lanes)
    count = circuit.drive(cells.POPCOUNT, circuit.drive(cells.XNOR, x, w))
    circuit.output("y", circuit.drive(cells.from_index(IntRange(-lanes, lanes, 2)), count))
    return circuit


def test_the_index_of_a_bipolar_dot_product_is_a_popcount() -> None:
    x, w = np.random.default_rng(0).choice([-1, 1], (2, 100, 12))
    np.testing.assert_array_equal(xnor_dot(12).evaluate(x=x, w=w)["y"][:, 0], (x * w).sum(axis=1))


def test_a_circuit_reads_as_one_module(golden: Callable[[str, str], None]) -> None:
    golden("circuit_xnor_dot.sv", to_verilog(xnor_dot(12), "xnor_dot", "Bipolar dot product of 12 lanes."))


def test_the_price_is_that_of_the_cells_and_of_the_longest_path() -> None:
    circuit = Circuit()
    a = circuit.input("a", IntRange(0, 3))
    b = circuit.drive(cells.ADD, a, a)
    circuit.output("y", circuit.drive(cells.ADD, b, b))
    one = cells.ADD.price(b.type, (a.type, a.type))
    two = cells.ADD.price(circuit.outputs["y"].type, (b.type, b.type))
    assert circuit.price == Price(one.gates + two.gates, one.luts + two.luts, one.delay + two.delay)


def test_numbers_beyond_64_bits_stay_exact() -> None:
    circuit = Circuit()
    circuit.output("y", circuit.drive(cells.shift_left(60), circuit.input("x", IntRange(0, 2**40))))
    assert circuit.evaluate(x=np.array([[2**40]]))["y"][0, 0] == 2**100


@given(factor=st.integers(-300, 300))
def test_a_product_with_a_constant_is_a_sum_of_shifts(factor: int) -> None:
    circuit = Circuit()
    circuit.output("y", times(circuit, circuit.input("x", IntRange(-9, 20)), factor))
    x = np.arange(-9, 21)[:, None]
    np.testing.assert_array_equal(circuit.evaluate(x=x)["y"] + 0 * x, factor * x)


@given(factors=st.lists(st.integers(-99, 99), min_size=1, max_size=5))
def test_digits_of_many_factors_choose_the_terms(factors: list[int]) -> None:
    circuit = Circuit()
    x = circuit.input("x", IntRange(-9, 20), len(factors))
    planes = digit_planes(np.array(factors))
    terms = [
        circuit.drive(cells.shift_left(shift), by_digit(circuit, x, circuit.constant(digits.tolist(), IntRange(-1, 1))))
        for shift, digits in planes.items()
    ]
    circuit.output("y", circuit.total(terms) if terms else circuit.constant([0] * len(factors)))
    values = np.random.default_rng(0).integers(-9, 21, (20, len(factors)))
    np.testing.assert_array_equal(circuit.evaluate(x=values)["y"] + 0 * values, values * np.array(factors))
