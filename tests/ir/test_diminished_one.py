"""Diminished-1 rules against plain arithmetic modulo 2^b + 1: every operand of few bits, corners and chance of many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.ir import AnyArray
from mulfree.ir.diminished_one import DiminishedOne

SMALL, LARGE = [DiminishedOne(bits) for bits in (2, 4, 8)], [DiminishedOne(bits) for bits in (16, 32, 64)]
Rule = Callable[[DiminishedOne, AnyArray, AnyArray], AnyArray]
RULES: dict[str, tuple[Rule, Callable[[int, int], int]]] = {
    "add": (DiminishedOne.add, lambda a, b: a + b),
    "subtract": (DiminishedOne.subtract, lambda a, b: a - b),
    "multiply": (DiminishedOne.multiply, lambda a, b: a * b),
}


def value(ring: DiminishedOne, code: int) -> int:
    """What a code means, from the definition of the number format alone."""
    return 0 if code == 2**ring.bits else code + 1


def corners(ring: DiminishedOne) -> list[int]:
    """Zero, one, minus one, the ends of every half."""
    b = ring.bits
    near = [0, 2 ** (b // 2), 2 ** (b - 1), 2**b]
    return sorted({code for end in near for code in (end - 2, end - 1, end, end + 1) if 0 <= code <= 2**b})


def check(ring: DiminishedOne, name: str, x: list[int], y: list[int]) -> None:
    rule, meant = RULES[name]
    found = rule(ring, ring.words(x), ring.words(y)).tolist()
    assert all(0 <= code <= 2**ring.bits for code in found)
    wanted = [meant(value(ring, a), value(ring, b)) % (2**ring.bits + 1) for a, b in zip(x, y, strict=True)]
    assert [value(ring, code) for code in found] == wanted


def check_shifts(ring: DiminishedOne, x: list[int], places: int) -> None:
    modulus = 2**ring.bits + 1
    left, right = (rule(ring.words(x), places).tolist() for rule in (ring.shift_left, ring.shift_right))
    values = [value(ring, code) for code in x]
    assert [value(ring, code) for code in left] == [v * pow(2, places, modulus) % modulus for v in values]
    assert [value(ring, code) for code in right] == [v * pow(2, -places, modulus) % modulus for v in values]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("ring", SMALL, ids=str)
def test_a_rule_is_arithmetic_modulo_the_fermat_number_for_every_pair(ring: DiminishedOne, name: str) -> None:
    codes = range(2**ring.bits + 1)
    check(ring, name, [a for a in codes for _ in codes], [b for _ in codes for b in codes])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("ring", LARGE, ids=str)
def test_a_rule_holds_at_the_corners(ring: DiminishedOne, name: str) -> None:
    codes = corners(ring)
    check(ring, name, [a for a in codes for _ in codes], [b for _ in codes for b in codes])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("ring", LARGE, ids=str)
@given(data=st.data())
def test_a_rule_holds_by_chance(ring: DiminishedOne, name: str, data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(*[st.integers(0, 2**ring.bits)] * 2), min_size=1, max_size=20))
    check(ring, name, [a for a, _ in pairs], [b for _, b in pairs])


@pytest.mark.parametrize("ring", [*SMALL, *LARGE], ids=str)
def test_shifts_multiply_and_divide_by_powers_of_two(ring: DiminishedOne) -> None:
    codes = list(range(2**ring.bits + 1)) if ring in SMALL else corners(ring)
    for places in range(-2 * ring.bits - 1, 4 * ring.bits + 2):
        check_shifts(ring, codes, places)


@pytest.mark.parametrize("ring", LARGE, ids=str)
@given(data=st.data())
def test_shifts_hold_by_chance(ring: DiminishedOne, data: st.DataObject) -> None:
    check_shifts(ring, data.draw(st.lists(st.integers(0, 2**ring.bits), min_size=1)), data.draw(st.integers(-999, 999)))


@pytest.mark.parametrize("ring", [*SMALL, *LARGE], ids=str)
def test_negation_is_the_value_less_than_zero(ring: DiminishedOne) -> None:
    codes = list(range(2**ring.bits + 1)) if ring in SMALL else corners(ring)
    negated = ring.negate(ring.words(codes)).tolist()
    assert [value(ring, code) for code in negated] == [-value(ring, code) % (2**ring.bits + 1) for code in codes]


@pytest.mark.parametrize("ring", [*SMALL[1:], *LARGE], ids=str)
def test_the_square_of_the_root_is_two(ring: DiminishedOne) -> None:
    codes = ring.words(corners(ring))
    for power in (-3, -1, 1, 2, 7):
        once = ring.times_root(codes, power)
        np.testing.assert_array_equal(ring.times_root(once, power), ring.shift_left(codes, power))
        np.testing.assert_array_equal(ring.times_root(once, 1 - power), ring.times_root(codes, 1))


@pytest.mark.parametrize("ring", [*SMALL, *LARGE], ids=str)
def test_codes_are_values_less_one(ring: DiminishedOne) -> None:
    codes = list(range(2**ring.bits + 1)) if ring in SMALL else corners(ring)
    values = [value(ring, code) for code in codes]
    assert ring.residues(ring.words(codes)).tolist() == values
    for turns in (-3, 0, 1):
        assert ring.encode(np.array([v + turns * ring.modulus for v in values], dtype=object)).tolist() == codes


@pytest.mark.parametrize("ring", [*SMALL, *LARGE], ids=str)
def test_integers_of_both_signs_return(ring: DiminishedOne) -> None:
    most = 2 ** (ring.bits - 1)
    values = [v for v in (-most, 1 - most, -2, -1, 0, 1, 2, most - 1, most) if abs(v) <= most]
    assert ring.decode(ring.encode(np.array(values, dtype=object))).tolist() == values


@pytest.mark.parametrize("bits", [1, 0, 3, 12])
def test_other_widths_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        DiminishedOne(bits)


def test_words_of_64_bits_are_python_integers() -> None:
    assert DiminishedOne(64).encode(0).dtype == object
    assert DiminishedOne(32).encode(np.arange(3)).dtype == np.int64
