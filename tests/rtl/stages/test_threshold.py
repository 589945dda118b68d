from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mulfree.ir import AnyArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import Stage, Stream
from mulfree.rtl.stages import threshold
from mulfree.rtl.stages.constants import raster_order

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Each example is a run of a C++ compiler."""
Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]


@st.composite
def thresholds(draw: st.DrawFn) -> tuple[TensorType, Threshold, int]:
    x = draw(st.sampled_from([IntRange(-20, 20), IntRange(0, 33), IntRange(-9, 9, 2), IntRange(-40, -3)]))
    levels = draw(
        st.sampled_from([IntRange(-1, 1, 2), IntRange(0, 3), IntRange(-3, 3), IntRange(-2, 8, 5), IntRange(0, 4)])
    )
    lanes, folds = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    channels = lanes * folds
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    count = draw(st.integers(1, levels.count - 1))
    table = np.sort(rng.integers(x.lo - 2, x.hi + 4, (channels, count)), axis=1)
    falls = rng.random(channels) < draw(st.sampled_from([0, 0.5, 1]))
    room = levels.count - 1 - count
    start = rng.integers(0, room + 1, channels)
    base = np.where(falls, levels.hi - levels.step * start, levels.lo + levels.step * start)
    step = np.where(falls, -levels.step, levels.step)
    shape = draw(st.sampled_from([(channels,), (channels, 2, 2)]))
    return TensorType(shape, x), Threshold(Tensor(table), Tensor(base), Tensor(step), levels), lanes


@settings(max_examples=4, deadline=None, phases=NO_SHRINKING)
@given(case=thresholds())
def test_thresholds_equal_their_definition(check_stage: Check, case: tuple[TensorType, Threshold, int]) -> None:
    type, op, lanes = case
    x = Value("x", type)
    stream = Stream("x", x, raster_order(type.shape), lanes, type)
    stage = threshold("levels", stream, Value("y", op.infer(type)), op)
    values = type.range.lo + type.range.step * np.random.default_rng(1).integers(0, type.range.count, (9, *type.shape))
    check_stage(stage, [values], [op.evaluate(values)])
