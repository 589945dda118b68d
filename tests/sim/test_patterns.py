from __future__ import annotations

import numpy as np
import pytest

from mulfree.sim.patterns import ALWAYS, bursty_pattern, random_pattern, waits


def test_a_seed_gives_the_same_pattern_again() -> None:
    assert np.array_equal(random_pattern(0.3, 7), random_pattern(0.3, 7))
    assert np.array_equal(bursty_pattern(5, 3, 7), bursty_pattern(5, 3, 7))


def test_a_random_pattern_is_ready_as_often_as_asked() -> None:
    assert abs(random_pattern(0.3, 1, 1 << 16).mean() - 0.3) < 0.01


def test_bursts_have_the_mean_lengths_asked_for() -> None:
    pattern = bursty_pattern(6, 3, 1, 1 << 16).astype(int)
    assert abs(pattern.mean() - 2 / 3) < 0.02
    assert abs(pattern.sum() / (np.diff(pattern) == 1).sum() - 6) < 0.3


def test_waits_count_to_the_next_one_across_the_end() -> None:
    assert waits(np.array([0, 1, 0, 0], np.uint8)).tolist() == [1, 0, 3, 2]
    assert waits(ALWAYS).tolist() == [0]


def test_a_silent_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="lets no token pass"):
        waits(np.zeros(4, np.uint8))
    assert random_pattern(0.0, 1).any()
