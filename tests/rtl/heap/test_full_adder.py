from __future__ import annotations

import pytest

from mulfree.rtl.heap import plan


@pytest.mark.parametrize("heights", [(3, 0), (1, 3, 0, 1), (0, 3)])
def test_three_bits_in_one_column_are_one_full_adder(heights: tuple[int, ...]) -> None:
    assert plan(heights, "xc7").area.luts == 1
