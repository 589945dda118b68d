"""Paths of a stage by itself, and among others."""

from __future__ import annotations

import pytest

from mulfree.rtl.timing import speed


@pytest.mark.parametrize("target", ["ice40", "ecp5"])
def test_a_path_is_longer_in_a_larger_design(target: str) -> None:
    known = speed(target)
    assert known is not None
    lengths = [known.among(10.0, 100, 100 << doublings) for doublings in range(4)]
    assert lengths[0] == 10.0
    assert lengths == sorted(set(lengths))
    assert lengths[3] < 11.0


def test_unplaced_paths_do_not_grow() -> None:
    known = speed("xc7")
    assert known is not None
    assert known.among(10.0, 100, 100_000) == 10.0
