"""Which rings a layer gets, and which layers get none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mulfree
from mulfree.compiler.alternatives import alternatives, cheapest_in
from mulfree.compiler.families.fermat import FermatTransformed
from mulfree.compiler.families.fermat.choice import CHOICES, bit_operations, peak
from mulfree.compiler.folding import LayerFolding, foldable_layers
from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.passes.choose_arithmetic import ChooseArithmetic
from mulfree.compiler.pipeline import passes_preferring
from mulfree.compiler.streamline import streamline
from mulfree.ir import CompileError, IntArray, IntRange, Tensor, TensorType, run_passes
from mulfree.ir.fermat import FermatConvolution, FermatRing, peak_of
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.sim.reference import run_graph
from tests.compiler.families.layers import draw, network

SAME = Window((5, 5), pads=(2, 2, 2, 2))
BYTES = IntRange(-128, 127)


def layer(weights: IntArray, window: Window = SAME) -> MultiplyAccumulate:
    return MultiplyAccumulate(Tensor(weights), window)


def constant(weight: int, channels: int, outputs: int = 1, kernel: int = 5) -> MultiplyAccumulate:
    pad = kernel // 2
    window = Window((kernel, kernel), pads=(pad, pad, pad, pad))
    return layer(np.full((outputs, channels, kernel, kernel), weight), window)


def rings_of(op: MultiplyAccumulate, x: TensorType) -> tuple[int, ...]:
    return FermatTransformed.replacing(op, x).rings


@pytest.mark.parametrize(
    ("bits", "weight", "channels", "rings"),
    [(1, 1, 3, (3,)), (4, 7, 3, (4,)), (8, 127, 3, (3, 4)), (8, 127, 64, (5,)), (16, 32767, 64, (4, 5))],
)
def test_the_cheapest_rings_are_those_that_just_hold_the_sums(
    bits: int, weight: int, channels: int, rings: tuple[int, ...]
) -> None:
    x = TensorType((channels, 12, 12), IntRange.signed_of(bits))
    assert rings_of(constant(weight, channels), x) == rings


def test_the_bound_is_proved_by_the_weights_themselves() -> None:
    """As wide as bytes, but mostly zeros: 128 * 255 = 32640 is within F_4's 32768, and one more weight is not."""
    x = TensorType((4, 12, 12), BYTES)
    weights = np.zeros((2, 4, 5, 5), np.int64)
    weights[0, 0, 0, :3], weights[1, 1, 2, 2] = (127, -127, 1), -128
    assert peak(layer(weights), x) == 128 * 127 + 127 * 127 + 128
    assert rings_of(layer(weights), x) == (4,)
    weights[1, 2] = 99
    assert rings_of(layer(weights), x) == (3, 4)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_at_the_bound_is_taken_and_one_beyond_is_not(sign: int) -> None:
    """Both signs reach 2^15 of F_4."""
    x = TensorType((1, 1, 3), IntRange(-1, 1))
    at = layer(np.array([sign * 32768, 0, 0]).reshape(1, 1, 1, 3), Window((1, 3)))
    beyond = layer(np.array([sign * 32768, 1, 0]).reshape(1, 1, 1, 3), Window((1, 3)))
    assert rings_of(at, x) == (4,)
    assert rings_of(beyond, x) == (3, 4)
    for op in (at, beyond):
        y = FermatTransformed.replacing(op, x).evaluate(draw(x))
        np.testing.assert_array_equal(y, op.evaluate(draw(x)))


def test_several_rings_are_cheaper_than_one_that_holds_as_much() -> None:
    window, ring = Window((5, 5), pads=(2, 2, 2, 2)), FermatRing
    pair, wide = (FermatConvolution(rings, 16, window) for rings in ((ring(4), ring(5)), (ring(6),)))
    assert bit_operations(pair, 64, 64, 14, 14) < bit_operations(wide, 64, 64, 14, 14) / 2


def test_rings_have_words_as_wide_as_the_operands() -> None:
    """F_3 and F_4 together hold sums up to 2461696, but F_3 has no words of 13 bits."""
    x = TensorType((1, 8, 8), IntRange(-4096, 4095))
    op = layer(np.array([[[[300, 0], [0, 300], [1, 0]]]]), Window((3, 2)))
    assert rings_of(op, x) == (5,)
    wide = TensorType((1, 8, 8), IntRange(0, 2**65))
    assert "more bits" in str(FermatTransformed.refusal(layer(np.zeros((1, 1, 2, 2), np.int64), Window((2, 2))), wide))


def test_the_sets_of_rings_go_from_the_smallest_sum() -> None:
    peaks = [peak_of(rings) for rings in CHOICES]
    assert peaks == sorted(peaks)


def test_sums_that_no_ring_holds_are_refused_with_the_numbers_if_fermat_is_asked_for() -> None:
    x, op = TensorType((1, 6, 6), IntRange(-(2**40), 2**40)), constant(2**30, 1)
    assert not FermatTransformed.accepts(op, x)
    mixed = layer(np.where(np.arange(25) == 7, 2**30 + 1, 2**30).reshape(1, 1, 5, 5))
    with pytest.raises(CompileError, match=rf"fermat cannot compute.*sums reach {peak(mixed, x)}.*up to {2**63} only"):
        run_passes(network(x, mixed), passes_preferring("fermat"))
    assert run_passes(network(x, mixed), passes_preferring("and_popcount")).nodes


def test_kernels_longer_than_any_transform_are_refused_with_the_numbers() -> None:
    x = TensorType((1, 1, 400), IntRange(-(2**30), 2**30))
    weights = np.where(np.arange(260) == 7, 2**20 + 1, 2**20)
    long = layer(weights.reshape(1, 1, 1, 260), Window((1, 260)))
    with pytest.raises(CompileError, match=r"its kernel spans 260 elements.*are 256 long at most"):
        run_passes(network(x, long), passes_preferring("fermat"))


def test_layers_that_share_nothing_between_positions_are_left_to_others() -> None:
    for x, window in ((TensorType((4,), BYTES), Window()), (TensorType((4, 3, 3), BYTES), Window())):
        op = layer(np.arange(4).reshape(1, 4, 1, 1), window)
        assert not FermatTransformed.accepts(op, x)
        nodes = run_passes(network(x, op), passes_preferring("fermat")).nodes
        assert "fermat" not in {node.op.name for node in nodes}


@pytest.mark.parametrize(("kernel", "taken"), [(5, False), (31, True)])
def test_unasked_it_is_taken_where_the_cost_model_finds_it_smaller(kernel: int, taken: bool) -> None:
    weights = np.random.default_rng(kernel).integers(-127, 128, (4, 4, kernel, kernel))
    pad = kernel // 2
    graph = network(TensorType((4, 16, 16), BYTES), layer(weights, Window((kernel, kernel), pads=(pad, pad, pad, pad))))
    folding = {name: LayerFolding() for name in foldable_layers(graph)}
    chosen = run_passes(graph, [ChooseArithmetic((), cheapest_in(folding, "xc7"))])
    assert (chosen.nodes[0].op.name == "fermat") == taken
    (rows,) = alternatives(graph, folding, "xc7").values()
    assert ("fermat" in [row.arithmetic.name for row in rows]) == taken


def test_a_trained_network_gives_the_same_numbers_with_its_convolutions_transformed() -> None:
    model = streamline(import_onnx(Path(mulfree.__file__).parent / "examples" / "digits.onnx"), {})
    lowered = run_passes(model.graph, passes_preferring("fermat"))
    assert sum(isinstance(node.op, FermatTransformed) for node in lowered.nodes) == 2
    x = {value.name: draw(value.type) for value in model.graph.inputs}
    for y, expected in zip(run_graph(lowered, x).values(), run_graph(model.graph, x).values(), strict=True):
        np.testing.assert_array_equal(y, expected)


def test_what_it_takes_is_counted() -> None:
    """One tile of 16 x 16 for 14 x 14 results: as many products as points, channels and outputs."""
    x = TensorType((3, 14, 14), IntRange(-8, 7))
    op = FermatTransformed.replacing(constant(7, 3, outputs=5), x)
    assert (op.rings, op.length) == ((4,), 16)
    counted = op.own_operations(x)
    assert counted["multiplications"] == 16 * 16 * 3 * 5
    assert counted["shifts"] == 16 * 16 * 4 * (3 + 5)
    assert (counted["to_diminished"], counted["from_diminished"]) == (14 * 14 * 3, 14 * 14 * 5)
