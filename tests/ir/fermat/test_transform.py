from __future__ import annotations

import numpy as np
import pytest

from mulfree.ir import AnyArray
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import COLUMNS_FIRST, ROWS_FIRST, FermatRing, FermatTransform

CASES = [(t, 2**n) for t in range(2, 7) for n in range(t + 3)]
transforms = pytest.mark.parametrize(("t", "length"), CASES)


def words(transform: FermatTransform, *shape: int) -> AnyArray:
    rng = np.random.default_rng(transform.length)
    drawn = rng.integers(0, 2**62, shape).astype(object) ** 2
    return transform.ring.residues(drawn % transform.ring.modulus)


def matrix(transform: FermatTransform) -> AnyArray:
    """Powers of alpha, a row for each frequency in the order of the spectrum (thesis eq. 2.4)."""
    ring = transform.ring
    alpha = int(ring.times_root(ring.residues(np.array([1])), transform.step)[0])
    rows = [[pow(alpha, int(k) * n, ring.modulus) for n in range(transform.length)] for k in transform.order]
    return np.array(rows, object)


@transforms
def test_butterflies_compute_the_sum_that_defines_the_transform(t: int, length: int) -> None:
    transform = FermatTransform(FermatRing(t), length)
    x = words(transform, 3, length, 1)[..., 0]
    expected = x.astype(object) @ matrix(transform).T % transform.ring.modulus
    spectrum = [x, *transform.forward_words(x)][-1]
    assert (spectrum == expected).all()


@transforms
def test_the_inverse_gives_length_times_the_sequence(t: int, length: int) -> None:
    transform = FermatTransform(FermatRing(t), length)
    x = words(transform, 3, length)
    spectrum = [x, *transform.forward_words(x)][-1]
    back = [spectrum, *transform.inverse_words(spectrum)][-1]
    assert (transform.ring.shift(back, -transform.levels) == x).all()


@pytest.mark.parametrize(("t", "length"), [(3, 32), (4, 16), (5, 8), (6, 4)])
def test_every_inverse_stage_undoes_its_forward_stage(t: int, length: int) -> None:
    transform = FermatTransform(FermatRing(t), length)
    x = words(transform, length, length)
    there = [x, *transform.forward_words(x, ROWS_FIRST)]
    back = [there[-1], *transform.inverse_words(there[-1], COLUMNS_FIRST)]
    assert len(there) == 1 + 2 * transform.levels
    for halvings, (before, after) in enumerate(zip(there[::-1], back, strict=True)):
        assert (transform.ring.shift(after, -halvings) == before).all()
    assert (transform.inverse(transform.forward(x)) == back[-1]).all()


@pytest.mark.parametrize(("t", "length"), [(3, 64), (4, 24), (4, 0)])
def test_a_length_without_a_root_is_refused(t: int, length: int) -> None:
    with pytest.raises(ValueError, match="power of two up to"):
        FermatTransform(FermatRing(t), length)


@pytest.mark.parametrize(("t", "length"), [(2, 16), (3, 32), (4, 64), (5, 16), (6, 8)])
def test_diminished_one_words_stand_for_the_residues_after_every_stage(t: int, length: int) -> None:
    """Butterflies of diminished-1 additions and rotations, word by word."""
    transform, codes = FermatTransform(FermatRing(t), length), DiminishedOne(1 << t)
    x = words(transform, length)
    word = codes.encode(x)
    for level, expected in enumerate(transform.forward_words(x)):
        half = transform.half(level)
        a, b = np.moveaxis(word.reshape(-1, 2, half), 1, 0)
        difference = codes.subtract(a, b)
        powers = transform.powers(half).tolist()
        turned = np.stack([codes.times_root(difference[:, q], power) for q, power in enumerate(powers)], axis=-1)
        word = np.stack([codes.add(a, b), turned], axis=1).reshape(length)
        assert (codes.residues(word) == expected).all()
