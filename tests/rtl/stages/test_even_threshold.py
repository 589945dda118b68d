from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mulfree.ir import AnyArray, IntArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import Stage, Stream
from mulfree.rtl.stages import even_threshold
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.even_steps import EvenSteps, even_steps

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a run of a C++ compiler."""
Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]
WORDS = [IntRange(-200, 200), IntRange(0, 1000), IntRange(-90, -3)]


def scaled(rng: np.random.Generator, channels: int, steps: int, x: IntRange) -> IntArray:
    """Thresholds of a scale and an offset for each channel, rounded up: (channels, steps)."""
    span = x.hi - x.lo
    slopes = [Fraction(int(n), 997) for n in rng.integers(1, 997 * max(2, 2 * span // steps), channels)]
    starts = [Fraction(int(n), 101) for n in rng.integers(101 * (x.lo - span // 4), 101 * x.hi, channels)]
    rows = [[-(-(b + k * a) // 1) for k in range(1, steps + 1)] for a, b in zip(slopes, starts, strict=True)]
    return np.array(rows, np.int64)


@settings(max_examples=60)
@given(x=st.sampled_from(WORDS), steps=st.integers(1, 40), seed=st.integers(0, 999))
def test_what_a_scale_made_is_found_and_reaches_the_same_steps(x: IntRange, steps: int, seed: int) -> None:
    table = np.minimum(scaled(np.random.default_rng(seed), 5, steps, x), x.hi + 1)
    assert_same(even_steps(table, x), table, x)


def assert_same(found: EvenSteps | None, table: IntArray, x: IntRange) -> None:
    assert found is not None
    assert found.slope.min() >= 0
    values, k = np.arange(x.lo, x.hi + 1), np.arange(1, table.shape[1] + 1)
    lines = found.offset[:, None] + found.slope[:, None] * k
    reached = (values[:, None, None] << found.places) >= lines
    np.testing.assert_array_equal(reached, values[:, None, None] >= table)


@pytest.mark.parametrize(
    ("row", "places"),
    [([0, 10, 20, 30], 0), ([0, 1, 1, 2, 2], 1), ([-200, -200, 0, 200], 0), ([201, 201, 201], 0), ([-200] * 3, 0)],
)
def test_the_fewest_places_are_taken(row: list[int], places: int) -> None:
    x, table = IntRange(-200, 200), np.array([row])
    found = even_steps(table, x)
    assert_same(found, table, x)
    assert found is not None
    assert found.places == places


@pytest.mark.parametrize("row", [[0, 10, 30], [0, 0, 0, 50], [-50, 0, 1, 2]])
def test_what_is_not_evenly_spaced_has_no_such_form(row: list[int]) -> None:
    assert even_steps(np.array([row, [0] * len(row)]), IntRange(-200, 200)) is None


@st.composite
def thresholds(draw: st.DrawFn) -> tuple[TensorType, Threshold, int]:
    x = draw(st.sampled_from([*WORDS, IntRange(-99, 99, 2)]))
    levels = draw(st.sampled_from([IntRange(0, 15), IntRange(-8, 7), IntRange(-3, 6), IntRange(-2, 18, 5)]))
    lanes, folds = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    channels, rng = lanes * folds, np.random.default_rng(draw(st.integers(0, 999)))
    table = scaled(rng, 1 if draw(st.booleans()) else channels, levels.count - 1, x)
    falls = rng.random(channels) < draw(st.sampled_from([0, 0.5, 1]))
    base, step = np.where(falls, levels.hi, levels.lo), np.where(falls, -levels.step, levels.step)
    shape = draw(st.sampled_from([(channels,), (channels, 2, 2)]))
    return TensorType(shape, x), Threshold(Tensor(table), Tensor(base), Tensor(step), levels), lanes


@settings(max_examples=6, deadline=None, phases=NO_SHRINKING)
@given(case=thresholds(), levels=st.integers(1, 4))
def test_division_equals_the_definition(
    check_stage: Check, case: tuple[TensorType, Threshold, int], levels: int
) -> None:
    type, op, lanes = case
    x = Value("x", type)
    stream = Stream("x", x, raster_order(type.shape), lanes, type)
    stage = even_threshold("levels", stream, Value("y", op.infer(type)), op, levels=levels)
    assert stage is not None
    values = type.range.lo + type.range.step * np.random.default_rng(1).integers(0, type.range.count, (9, *type.shape))
    check_stage(stage, [values], [op.evaluate(values)])


def test_channels_that_agree_need_no_memory() -> None:
    type, levels = TensorType((6,), IntRange(0, 100)), IntRange(0, 3)
    op = Threshold(Tensor(np.array([[10, 20, 30]])), Tensor(np.array([0])), Tensor(np.array([1])), levels)
    stage = even_threshold(
        "y", Stream("x", Value("x", type), raster_order((6,)), 2, type), Value("y", op.infer(type)), op
    )
    assert stage is not None
    assert not stage.memories
