from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mulfree.ir import AnyArray, IntArray, IntRange, TensorType, Value
from mulfree.rtl import Buffered, Stage, Stream
from mulfree.rtl.stages import kept_together, reorder, replay
from mulfree.rtl.stages.reorder import loops_of

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]
RANGE = IntRange(-3, 4)


def transposing(shape: tuple[int, ...], permutation: tuple[int, ...], lanes: int) -> Stage:
    """The value as it is, sent as the transposed tensor lies in memory."""
    value = Value("x", TensorType(shape, RANGE))
    order = np.arange(value.type.size).reshape(shape).transpose(permutation).ravel()
    x = Stream("x", value, np.arange(value.type.size), kept_together(order, lanes), value.type)
    return reorder("turned", x, value, order, order)


@pytest.mark.parametrize(
    ("shape", "permutation", "lanes"),
    [
        ((5,), (0,), 1),
        ((3, 4), (1, 0), 1),
        ((2, 3, 4), (2, 0, 1), 1),
        ((3, 2, 4), (1, 0, 2), 2),
        ((2, 3, 2, 2), (1, 3, 0, 2), 1),
    ],
)
def test_a_transposed_frame_leaves_in_order_and_on_time(
    check_stage: Check, shape: tuple[int, ...], permutation: tuple[int, ...], lanes: int
) -> None:
    values = np.random.default_rng(1).integers(-3, 5, (3, *shape))
    stage = transposing(shape, permutation, lanes)
    assert stage.outputs[0].lanes == lanes
    check_stage(stage, [values], [values])


def test_a_slice_keeps_few_words(check_stage: Check) -> None:
    x = Value("x", TensorType((8, 6), RANGE))
    rows = np.arange(48).reshape(8, 6)
    places = rows[1::2, ::3].ravel()
    y = Value("y", TensorType((4, 2), RANGE))
    stage = reorder("slice", Stream("x", x, np.arange(48), 1, x.type), y, np.arange(8), places)
    values = np.random.default_rng(2).integers(-3, 5, (3, 8, 6))
    check_stage(stage, [values], [values[:, 1::2, ::3]])
    (actor,) = stage.actors
    assert isinstance(actor, Buffered)
    assert actor.depth <= 32


@pytest.mark.parametrize("places", [[0, 1, 2], [0, 0, 1, 1, 2, 2], [2, 1, 0], [0, 1, 2, 0, 1, 2]], ids=str)
@pytest.mark.parametrize("times", [1, 4])
def test_a_frame_is_replayed_before_the_next_one_is(check_stage: Check, places: list[int], times: int) -> None:
    value = Value("x", TensorType((6,), RANGE))
    stage = replay("again", Stream("x", value, np.arange(6), 2, value.type), np.array(places), times)
    values = np.random.default_rng(1).integers(-3, 5, (3, 6))
    assert stage.outputs[0].tokens == len(places) * times
    check_stage(stage, [values], [values])


def test_words_that_no_four_loops_count_are_refused() -> None:
    value = Value("x", TensorType((6,), RANGE))
    with pytest.raises(ValueError, match="no regular order"):
        replay("again", Stream("x", value, np.arange(6), 1, value.type), np.array([0, 3, 1, 5, 2, 4]), 2)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-20, 20)), max_size=6))
def test_loops_give_the_sequence_that_they_were_found_in(nest: list[tuple[int, int]]) -> None:
    sequence = walked([count for count, _ in nest], [stride for _, stride in nest])
    counts, strides = loops_of(sequence)
    np.testing.assert_array_equal(walked(counts, strides), sequence)


def test_a_random_order_is_refused() -> None:
    with pytest.raises(ValueError, match="no regular order"):
        loops_of(np.random.default_rng(0).permutation(50))


def walked(counts: Sequence[int], strides: Sequence[int]) -> IntArray:
    """Every value of the loops, innermost first, from 0."""
    values = np.zeros(1, dtype=np.int64)
    for count, stride in zip(reversed(counts), reversed(strides), strict=True):
        values = (values[:, None] + np.arange(count) * stride).ravel()
    return values
