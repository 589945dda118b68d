from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.ir import BIT, IntArray, IntRange
from mulfree.rtl import Circuit
from mulfree.rtl.constant_matrix import MatrixPlan, Total, draw, plan_matrix, plan_price
from mulfree.rtl.constant_matrix.group_rows import group_rows
from mulfree.rtl.constant_matrix.plan_matrix import candidates
from mulfree.rtl.constant_matrix.sums import ranges_of

WORDS = [BIT, IntRange(-128, 127), IntRange(0, 7), IntRange(-1, 0), IntRange(0, 0)]
Shape = tuple[int, int]
Kind = Callable[[np.random.Generator, Shape], IntArray]


def large(rng: np.random.Generator, shape: Shape) -> IntArray:
    return rng.integers(-(2**20), 2**20, shape)


def bytes_(rng: np.random.Generator, shape: Shape) -> IntArray:
    return rng.integers(-128, 128, shape)


def signs(rng: np.random.Generator, shape: Shape) -> IntArray:
    return rng.choice([-1, 1], shape)


def ternary(rng: np.random.Generator, shape: Shape) -> IntArray:
    return rng.integers(-1, 2, shape)


def powers_of_two(rng: np.random.Generator, shape: Shape) -> IntArray:
    return signs(rng, shape) << rng.integers(0, 8, shape)


def rows_of_zeros(rng: np.random.Generator, shape: Shape) -> IntArray:
    return bytes_(rng, shape) * (np.arange(shape[0]) % 2)[:, None]


KINDS: tuple[Kind, ...] = (bytes_, signs, ternary, powers_of_two, rows_of_zeros, large)


@st.composite
def matrices(draw: st.DrawFn) -> IntArray:
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 20))
    weights: IntArray = draw(st.sampled_from(KINDS))(np.random.default_rng(draw(st.integers(0, 99))), shape)
    return weights


def inputs(word: IntRange, count: int) -> IntArray:
    """Random vectors, and the extreme ones."""
    rng = np.random.default_rng(0)
    mixed = rng.choice([word.lo, word.hi], (20, count))
    return np.concatenate([rng.integers(word.lo, word.hi + 1, (20, count)), mixed])


@settings(deadline=None, max_examples=60)
@given(weights=matrices(), word=st.sampled_from(WORDS), target=st.sampled_from(["xc7", "ice40", "asic"]))
def test_every_plan_is_the_product_and_holds_its_ranges(weights: IntArray, word: IntRange, target: str) -> None:
    x = inputs(word, weights.shape[1])
    for plan in candidates(weights, word, target, 4):
        np.testing.assert_array_equal(plan.evaluate(x), x @ weights.T)
        assert_ranges_hold(plan, x)


def assert_ranges_hold(plan: MatrixPlan, x: IntArray) -> None:
    values = [*x.T]
    for node in plan.nodes:
        values.append(node.evaluate(values))
        assert values[-1].min() >= node.range.lo
        assert values[-1].max() <= node.range.hi


@settings(deadline=None, max_examples=20)
@given(weights=matrices(), word=st.sampled_from(WORDS))
def test_a_circuit_is_the_product(weights: IntArray, word: IntRange) -> None:
    plan = plan_matrix(weights, word, "xc7")
    (hull,) = [IntRange(min(r.lo for r in ranges), max(r.hi for r in ranges)) for ranges in [ranges_of(weights, word)]]
    x = inputs(word, weights.shape[1])
    offsets = list(range(len(weights)))
    held = IntRange(3 * hull.lo, 3 * hull.hi + len(weights))
    circuit = Circuit()
    circuit.output("y", draw(plan, circuit, circuit.input("x", word, weights.shape[1]), held, 3, offsets))
    y = np.broadcast_to(circuit.evaluate(x=x)["y"], (len(x), len(weights)))
    np.testing.assert_array_equal(y, 3 * (x @ weights.T) + offsets)


@given(weights=matrices(), size=st.integers(1, 5))
def test_rows_together_are_a_product_of_matrices(weights: IntArray, size: int) -> None:
    left, right = group_rows(weights, size)
    np.testing.assert_array_equal(left @ right, weights)


@pytest.mark.parametrize(("kind", "word"), [(bytes_, IntRange(-128, 127)), (signs, BIT), (signs, IntRange(0, 15))])
def test_sharing_pays(kind: Kind, word: IntRange) -> None:
    """At least a fifth below a heap per output."""
    weights = kind(np.random.default_rng(1), (32, 32))
    alone = plan_matrix(weights, word, "xc7", deepest=0) if word != BIT else next(candidates(weights, word, "xc7", 0))
    assert plan_price(plan_matrix(weights, word, "xc7"), "xc7") < 0.8 * plan_price(alone, "xc7")


def test_depth_is_bounded() -> None:
    weights = bytes_(np.random.default_rng(1), (24, 24))
    depths = [plan_matrix(weights, IntRange(-8, 7), "ice40", deepest).depth for deepest in (0, 1, 2)]
    assert depths[0] == 1
    assert depths[1] <= 2
    assert depths[2] <= 3


def test_a_row_of_zeros_is_no_logic() -> None:
    plan = plan_matrix(np.zeros((2, 3), np.int64), IntRange(-8, 7), "xc7")
    assert plan == MatrixPlan(3, IntRange(-8, 7), (), (Total((), IntRange(0, 0)),) * 2)
    assert plan_price(plan, "xc7") == 0


def test_the_same_matrix_has_the_same_plan() -> None:
    weights = bytes_(np.random.default_rng(1), (8, 8))
    word = IntRange(-8, 7)
    assert plan_matrix(weights, word, "xc7") == plan_matrix(weights.copy(), word, "xc7")
