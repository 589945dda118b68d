"""The parts of streamlining: recovered weights, one rounding, thresholds found by bisection, moved constants."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.compiler.model import InputFormat
from mulfree.compiler.streamline.exact import greatest_common_divisor
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.rounding import rounded
from mulfree.compiler.streamline.search import Codes, check_monotone, find_thresholds
from mulfree.compiler.streamline.weights import weights_of
from mulfree.ir import CompileError, IntRange

RNG = np.random.default_rng(3)


def _nearest(value: Fraction) -> np.float32:
    """The float32 closest to the fraction, by comparing exact distances; ties to the even mantissa."""
    guess = np.float32(float(value))
    around = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    return min(around, key=lambda v: (abs(Fraction(float(v)) - value), int(v.view(np.uint32)) & 1))


@given(st.integers(-(2**70), 2**70), st.integers(1, 2**60))
def test_a_fraction_is_rounded_once(n: int, d: int) -> None:
    got = rounded(np.array([n], dtype=object), np.array([d], dtype=object), "float32")
    assert got[0] == _nearest(Fraction(n, d))


@given(st.integers(-(2**51), 2**51), st.sampled_from([1, 3, 255, 2**26 - 1, 2**40]))
def test_a_fraction_of_machine_integers_is_rounded_once(n: int, d: int) -> None:
    assert rounded(np.array([n]), np.array([d]), "float32")[0] == _nearest(Fraction(n, d))


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 12])
@pytest.mark.parametrize("channels", [1, 16])
def test_quantised_weights_are_recovered_bit_for_bit(bits: int, channels: int) -> None:
    codes = RNG.choice([-1, 1], (16, 40)) if bits == 1 else RNG.integers(1 - 2 ** (bits - 1), 2 ** (bits - 1), (16, 40))
    scales = RNG.uniform(1e-3, 10, (channels, 1)).astype(np.float32)
    array = (codes.astype(np.float32) * scales).astype(np.float32)
    found = weights_of(array)
    assert found is not None
    again = [row * np.float64(float(found.scale(m))) for m, row in enumerate(found.codes)]
    np.testing.assert_array_equal(np.asarray(again).astype(np.float32), array)
    assert np.abs(found.codes).max() <= np.abs(codes).max()
    assert len(found.scales) == channels or bits == 1


def test_weights_of_a_float_network_are_on_no_grid() -> None:
    assert weights_of(RNG.normal(size=(8, 30)).astype(np.float32)) is None
    assert weights_of(np.array([[np.nan, 1]], dtype=np.float32)) is None


def test_integer_weights_stay_as_they_are_and_zeros_are_a_grid() -> None:
    found = weights_of(np.array([[2, 4]], dtype=np.int8))
    assert found is not None
    assert (found.codes.tolist(), found.scales) == ([[2, 4]], (Fraction(1),))
    zeros = weights_of(np.zeros((2, 3), dtype=np.float32))
    assert zeros is not None
    assert not zeros.codes.any()


def _table(rows: list[list[int]], lo: int, step: int) -> Codes:
    table = np.array(rows).T
    return lambda x: np.take_along_axis(table, (x - lo) // step, axis=0)


@given(st.data())
def test_thresholds_reproduce_any_monotone_table(data: st.DataObject) -> None:
    lo, step, count = data.draw(st.integers(-50, 50)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 12))
    rows = [sorted(data.draw(st.lists(st.integers(-4, 4), min_size=count, max_size=count))) for _ in range(3)]
    rows[1].reverse()
    x = IntRange(lo, lo + step * (count - 1), step if count > 1 else 1)
    codes = _table(rows, x.lo, x.step)
    found = find_thresholds(codes, x, 3, 1)
    for lane, row in enumerate(rows):
        counts = (np.arange(x.lo, x.hi + 1, x.step)[:, None] >= found.thresholds[lane]).sum(axis=1)
        assert (found.first[lane] + found.direction[lane] * counts).tolist() == row


def test_a_table_that_rises_and_falls_is_found_out() -> None:
    with pytest.raises(ValueError, match="rises and falls"):
        check_monotone(_table([[0, 1, 2], [0, 1, 0]], 0, 1), IntRange(0, 2), 2)


def test_thresholds_beyond_64_bits_are_found() -> None:
    x = IntRange(-(2**70), 2**70)
    found = find_thresholds(lambda v: (v >= 2**69 + 1).astype(np.int64), x, 1, 1)
    assert found.thresholds.tolist() == [[2**69 + 1]]


@given(st.lists(st.fractions(), min_size=1, max_size=4).filter(any))
def test_the_greatest_common_divisor_divides_all_and_nothing_greater_does(values: list[Fraction]) -> None:
    unit = greatest_common_divisor(*values)
    multiples = [v / unit for v in values]
    assert all(m.denominator == 1 for m in multiples)
    assert gcd(*(int(m) for m in multiples)) == 1


def test_constants_move_with_the_elements_and_stay_small() -> None:
    values = RNG.normal(size=(3, 1, 1))
    source = np.arange(24).reshape(3, 2, 4).transpose(1, 2, 0)
    moved = Parameter.of(values, 3).moved((3, 2, 4), source)
    assert moved.index.shape == (1, 1, 3)
    np.testing.assert_array_equal(moved.table[moved.index], values.transpose(1, 2, 0))
    flat = Parameter.of(values, 3).moved((3, 2, 4), np.arange(24))
    np.testing.assert_array_equal(flat.table[flat.index], np.repeat(values, 8))


def test_combined_constants_forget_axes_along_which_they_agree() -> None:
    column = Parameter.of(np.array([[1.0], [2.0]]), 2).exact()
    row = Parameter.of(np.array([[3.0, 3.0, 3.0]]), 2).exact()
    product = combine(lambda p, q: p * q, column, row)
    assert product.axes == (0,)
    assert sorted(product.used) == [3, 6]


@pytest.mark.parametrize(
    ("text", "format"), [("uint8", (0, 255, 1)), ("int4", (-8, 7, 1)), ("uint8/255", (0, 255, Fraction(1, 255)))]
)
def test_input_formats_are_read(text: str, format: tuple[int, int, Fraction]) -> None:
    assert InputFormat.parse(text) == InputFormat(*format)


@pytest.mark.parametrize("text", ["", "float32", "uint", "int8/x", "int8/0", "int0"])
def test_other_input_formats_are_refused(text: str) -> None:
    with pytest.raises(CompileError, match="no input format"):
        InputFormat.parse(text)
