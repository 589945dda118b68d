from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, BIT, AnyArray, IntArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.rtl import Stage, Stream
from mulfree.rtl.cost import TARGETS, stage_cost
from mulfree.rtl.stages import constant_matrix
from mulfree.rtl.stages.constants import raster_order

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]
few = settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
RANGES = [BIT, BIPOLAR, IntRange(-128, 127), IntRange(0, 15), IntRange(-3, 9, 4), IntRange(5, 6)]


def made(
    weights: IntArray, x: IntRange, registers: int, positions: tuple[int, ...] = (), target: str = "generic"
) -> tuple[Stage, Tensor]:
    kernel = Tensor(weights[:, :, None, None])
    value = Value("x", TensorType((weights.shape[1], *positions), x))
    result = Value("y", MultiplyAccumulate(kernel).infer(value.type))
    stream = Stream("x", value, raster_order(value.type.shape), weights.shape[1], value.type)
    return constant_matrix("layer", stream, result, weights=weights, registers=registers, target=target), kernel


@few
@given(
    x=st.sampled_from(RANGES),
    shape=st.tuples(st.integers(1, 8), st.integers(1, 12)),
    registers=st.integers(1, 4),
    largest=st.sampled_from([0, 1, 7, 100]),
    positions=st.sampled_from([(), (2, 3)]),
)
def test_a_stage_equals_the_dot_product_under_verilator(
    check_stage: Check, x: IntRange, shape: tuple[int, int], registers: int, largest: int, positions: tuple[int, ...]
) -> None:
    weights = np.random.default_rng(sum(shape)).integers(-largest, largest + 1, shape)
    stage, kernel = made(weights, x, registers, positions)
    values = x.lo + x.step * np.random.default_rng(0).integers(0, x.count, (3, *stage.inputs[0].value.type.shape))
    check_stage(stage, [values], [MultiplyAccumulate(kernel).evaluate(values)])


def test_shared_bits_and_words_stand_behind_registers(check_stage: Check) -> None:
    """Signs on bits take full adders, larger inputs sums that several outputs read."""
    signs = np.random.default_rng(1).choice([-1, 1], (16, 13))
    for x in (BIT, IntRange(-8, 7)):
        stage, kernel = made(signs, x, 3)
        values = np.random.default_rng(0).integers(x.lo, x.hi + 1, (9, 13))
        check_stage(stage, [values], [MultiplyAccumulate(kernel).evaluate(values)])


@pytest.mark.parametrize("target", TARGETS)
def test_sharing_is_seen_in_the_estimate(target: str) -> None:
    signs = np.random.default_rng(1).choice([-1, 1], (32, 32))
    alone, _ = made(signs[:1], IntRange(-8, 7), 1, target=target)
    together, _ = made(signs, IntRange(-8, 7), 1, target=target)
    one, all_rows = stage_cost(alone, target), stage_cost(together, target)
    assert all_rows.luts + all_rows.gates < 24 * (one.luts + one.gates)
