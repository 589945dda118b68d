from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import Stage, Stream
from mulfree.rtl.cost import stage_cost
from mulfree.rtl.stages import tabulated, threshold
from mulfree.rtl.stages.constants import raster_order

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]


def case(x: IntRange, levels: IntRange, shape: tuple[int, ...], rows: int, lanes: int) -> tuple[Stream, Threshold]:
    """Every third channel falls."""
    rng, type = np.random.default_rng(x.count), TensorType(shape, x)
    table = np.sort(rng.integers(x.lo - 1, x.hi + 2, (rows, levels.count - 1)), axis=1)
    falls = np.arange(rows) % 3 == 2
    base, step = np.where(falls, levels.hi, levels.lo), np.where(falls, -1, 1) * levels.step
    op = Threshold(Tensor(table), Tensor(base), Tensor(step), levels)
    return Stream("x", Value("x", type), raster_order(shape), lanes, type), op


@pytest.mark.parametrize(
    ("x", "levels", "shape", "rows", "lanes"),
    [
        (IntRange(-9, 9), IntRange(0, 3), (4, 2, 2), 4, 4),
        (IntRange(-9, 9, 2), BIPOLAR, (6,), 6, 6),
        (IntRange(0, 20), IntRange(-2, 5), (6,), 1, 2),
        (IntRange(-100, 27), IntRange(-8, 8, 4), (4,), 1, 1),
    ],
    ids=str,
)
def test_a_table_equals_the_definition(
    check_stage: Check, x: IntRange, levels: IntRange, shape: tuple[int, ...], rows: int, lanes: int
) -> None:
    stream, op = case(x, levels, shape, rows, lanes)
    stage = tabulated("levels", stream, Value("y", op.infer(stream.type)), op)
    assert stage is not None
    values = x.lo + x.step * np.random.default_rng(1).integers(0, x.count, (30, *shape))
    check_stage(stage, [values], [op.evaluate(values)])


def test_lanes_whose_channel_changes_have_no_table() -> None:
    stream, op = case(IntRange(-9, 9), IntRange(0, 3), (4,), 4, 2)
    assert tabulated("levels", stream, Value("y", op.infer(stream.type)), op) is None


def test_long_words_have_no_table() -> None:
    stream, op = case(IntRange(-300, 300), IntRange(0, 3), (4,), 1, 2)
    assert tabulated("levels", stream, Value("y", op.infer(stream.type)), op) is None


def test_short_words_are_cheaper_in_a_table() -> None:
    stream, op = case(IntRange(-9, 9), IntRange(0, 7), (8,), 1, 1)
    value = Value("y", op.infer(stream.type))
    table = tabulated("levels", stream, value, op)
    assert table is not None
    assert stage_cost(table, "xc7").luts < stage_cost(threshold("search", stream, value, op), "xc7").luts
