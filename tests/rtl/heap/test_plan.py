"""Heaps and plans by their meaning: every stage keeps the sum."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.ir import AnyArray
from mulfree.rtl.heap import TECHNOLOGIES, Bit, Heap, Plan, free_constant, heap, plan
from mulfree.rtl.heap.counter import UNUSED
from tests.rtl.heap.heaps import EXAMPLES, Sum, sums

TARGETS = [name for name in TECHNOLOGIES if name != "generic"]


def value_of(bit: Bit, words: list[AnyArray]) -> AnyArray:
    if bit.operand is None:
        return np.ones(1, dtype=object)
    stored = words[bit.operand][:, bit.lane] >> bit.place & 1
    return 1 - stored if bit.is_inverted else stored


def summed(columns: Heap, words: list[AnyArray]) -> AnyArray:
    total = np.zeros(len(words[0]), dtype=object)
    for place, column in enumerate(columns.columns):
        for bit in column:
            total = total + (value_of(bit, words) << place)
    # To complement the top bit is to add one there.
    return total + (int(columns.is_top_inverted) << len(columns.columns) - 1)


def run(steps: Plan, bits: list[list[int]]) -> list[list[int]]:
    """The columns that are left when counters do what `Counter` says they do."""
    columns = [deque(column) for column in bits]
    for stage in steps.stages:
        given = list[tuple[int, int]]()
        for low, counter in stage:
            taken = [(port, columns[low + port].popleft()) for port in counter.ports if port != UNUSED]
            total = counter.constant + sum(bit << port for port, bit in taken)
            first, end = counter.lowest, counter.lowest + counter.gives
            assert total < 1 << end or low + end == len(columns)
            given += [(low + k, total >> k & 1) for k in range(first, end)]
        for column, bit in given:
            if column < len(columns):
                columns[column].append(bit)
    return [list(column) for column in columns]


def check_heap(case: Sum) -> None:
    circuit, values = case.circuit(), case.values()
    out = circuit.outputs["y"]
    columns = heap(case.operands, case.weights, case.constant, out.type.element_bits)
    words = [t.range.encode(values[f"x{i}"]).astype(object) for i, t in enumerate(case.operands)]
    expected = circuit.evaluate(**values)["y"][:, 0].astype(object)
    modulus = 1 << out.type.element_bits
    np.testing.assert_array_equal(summed(columns, words) % modulus, expected % modulus)


@given(case=sums())
def test_a_heap_is_the_sum_modulo_its_width(case: Sum) -> None:
    check_heap(case)


@pytest.mark.parametrize("case", EXAMPLES, ids=str)
def test_a_heap_of_an_example_is_the_sum(case: Sum) -> None:
    check_heap(case)


@given(case=sums())
def test_a_sum_is_what_numpy_computes(case: Sum) -> None:
    values = case.values()
    total = sum((np.array(w) * values[f"x{i}"]).sum(axis=1) for i, w in enumerate(case.weights)) + case.constant
    np.testing.assert_array_equal(case.circuit().evaluate(**values)["y"][:, 0], total)


@pytest.mark.parametrize("target", TECHNOLOGIES)
@settings(max_examples=60, deadline=None)
@given(heights=st.lists(st.integers(0, 40), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_a_plan_leaves_one_bit_a_column_and_the_same_sum(target: str, heights: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    bits = [random.integers(0, 2, height).tolist() for height in heights]
    left = run(plan(tuple(heights), target), bits)
    assert max(len(column) for column in left) <= 1
    total = sum(sum(column) << place for place, column in enumerate(bits))
    assert sum(sum(column) << place for place, column in enumerate(left)) == total % (1 << len(heights))


@pytest.mark.parametrize(("bits", "luts"), [(256, 134), (576, 294), (1152, 586)])
def test_popcounts_on_xc7_take_half_a_table_a_bit(bits: int, luts: int) -> None:
    assert plan((bits, *[0] * (bits.bit_length() - 1)), "xc7").area.luts <= luts


@pytest.mark.parametrize("target", TARGETS)
def test_planning_takes_few_searches(target: str) -> None:
    steps = plan((1152, *[0] * 10), target)
    assert sum(len(stage) for stage in steps.stages) < 1152


def test_an_empty_column_and_a_single_bit_take_nothing() -> None:
    for target in TECHNOLOGIES:
        assert plan((1, 0, 1, 1), target).stages == ()


def test_a_constant_product_takes_its_signed_digits() -> None:
    (x,) = Sum((EXAMPLES[7].operands[0].of_lanes(1),), (255,)).operands
    assert sum(heap((x,), (255,), 0, 16).heights) == sum(heap((x,), (256,), 0, 16).heights) + sum(
        heap((x,), (-1,), 0, 16).heights
    )


@settings(deadline=None, max_examples=60)
@given(case=sums())
def test_the_free_constant_leaves_no_bit_that_is_always_one(case: Sum) -> None:
    constant = free_constant(case.operands, case.weights)
    out = Sum(case.operands, case.weights, constant).circuit().outputs["y"]
    assert out.range.lo >= 0
    columns = heap(case.operands, case.weights, constant, out.type.element_bits + 1)
    assert not columns.is_top_inverted
    assert all(bit.operand is not None for column in columns.columns for bit in column)
