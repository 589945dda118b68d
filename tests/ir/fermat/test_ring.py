from __future__ import annotations

import numpy as np
import pytest

from mulfree.ir import IntArray
from mulfree.ir.fermat import FermatRing

RINGS = [FermatRing(t) for t in range(1, 7)]
rings = pytest.mark.parametrize("ring", RINGS, ids=[f"F{ring.t}" for ring in RINGS])


def elements(ring: FermatRing) -> IntArray:
    """All of a small ring; corners and random residues of a large one."""
    if ring.bits <= 8:
        return ring.residues(np.arange(ring.modulus))
    corners = [0, 1, 2, ring.modulus // 2, ring.modulus // 2 + 1, ring.modulus - 2, ring.modulus - 1]
    rng = np.random.default_rng(ring.t)
    return ring.residues(np.array(corners + [int.from_bytes(rng.bytes(9)) for _ in range(60)], object))


def pairs(ring: FermatRing) -> tuple[IntArray, IntArray]:
    x = elements(ring)
    return np.repeat(x, len(x)), np.tile(x, len(x))


@rings
def test_sums_differences_and_products_are_those_of_integers(ring: FermatRing) -> None:
    x, y = pairs(ring)
    a, b = x.astype(object), y.astype(object)
    for result, expected in (
        (ring.add(x, y), a + b),
        (ring.subtract(x, y), a - b),
        (ring.multiply(x, y), a * b),
    ):
        assert (result == expected % ring.modulus).all()
        assert ((result >= 0) & (result < ring.modulus)).all()


@rings
def test_a_shift_is_a_product_with_a_power_of_two(ring: FermatRing) -> None:
    x = elements(ring)
    for places in range(-2 * ring.bits - 1, 2 * ring.bits + 2):
        factor = pow(2, places % (2 * ring.bits), ring.modulus)
        assert (ring.shift(x, places) == x.astype(object) * factor % ring.modulus).all()


@rings
def test_every_element_may_be_shifted_by_a_number_of_places_of_its_own(ring: FermatRing) -> None:
    x = elements(ring)
    places = np.arange(len(x)) - 5
    expected = [int(ring.shift(x[i : i + 1], int(k))[0]) for i, k in enumerate(places)]
    assert ring.shift(x, places).tolist() == expected


@pytest.mark.parametrize("ring", RINGS[1:], ids=[f"F{ring.t}" for ring in RINGS[1:]])
def test_the_square_root_of_two_has_order_4b(ring: FermatRing) -> None:
    one = ring.residues(np.array([1]))
    root = ring.times_root(one, 1)
    assert ring.multiply(root, root)[0] == 2
    assert ring.times_root(one, ring.roots)[0] == 1
    assert ring.times_root(one, ring.roots // 2)[0] == ring.modulus - 1
    powers = [int(ring.times_root(one, power)[0]) for power in range(ring.roots)]
    assert powers == [pow(int(root[0]), power, ring.modulus) for power in range(ring.roots)]


@rings
def test_centred_residues_reach_as_far_on_both_sides(ring: FermatRing) -> None:
    ends = np.array([-(1 << ring.bits - 1), (1 << ring.bits - 1)], object)
    assert ring.centred(ring.residues(ends)).tolist() == ends.tolist()


@rings
def test_matrices_multiply_as_integers_do(ring: FermatRing) -> None:
    x = elements(ring)[-50:]
    a, b = np.resize(x, (2, 3, 7)), np.resize(x[::-1], (2, 7, 5))
    assert (ring.matmul(a, b) == (a.astype(object) @ b.astype(object)) % ring.modulus).all()


@pytest.mark.parametrize(("small", "large"), [(3, 4), (3, 5), (4, 5), (3, 6), (5, 6)])
def test_dividing_by_a_smaller_fermat_number_takes_shifts_alone(small: int, large: int) -> None:
    ring, other = FermatRing(large), FermatRing(small)
    x = elements(ring)
    times = ring.multiply(x, ring.residues(np.full(len(x), other.modulus)))
    assert (ring.divide(times, other) == x).all()
