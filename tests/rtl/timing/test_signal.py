"""Arrivals of bits through tables and chains."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.rtl.timing.chain import added, compared
from mulfree.rtl.timing.delays import CELLS, Delays
from mulfree.rtl.timing.signal import NEVER, leaf, table, wide

FOUR = CELLS["ice40"]
"""Tables of four inputs, a cell a step."""


@pytest.mark.parametrize(("inputs", "levels"), [(1, 1), (4, 1), (5, 2), (16, 2), (17, 3), (64, 3)])
def test_a_function_that_splits_takes_a_level_for_each_power_of_the_inputs(inputs: int, levels: int) -> None:
    assert wide(FOUR, leaf(0.0, (inputs,))).latest == levels


def test_a_table_swallows_the_logic_before_it_as_long_as_its_inputs_last() -> None:
    bits = [leaf(0.0) for _ in range(5)]
    both = table(FOUR, bits[0], bits[1])
    assert table(FOUR, both, bits[2], bits[3]).latest == 1
    assert table(FOUR, both, bits[2], bits[3], bits[4]).latest == 2


def test_a_table_swallows_what_comes_last_first() -> None:
    early, late = table(FOUR, leaf(0.0), leaf(0.0)), table(FOUR, leaf(5.0), leaf(5.0), leaf(5.0))
    assert table(FOUR, early, late).latest == 6


def test_constants_arrive_before_everything_and_take_no_input() -> None:
    constant = leaf(NEVER)
    assert table(FOUR, constant, constant).latest <= NEVER
    assert table(FOUR, *[leaf(0.0)] * 4, constant).latest == 1


@given(st.lists(st.integers(0, 9), min_size=5, max_size=12))
def test_a_sum_ripples_from_each_bit_up(arrivals: list[int]) -> None:
    """By the definition: bit i waits for every bit below it, and for each place between."""
    width = len(arrivals)
    times = [float(t) for t in arrivals]
    total = added(FOUR, width, leaf(np.array(times)), leaf(NEVER, (width,)))
    for i in range(width):
        carried = [times[j] + FOUR.chain + (i - 1 - j) * FOUR.carry + FOUR.leave for j in range(i)]
        assert total.at[i] == max([times[i] + FOUR.lut, *carried])


@given(st.integers(2, 40), st.integers(0, 5))
def test_later_inputs_never_make_a_comparison_earlier(width: int, later: int) -> None:
    a, b = leaf(0.0, (width,)), leaf(0.0, (width,))
    assert compared(FOUR, a.after(float(later)), b).latest >= compared(FOUR, a, b).latest


def test_adders_that_look_ahead_grow_with_the_doublings_of_their_width() -> None:
    gates = CELLS["asic"]
    at = [added(gates, width, *[leaf(0.0, (width,))] * 2).latest for width in (8, 16, 32)]
    assert at[1] - at[0] == at[2] - at[1] == gates.doubling


def test_delays_are_hashable_and_the_fitted_ones_are_numbers() -> None:
    changed = replace(FOUR, lut=0.5)
    assert all(isinstance(getattr(FOUR, name), float) for name in Delays.fitted())
    assert {FOUR, changed, replace(changed)} == {FOUR, changed}
