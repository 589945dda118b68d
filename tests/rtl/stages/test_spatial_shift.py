from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mulfree.compiler.families.shift import Shift
from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType, Value
from mulfree.rtl import Buffered, Stage, Stream
from mulfree.rtl.stages import spatial_shift
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.spatial_shift import ShiftPlan

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a run of a C++ compiler."""


def shifting(type: TensorType, lanes: int, offsets: AnyArray) -> tuple[Stage, Shift]:
    op, x = Shift(Tensor(offsets)), Value("x", type)
    stream = Stream("x", x, raster_order(type.shape), lanes, type)
    return spatial_shift("moved", stream, Value("y", op.infer(type)), op.offsets.array), op


@st.composite
def cases(draw: st.DrawFn) -> tuple[TensorType, int, AnyArray]:
    lanes, folds = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = (lanes * folds, draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    range = draw(st.sampled_from([BIPOLAR, IntRange(0, 5), IntRange(2, 6, 2)]))
    moves = st.lists(st.integers(-3, 3), min_size=2 * shape[0], max_size=2 * shape[0])
    return TensorType(shape, range), lanes, np.array(draw(moves)).reshape(-1, 2)


@settings(max_examples=8, deadline=None, phases=NO_SHRINKING)
@given(case=cases())
def test_a_shifted_map_leaves_in_order_and_on_time(check_stage: Check, case: tuple[TensorType, int, AnyArray]) -> None:
    type, lanes, offsets = case
    stage, op = shifting(type, lanes, offsets)
    values = type.range.lo + type.range.step * np.random.default_rng(0).integers(0, type.range.count, (3, *type.shape))
    check_stage(stage, [values], [op.evaluate(values)])


@given(case=cases())
def test_no_word_is_read_after_it_is_given_up(case: tuple[TensorType, int, AnyArray]) -> None:
    stage, _ = shifting(*case)
    (actor,), plan = stage.actors, ShiftPlan.of(stage.inputs[0], case[2])
    assert isinstance(actor, Buffered)
    held = np.concatenate([[0], actor.frees[:-1]])
    assert (actor.needs < held + actor.depth).all()
    steps = np.arange(plan.words)
    for fold, distances in enumerate(plan.distances):
        read = (steps[fold :: plan.folds, None] + distances).clip(0, None)
        assert (read >= held[fold :: plan.folds, None]).all()


def test_lanes_that_move_alike_share_a_memory() -> None:
    offsets = np.array([[0, 1], [1, 0], [0, 1], [1, 0]])
    stage, _ = shifting(TensorType((4, 3, 3), BIPOLAR), 4, offsets)
    assert stage.parameters["banks"] == 2


@pytest.mark.parametrize("style", ["distributed", "block"])
def test_the_memory_may_be_of_any_style(check_stage: Check, style: str) -> None:
    type, offsets = TensorType((2, 4, 5), IntRange(0, 7)), np.array([[1, -1], [-1, 1]])
    x, op = Stream("x", Value("x", type), raster_order(type.shape), 1, type), Shift(Tensor(offsets))
    stage = spatial_shift("moved", x, Value("y", op.infer(type)), offsets, style=style)
    values = np.random.default_rng(0).integers(0, 8, (3, *type.shape))
    check_stage(stage, [values], [op.evaluate(values)])
