from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.rtl import Circuit, Stage, Stream, Wire, cells
from mulfree.rtl.stages import matrix_vector
from mulfree.rtl.stages.constants import raster_order

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]
few = settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))


def xnor_popcount(circuit: Circuit, x: Wire, w: Wire) -> Wire:
    """A bipolar dot product; its stored index is the popcount."""
    count = circuit.drive(cells.POPCOUNT, circuit.drive(cells.XNOR, x, w))
    return circuit.drive(cells.from_index(IntRange(-x.lanes, x.lanes, 2)), count)


def signed_sum(circuit: Circuit, x: Wire, w: Wire) -> Wire:
    """A dot product with weights of plus and minus one: choose x or -x, then add."""
    number = circuit.plain(x)
    return circuit.drive(cells.SUM, circuit.drive(cells.MUX, w, number, circuit.drive(cells.NEGATE, number)))


@st.composite
def layers(
    draw: st.DrawFn, x_range: IntRange
) -> tuple[MultiplyAccumulate, Value[TensorType], Value[TensorType], int, int]:
    groups, out_folds, pe = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    in_folds, simd = draw(st.integers(1, 4)), draw(st.integers(1, 9))
    seed = draw(st.integers(0, 999))
    shape = (groups * out_folds * pe, in_folds * simd, 1, 1)
    op = MultiplyAccumulate(Tensor(np.random.default_rng(seed).choice([-1, 1], shape)), groups=groups)
    positions = draw(st.sampled_from([(), (2, 3)]))
    x = TensorType((groups * in_folds * simd, *positions), x_range)
    return op, Value("x", x), Value("y", op.infer(x)), pe, simd


def sample(range: IntRange, frames: int, shape: tuple[int, ...]) -> AnyArray:
    return range.lo + range.step * np.random.default_rng(0).integers(0, range.count, (frames, *shape))


def check(
    check_stage: Check,
    layer: tuple[MultiplyAccumulate, Value[TensorType], Value[TensorType], int, int],
    lane: Callable[[Circuit, Wire, Wire], Wire],
) -> None:
    op, x, y, pe, simd = layer
    stream = Stream("x", x, raster_order(x.type.shape), simd, x.type)
    weights = op.weights.array.reshape(op.weights.shape[0], -1)
    stage = matrix_vector("layer", stream, y, weights=weights, pe=pe, lane=lane, groups=op.groups, weight_range=BIPOLAR)
    values = sample(x.type.range, 3, x.type.shape)
    check_stage(stage, [values], [op.evaluate(values)])


@few
@given(layer=layers(BIPOLAR))
def test_binary_layers_equal_the_dot_product(check_stage: Check, layer: tuple) -> None:  # type: ignore[type-arg]
    check(check_stage, layer, xnor_popcount)


@few
@given(layer=layers(IntRange(-8, 7)))
def test_signed_activations_equal_the_dot_product(check_stage: Check, layer: tuple) -> None:  # type: ignore[type-arg]
    check(check_stage, layer, signed_sum)


@few
@given(layer=layers(IntRange(3, 12, 3)))
def test_activations_with_a_step_equal_the_dot_product(check_stage: Check, layer: tuple) -> None:  # type: ignore[type-arg]
    check(check_stage, layer, signed_sum)
