from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, BIT, TERNARY, IntRange, RealType, TensorType
from tests.ir.graphs import ranges

builtin_range = range


def members(range: IntRange) -> list[int]:
    return [v for v in builtin_range(range.lo, range.hi + 1) if (v - range.lo) % range.step == 0]


def every_small_range() -> list[IntRange]:
    """All strided intervals within [-4, 4]."""
    limits = builtin_range(-4, 5)
    pairs = [(lo, hi) for lo in limits for hi in limits if lo <= hi]
    return [
        IntRange(lo, hi, s) for lo, hi in pairs for s in builtin_range(1, max(2, hi - lo + 1)) if (hi - lo) % s == 0
    ]


SMALL = every_small_range()


def test_sum_difference_and_union_are_the_tightest_for_every_pair_of_small_ranges() -> None:
    for a, b in product(SMALL, SMALL):
        pairs = list(product(members(a), members(b)))
        assert a + b == IntRange.spanning(x + y for x, y in pairs)
        assert a - b == IntRange.spanning(x - y for x, y in pairs)
        assert a | b == IntRange.spanning(members(a) + members(b))


def test_product_is_the_tightest_for_every_pair_of_small_ranges() -> None:
    for a, b in product(SMALL, SMALL):
        assert a * b == IntRange.spanning(x * y for x, y in product(members(a), members(b))), (a, b)


def test_negation_and_absolute_value_are_the_tightest() -> None:
    for a in SMALL:
        assert -a == IntRange.spanning(-x for x in members(a))
        assert abs(a) == IntRange.spanning(abs(x) for x in members(a)), a


@pytest.mark.parametrize("count", [1, 2, 3])
def test_sum_of_several_values_is_the_tightest(count: int) -> None:
    for a in SMALL:
        assert a.scaled(count) == IntRange.spanning(sum(xs) for xs in product(members(a), repeat=count))


def test_clamped_range_holds_every_clamped_value_and_ends_at_two_of_them() -> None:
    for a, lo, hi in product(SMALL, builtin_range(-5, 6), builtin_range(-5, 6)):
        if lo <= hi:
            values = {min(max(x, lo), hi) for x in members(a)}
            result = a.clamped(lo, hi)
            assert all(v in result for v in values)
            assert {result.lo, result.hi} <= values


@given(ranges(bound=1000), st.integers(-50, 50))
def test_multiple_is_the_tightest(a: IntRange, factor: int) -> None:
    assert a.times(factor) == IntRange.spanning(factor * x for x in members(a))


@given(ranges(bound=1000))
def test_members_are_those_of_the_set(a: IntRange) -> None:
    found = [v for v in builtin_range(a.lo - 5, a.hi + 6) if v in a]
    assert found == members(a)
    assert a.count == len(found)


@given(ranges(bound=1000))
def test_width_is_the_fewest_bits(a: IntRange) -> None:
    words = {int(w) for w in a.encode(np.array(members(a)))}
    assert len(words) == a.count
    assert max(words) < 2**a.width
    if a.is_coded:
        assert 2**a.width < 2 * a.count or a.width == 0
    elif a.lo < 0:
        assert a.width == 1 or not (-(2 ** (a.width - 2)) <= a.lo and a.hi < 2 ** (a.width - 2))
    else:
        assert a.hi >= 2 ** (a.width - 1) or a.width == 0


@given(ranges(bound=1000))
def test_stored_words_decode_to_the_values(a: IntRange) -> None:
    values = np.array(members(a))
    np.testing.assert_array_equal(a.decode(a.encode(values)), values)


@pytest.mark.parametrize(
    ("range", "width"),
    [
        (BIT, 1),
        (BIPOLAR, 1),
        (TERNARY, 2),
        (IntRange(0, 0), 0),
        (IntRange(-1, 0), 1),
        (IntRange(0, 255), 8),
        (IntRange(-128, 127), 8),
        (IntRange(-128, 128), 9),
        (IntRange(-64, 64, 2), 7),
        (IntRange(0, 2**80), 81),
    ],
)
def test_known_widths(range: IntRange, width: int) -> None:
    assert range.width == width


def test_bipolar_is_coded_and_ternary_is_signed() -> None:
    assert (BIPOLAR.is_bipolar, BIPOLAR.is_coded, BIPOLAR.is_signed) == (True, True, False)
    assert (TERNARY.is_bipolar, TERNARY.is_coded, TERNARY.is_signed) == (False, False, True)


@pytest.mark.parametrize("arguments", [(1, 0), (0, 3, 2), (0, 4, 0), (0, 4, -2)])
def test_sets_that_do_not_exist_are_refused(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"range|step"):
        IntRange(*arguments)


def test_a_single_value_has_step_one_however_it_is_made() -> None:
    assert IntRange(3, 3, 7) == IntRange(3, 3)


@given(st.lists(st.integers(-100, 100), min_size=1))
def test_spanning_range_holds_the_values_and_no_narrower_step_does(values: list[int]) -> None:
    span = IntRange.spanning(values)
    assert all(v in span for v in values)
    assert {span.lo, span.hi} <= set(values)
    for step in builtin_range(span.step + 1, span.hi - span.lo + 1):
        assert any((v - span.lo) % step for v in values)


def test_two_to_the_63_leaves_64_bits() -> None:
    assert IntRange(0, 2**63 - 1).fits_int64
    assert not IntRange(0, 2**63).fits_int64


def test_types_print_their_shape_and_elements() -> None:
    assert str(TensorType((3, 8, 8), BIPOLAR)) == "3x8x8[-1, 1, 2]"
    assert str(RealType((1, 10))) == "1x10:float32"
    assert TensorType((3, 8, 8), BIPOLAR).size == 192
