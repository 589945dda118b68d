"""Trees of rows: what is taken from what, and that it is smaller."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.ir import IntArray
from mulfree.rtl.constant_matrix.row_tree import centres, digit_counts, row_tree
from mulfree.rtl.price import signed_digits
from tests.rtl.constant_matrix.test_plans import Kind, bytes_, matrices, signs, ternary


@settings(deadline=None, max_examples=40)
@given(weights=matrices(), deepest=st.integers(1, 4))
def test_every_row_is_its_parent_and_a_difference(weights: IntArray, deepest: int) -> None:
    tree = row_tree(weights, len(weights) // 2, 4, deepest)
    made: dict[int, IntArray] = {}
    for row in tree.order():
        parent, sign = tree.links[row]
        made[row] = tree.difference(row) + (0 if parent is None else sign * made[parent])
        assert tree.depth(row) <= deepest
    for row, expected in enumerate(weights):
        np.testing.assert_array_equal(made[row], expected)


@pytest.mark.parametrize("kind", [signs, ternary])
def test_medians_make_differences_shorter(kind: Kind) -> None:
    weights = kind(np.random.default_rng(3), (24, 32))
    digits = [
        sum(int(digit_counts(tree.difference(row))) for row in range(len(tree.rows)))
        for tree in (row_tree(weights, 0, 8, deepest) for deepest in (1, 2, 3))
    ]
    assert digits[2] <= digits[1] < digits[0] < int(digit_counts(weights).sum())


def test_rows_that_differ_in_everything_have_no_centre() -> None:
    assert centres(signs(np.random.default_rng(0), (16, 32)), 8, 3)
    assert not centres(bytes_(np.random.default_rng(0), (16, 32)), 8, 3)
    assert not centres(np.eye(8, dtype=np.int64), 8, 3)


def test_digits_are_counted_as_they_are_taken() -> None:
    values = np.array([*range(-300, 300), 2**40 - 1, -(2**40) - 2**20])
    assert digit_counts(values[:, None]).tolist() == [len(signed_digits(abs(value))) for value in values.tolist()]
