"""Products digit by digit: the digits are the number, and a step is four times as much and a digit more."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.stages.fermat.spectrum_product import digits_of, step_circuit

RINGS = [DiminishedOne(bits) for bits in (4, 8, 16, 32, 64)]


def some_residues(ring: DiminishedOne) -> list[int]:
    """All of few bits; else those about every power of two."""
    if ring.bits <= 8:
        return list(range(ring.modulus))
    near = {(1 << place) + offset for place in range(ring.bits + 1) for offset in (-1, 0, 1)}
    return sorted(near | {ring.modulus - 1 - r for r in near})[1:-1]


@pytest.mark.parametrize("ring", RINGS, ids=str)
def test_digits_are_the_number(ring: DiminishedOne) -> None:
    residues = some_residues(ring)
    digits = digits_of(ring, ring.words(residues))
    assert digits.shape == (ring.bits // 2, len(residues))
    assert digits.min() >= cells.DIGITS.lo
    assert digits.max() <= cells.DIGITS.hi
    columns = digits.T.tolist()
    numbers = [sum(d * 4**i for i, d in enumerate(reversed(column))) for column in columns]
    assert [number % ring.modulus for number in numbers] == [r % ring.modulus for r in residues]


@pytest.mark.parametrize("is_one_fold", [True, False])
@pytest.mark.parametrize("simd", [1, 2, 3, 4, 7])
def test_a_step_raises_the_sum_and_adds_a_digit_of_every_lane(simd: int, is_one_fold: bool) -> None:
    ring, rng = DiminishedOne(8), np.random.default_rng(simd)
    state, is_new = rng.integers(0, ring.modulus, (500, 1)), rng.integers(0, 2, (500, 1))
    x, digits = rng.integers(0, ring.modulus, (500, simd)), rng.integers(-2, 3, (500, simd))
    given = {"state": ring.encode(state), "x": ring.encode(x), "w": digits, "is_new": is_new}
    found = step_circuit(ring, simd, is_one_fold=is_one_fold).evaluate(**given)["next"]
    raised = np.where(is_one_fold | (is_new == 1), 4 * state, state)
    wanted = (raised + (x * digits).sum(axis=1, keepdims=True)) % ring.modulus
    np.testing.assert_array_equal(ring.residues(found), wanted)
