"""Products digit by digit: the digits are the number, and a step is four times as much and a digit more."""

from __future__ import annotations

import numpy as np
import pytest

from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl.stages.fermat.spectrum_product import digits_of, step_circuit

RINGS = [DiminishedOne(bits) for bits in (4, 8, 16, 32, 64)]


def some_residues(ring: DiminishedOne) -> list[int]:
    """All of few bits; else those about every power of two and every third of one."""
    if ring.bits <= 8:
        return list(range(ring.modulus))
    ends = {(1 << place) // part for place in range(ring.bits + 2) for part in (1, 3)}
    near = {end + offset for end in ends for offset in (-1, 0, 1)}
    return sorted(r for r in near if 0 <= r < ring.modulus)


@pytest.mark.parametrize("ring", RINGS, ids=str)
def test_digits_are_the_number(ring: DiminishedOne) -> None:
    residues = some_residues(ring)
    digits = digits_of(ring, ring.words(residues))
    assert set(np.unique(digits)) <= {-1, 0, 1, 2}
    columns = digits.T.tolist()
    numbers = [sum(d * 4**i for i, d in enumerate(reversed(column))) for column in columns]
    assert [number % ring.modulus for number in numbers] == [r % ring.modulus for r in residues]


@pytest.mark.parametrize("ring", RINGS, ids=str)
def test_one_residue_takes_a_digit_more(ring: DiminishedOne) -> None:
    (longest,) = [r for r in some_residues(ring) if len(digits_of(ring, ring.words([r]))) > ring.bits // 2]
    assert longest == (2 ** (ring.bits + 1) + 1) // 3
    assert len(digits_of(ring, ring.words([0, longest]))) == ring.bits // 2 + 1


@pytest.mark.parametrize("is_one_fold", [True, False])
@pytest.mark.parametrize("simd", [1, 2, 3, 4, 7])
def test_a_step_raises_the_sum_and_adds_a_digit_of_every_lane(simd: int, is_one_fold: bool) -> None:
    ring, rng = DiminishedOne(8), np.random.default_rng(simd)
    state, is_new = rng.integers(0, ring.modulus, (500, 1)), rng.integers(0, 2, (500, 1))
    x, digits = rng.integers(0, ring.modulus, (500, simd)), rng.integers(-1, 3, (500, simd))
    given = {"state": ring.encode(state), "x": ring.encode(x), "w": digits % 4, "is_new": is_new}
    found = step_circuit(ring, simd, is_one_fold=is_one_fold).evaluate(**given)["next"]
    raised = np.where(is_one_fold | (is_new == 1), 4 * state, state)
    wanted = (raised + (x * digits).sum(axis=1, keepdims=True)) % ring.modulus
    np.testing.assert_array_equal(ring.residues(found), wanted)
