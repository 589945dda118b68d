"""Every cell over every value of small operands: its range, and its Verilog under Verilator."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from mulfree.ir import BIPOLAR, BIT, TERNARY, AnyArray, IntRange
from mulfree.rtl import Circuit, WireType, cells
from mulfree.rtl.cell import Cell
from tests.rtl.combinational import check_verilog

SIGNED, UNSIGNED, NEGATIVE, STRIDED = IntRange(-3, 4), IntRange(0, 5), IntRange(-7, -2), IntRange(-9, 9, 3)


@dataclass(frozen=True)
class Case:
    cell: Cell
    operands: tuple[WireType, ...]
    has_exact_range: bool = True

    def __str__(self) -> str:
        return f"{self.cell.name}({', '.join(f'{w.range}x{w.lanes}' for w in self.operands)})"

    def inputs(self) -> list[AnyArray]:
        """All combinations of operand values, (combinations, lanes) each."""
        if not self.operands:
            return []
        sets = [range(w.range.lo, w.range.hi + 1, w.range.step) for w in self.operands for _ in range(w.lanes)]
        table = np.array(list(product(*sets)), dtype=np.int64).reshape(-1, len(sets))
        return np.split(table, np.cumsum([w.lanes for w in self.operands])[:-1], axis=1)

    def results(self) -> AnyArray:
        values: AnyArray = self.cell.evaluate(self.operands, *self.inputs())
        return values

    @property
    def result(self) -> WireType:
        return self.cell.infer(*self.operands)


def one(range: IntRange) -> WireType:
    return WireType(range)


def lanes(range: IntRange, count: int) -> WireType:
    return WireType(range, count)


NUMBERS = (SIGNED, UNSIGNED, NEGATIVE, IntRange(3, 3))
PAIRS = [(one(a), one(b)) for a in NUMBERS for b in NUMBERS]
CASES = [
    *[Case(cell, pair) for cell in (cells.ADD, cells.SUB, cells.MAX, cells.MIN) for pair in PAIRS],
    *[Case(cells.GE, pair, False) for pair in PAIRS],
    *[Case(cells.NEGATE, (one(r),)) for r in NUMBERS],
    *[Case(cells.shift_left(3), (one(r),)) for r in NUMBERS],
    *[Case(cells.MUX, (one(BIT), *pair)) for pair in PAIRS],
    *[Case(cells.towards_zero(s), (one(r), one(UNSIGNED))) for r in NUMBERS for s in (0, 2)],
    Case(cells.towards_zero(1), (lanes(SIGNED, 2), lanes(IntRange(2, 3), 2))),
    Case(cells.MUX, (one(BIPOLAR), one(STRIDED), one(STRIDED))),
    *[Case(cell, (lanes(BIT, 2), one(BIPOLAR))) for cell in (cells.AND, cells.OR, cells.XOR, cells.XNOR)],
    Case(cells.NOT, (lanes(BIPOLAR, 3),)),
    Case(cells.ADD, (lanes(TERNARY, 2), one(UNSIGNED))),
    Case(cells.POPCOUNT, (lanes(BIPOLAR, 9),)),
    Case(cells.POPCOUNT, (one(BIT),)),
    *[Case(cells.dot((weight,)), (lanes(BIT, 7),)) for weight in (1, -1, 4, -8, 0)],
    Case(cells.dot((3, -1), -7), (lanes(SIGNED, 2), one(STRIDED))),
    Case(cells.dot(((1, -5), 2), 3), (lanes(BIPOLAR, 2), one(NEGATIVE))),
    Case(cells.weighted_sum((1, -2), 1), (lanes(TERNARY, 2), one(SIGNED))),
    Case(cells.weighted_sum((-1,), 4), (lanes(STRIDED, 2),)),
    *[Case(cell, (lanes(r, 3),)) for cell in (cells.SUM, cells.LARGEST, cells.SMALLEST) for r in NUMBERS],
    *[Case(cell, (one(SIGNED),)) for cell in (cells.SUM, cells.LARGEST)],
    Case(cells.ANY, (lanes(BIT, 5),)),
    Case(cells.lookup(np.array([5, -3, 0, 90])), (lanes(IntRange(0, 3), 2),)),
    Case(cells.lookup(np.arange(15).reshape(5, 3) - 4), (one(IntRange(0, 4)), lanes(IntRange(1, 2), 2))),
    Case(cells.lookup(np.array([7, 7])), (one(BIT),)),
    *[Case(cells.DECODE, (lanes(r, 2),)) for r in (STRIDED, BIPOLAR, IntRange(2, 44, 7), SIGNED)],
    *[Case(cells.INDEX, (lanes(r, 2),)) for r in (STRIDED, BIPOLAR, IntRange(2, 44, 7))],
    *[
        Case(cells.from_index(IntRange(lo, lo + 15 * step, step)), (one(IntRange(0, 15)),))
        for lo, step in ((-5, 3), (4, 1))
    ],
    Case(cells.encode(IntRange(-8, 7)), (one(SIGNED),), False),
    Case(cells.encode(IntRange(0, 3)), (one(IntRange(0, 3)),)),
    *[Case(cells.bit(plane), (lanes(SIGNED, 2),)) for plane in range(4)],
    Case(cells.bit(0), (lanes(BIPOLAR, 2),)),
    Case(cells.pick((2, 0, 0)), (lanes(SIGNED, 3),)),
    Case(cells.JOIN, (lanes(SIGNED, 2), one(UNSIGNED))),
    Case(cells.JOIN, (lanes(STRIDED, 2), one(STRIDED))),
    Case(cells.constant((3, -4, 2)), ()),
    Case(cells.constant((-9, 9, 3), STRIDED), ()),
]


@pytest.mark.parametrize("case", [c for c in CASES if c.operands], ids=str)
def test_results_fill_exactly_the_inferred_range(case: Case) -> None:
    results = case.results()
    assert results.shape[-1] == case.result.lanes
    assert all(int(v) in case.result.range for v in np.unique(results))
    if case.has_exact_range:
        assert (results.min(), results.max()) == (case.result.range.lo, case.result.range.hi)


@pytest.mark.parametrize(
    "range", [IntRange(-9, 9, 3), IntRange(-20, 30, 10), IntRange(5, 61, 7), IntRange(-1, 1, 2)], ids=str
)
def test_a_number_is_encoded_as_the_range_stores_it(range: IntRange) -> None:
    circuit = Circuit()
    x = circuit.input("x", range)
    circuit.output("y", circuit.cast(circuit.plain(x), range))
    values = np.arange(range.lo, range.hi + 1, range.step)[:, None]
    np.testing.assert_array_equal(circuit.evaluate(x=values)["y"], values)
    assert circuit.outputs["y"].range == range


def test_a_number_outside_the_range_it_is_cast_to_is_a_bug() -> None:
    circuit = Circuit()
    circuit.output("y", circuit.cast(circuit.input("x", IntRange(0, 9)), IntRange(0, 3)))
    with pytest.raises(AssertionError, match="not all in"):
        circuit.evaluate(x=np.array([[4]]))


def test_arithmetic_on_an_index_is_a_bug() -> None:
    circuit = Circuit()
    x = circuit.input("x", STRIDED)
    with pytest.raises(AssertionError, match="decode first"):
        circuit.drive(cells.ADD, x, x)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_prices_are_whole_and_not_negative(case: Case) -> None:
    assert min(case.cell.price(case.result, case.operands)) >= 0


def _joined() -> tuple[Circuit, dict[str, AnyArray]]:
    """One circuit with every case, and a table of values for its inputs."""
    circuit = Circuit()
    values: dict[str, AnyArray] = {}
    rows = max(len(c.inputs()[0]) for c in CASES if c.operands)
    for i, case in enumerate(CASES):
        wires = [circuit.input(f"x{i}_{k}", w.range, w.lanes) for k, w in enumerate(case.operands)]
        values |= {w.name: np.resize(v, (rows, v.shape[1])) for w, v in zip(wires, case.inputs(), strict=True)}
        circuit.output(f"y{i}", circuit.drive(case.cell, *wires))
    for i, range in enumerate((IntRange(-9, 9, 3), IntRange(-20, 30, 10), IntRange(5, 61, 7))):
        wire = circuit.input(f"z{i}", range)
        values[wire.name] = np.resize(np.arange(range.lo, range.hi + 1, range.step), (rows, 1))
        circuit.output(f"r{i}", circuit.cast(circuit.plain(wire), range))
    return circuit, values


def test_verilog_equals_evaluate_for_every_value() -> None:
    check_verilog(*_joined())


def stored_bits(type: WireType, values: AnyArray) -> AnyArray:
    """(..., lanes) to (..., bits), the lowest first."""
    words = type.range.encode(np.broadcast_to(values, (*values.shape[:-1], type.lanes)))
    planes: AnyArray = words[..., None] >> np.arange(type.element_bits) & 1
    return planes.reshape(*words.shape[:-1], type.bits)


MOVING = [case for case in CASES if case.cell.moves and case.cell.moves(case.result, case.operands) is not None]


@pytest.mark.parametrize("case", MOVING, ids=str)
def test_a_cell_that_moves_bits_moves_them_where_it_says(case: Case) -> None:
    assert case.cell.moves is not None
    moved = case.cell.moves(case.result, case.operands)
    assert moved is not None
    values = case.inputs()
    given = [stored_bits(type, value) for type, value in zip(case.operands, values, strict=True)]
    result = stored_bits(case.result, case.results())
    for place, (operand, at) in enumerate(moved):
        expected = at if operand < 0 else given[operand][..., at]
        np.testing.assert_array_equal(result[..., place], expected)
