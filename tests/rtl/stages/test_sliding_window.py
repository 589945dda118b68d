from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, AnyArray, IntArray, IntRange, TensorType, Value
from mulfree.ir.ops import Window
from mulfree.rtl import Stage, Stream
from mulfree.rtl.stages import sliding_window
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.sliding_window import Scan

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a run of a C++ compiler."""
Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]
pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))


def stream_of(type: TensorType, lanes: int) -> Stream:
    return Stream("x", Value("x", type), raster_order(type.shape), lanes, type)


def cut(values: AnyArray, window: Window, groups: int, fill: int) -> IntArray:
    """Windows in the order sent, from the graph's own definition: (frames, elements)."""
    taps = window.cut(values, fill)
    frames, channels, rows, columns, kernel_rows, kernel_columns = taps.shape
    grouped = taps.reshape(frames, groups, channels // groups, rows, columns, kernel_rows, kernel_columns)
    return grouped.transpose(0, 3, 4, 1, 5, 6, 2).reshape(frames, -1)


@st.composite
def windows(draw: st.DrawFn) -> tuple[TensorType, Window, int, int]:
    window = Window(draw(pairs), draw(pairs), draw(pairs), draw(st.tuples(*[st.integers(0, 2)] * 4)))
    groups, folds, lanes = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    height, width = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    top, left, bottom, right = window.pads
    assume(window.extent[0] <= height + top + bottom)
    assume(window.extent[1] <= width + left + right)
    range = draw(st.sampled_from([BIPOLAR, IntRange(0, 5), IntRange(2, 6, 2)]))
    return TensorType((groups * folds * lanes, height, width), range), window, groups, lanes


@given(case=windows())
def test_the_order_sent_is_that_of_the_windows(case: tuple[TensorType, Window, int, int]) -> None:
    type, window, groups, lanes = case
    stage = sliding_window("windows", stream_of(type, lanes), window, groups=groups)
    values = type.range.lo + type.range.step * np.random.default_rng(0).integers(0, type.range.count, (2, *type.shape))
    (sent,) = stage.outputs
    decoded = sent.type.range.decode(sent.elements(values)).reshape(2, -1)
    np.testing.assert_array_equal(decoded, cut(values, window, groups, 0))


@settings(max_examples=5, deadline=None, phases=NO_SHRINKING)
@given(case=windows())
def test_windows_leave_in_order_and_on_time(check_stage: Check, case: tuple[TensorType, Window, int, int]) -> None:
    type, window, groups, lanes = case
    stage = sliding_window("windows", stream_of(type, lanes), window, groups=groups)
    values = type.range.lo + type.range.step * np.random.default_rng(0).integers(0, type.range.count, (3, *type.shape))
    check_stage(stage, [values], [values])


@pytest.mark.parametrize("style", ["distributed", "block"])
def test_the_least_power_of_two_that_holds_a_window_is_enough(check_stage: Check, style: str) -> None:
    window = Window((3, 3), pads=(1, 1, 1, 1))
    type = TensorType((1, 6, 5), IntRange(0, 7))
    depth = 1 << (Scan(window, 6, 5, 1, 1).least_depth() - 1).bit_length()
    stage = sliding_window("windows", stream_of(type, 1), window, fill=7, depth=depth, style=style)
    values = np.random.default_rng(0).integers(0, 8, (3, 1, 6, 5))
    check_stage(stage, [values], [values])
