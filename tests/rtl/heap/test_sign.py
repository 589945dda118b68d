"""Sums of which only the sign is wanted: heaps, plans and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.ir import BIT, IntRange
from mulfree.rtl import WireType
from mulfree.rtl.cost.circuit import circuit_terms
from mulfree.rtl.heap import TECHNOLOGIES
from mulfree.rtl.heap.counter import alive
from mulfree.rtl.heap.plan import plan_sign
from tests.rtl.heap.heaps import EXAMPLES, Sum, balanced_signs, popcount
from tests.rtl.heap.test_plan import run, summed


@st.composite
def columns(draw: st.DrawFn) -> tuple[tuple[int, ...], int]:
    """Heights and a constant whose sum stays below 2^width, so that its top bit is a comparison."""
    heights = tuple(draw(st.lists(st.integers(0, 30), min_size=1, max_size=9)))
    most = sum(height << place for place, height in enumerate(heights))
    constant = draw(st.integers(0, 300))
    return (*heights, *[0] * ((most + constant).bit_length() - len(heights))), constant


@pytest.mark.parametrize("target", TECHNOLOGIES)
@settings(max_examples=80, deadline=None)
@given(case=columns(), seed=st.integers(0, 99))
def test_a_plan_gives_the_top_bit_of_the_sum(target: str, case: tuple[tuple[int, ...], int], seed: int) -> None:
    heights, constant = case
    known = constant if TECHNOLOGIES[target].sign.knows_constants else 0
    steps = plan_sign(heights, target, known)
    if steps is None:
        assert known % (1 << len(heights) - 1), "a heap without constants below its top column has a plan"
        return
    random = np.random.default_rng(seed)
    for ones in (0.2, 0.5, 0.8, 1.0):
        bits = [(random.random(height) < ones).astype(int).tolist() for height in heights]
        total = sum(sum(column) << place for place, column in enumerate(bits)) + known
        assert sum(run(steps, bits)[-1]) == total >> len(heights) - 1 & 1


@pytest.mark.parametrize("target", TECHNOLOGIES)
@settings(max_examples=20, deadline=None)
@given(case=balanced_signs())
def test_the_heap_and_what_its_plan_knows_have_the_sign_on_top(target: str, case: Sum) -> None:
    circuit, values = case.circuit(), case.values()
    out = circuit.outputs["y"]
    assert out.cell is not None
    assert out.cell.summation is not None
    heap, steps = out.cell.summation.planned(out.type, case.operands, target)
    words = [t.range.encode(values[f"x{i}"]).astype(object) for i, t in enumerate(case.operands)]
    known = sum(placed.counter.constant << placed.column for stage in steps.stages for placed in stage)
    width = len(heap.columns)
    top = (summed(heap, words) + known) % (1 << width) >> width - 1
    np.testing.assert_array_equal(top, circuit.evaluate(**values)["y"][:, 0])


@given(case=balanced_signs())
def test_a_sign_is_what_numpy_computes(case: Sum) -> None:
    values = case.values()
    total = sum((np.array(w) * values[f"x{i}"]).sum(axis=1) for i, w in enumerate(case.weights)) + case.constant
    np.testing.assert_array_equal(case.circuit().evaluate(**values)["y"][:, 0], total >= 0)


def test_columns_that_cannot_carry_do_not_count() -> None:
    assert alive((1, 1, 1, 2, 0)) == 3
    assert alive((2, 0, 1, 1, 0)) == 4, "the carry of the lowest column ends in the next"
    assert alive((1, 1, 1, 2, 0), 1) == 0
    assert alive((3,)) == 0


@pytest.mark.parametrize("target", ["xc7", "asic"])
@pytest.mark.parametrize("case", EXAMPLES[4:9], ids=str)
def test_a_sign_is_cheaper_than_its_sum(target: str, case: Sum) -> None:
    """Of targets whose adders take less without their sums; in rows of adders only what reads the sum is saved."""
    middle = Sum(case.operands, case.weights, case.constant - _middle(case))
    assert _cost(middle.sign, target) < _cost(middle, target)


@pytest.mark.parametrize(("bits", "luts"), [(256, 131), (576, 291), (1152, 578)])
def test_on_xc7_a_popcount_is_compared_for_less_than_it_is_counted(bits: int, luts: int) -> None:
    assert circuit_terms(Sum((WireType(BIT, bits),), (1,), -(bits // 3)).sign.circuit(), "xc7").known.luts <= luts


def test_on_xc7_a_word_is_compared_with_five_bits_to_a_table() -> None:
    word = Sum((WireType(IntRange(0, 2**15 - 1)),), (1,), -12345).sign
    assert circuit_terms(word.circuit(), "xc7").known.luts <= 3


def test_six_bits_are_one_table() -> None:
    assert circuit_terms(Sum((WireType(BIT, 6),), (1,), -3).sign.circuit(), "xc7").known.luts == 1
    assert popcount(1).sign.circuit().evaluate(x0=np.array([[0]]))["y"] == 1


def _middle(case: Sum) -> int:
    (out,) = case.circuit().outputs.values()
    return (out.range.lo + out.range.hi) // 2


def _cost(case: Sum, target: str) -> float:
    circuit = case.circuit()
    (out,) = circuit.outputs.values()
    assert out.cell is not None
    assert out.cell.summation is not None
    return out.cell.summation.planned(out.type, case.operands, target)[1].cost
