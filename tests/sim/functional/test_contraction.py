from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.compiler.families.and_popcount import AndPopcount
from mulfree.compiler.families.xnor_popcount import XnorPopcount
from mulfree.ir import BIPOLAR, BIT, IntRange, TensorType
from mulfree.ir.ops import MultiplyAccumulate
from tests.sim.functional.layers import (
    EIGHT_BIT,
    TWO_VALUED,
    IntGraph,
    chain,
    check,
    inputs,
    kernels_of,
    layers,
    quantisers,
)

SIGNS = (-1, 1)
BYTES = tuple(range(-128, 128))
batches = st.sampled_from([1, 2, 9, 40])


def _then(draw: st.DrawFn, x: TensorType, layer: MultiplyAccumulate, levels: int, bipolar: bool) -> IntGraph:
    y = layer.infer(x)
    return chain(x, layer, draw(quantisers(y, levels, bipolar)))


@given(st.data(), batches)
@settings(deadline=None)
def test_two_valued_operands_meet_as_packed_bits(data: st.DataObject, count: int) -> None:
    x = data.draw(inputs(TWO_VALUED))
    size = data.draw(st.integers(1, 3))
    network = check(chain(x, data.draw(layers(x, (-size, size)))), count)
    assert "_bits_to_ints" in kernels_of(network)


@given(st.data(), batches, st.sampled_from([(-1, 0, 1), (-3, -1, 1, 3), (-6, 0, 6), (-2, -1, 0, 1), (-8, 8)]))
@settings(deadline=None)
def test_weights_of_few_signs_meet_as_packed_bits(data: st.DataObject, count: int, values: tuple[int, ...]) -> None:
    x = data.draw(inputs((BIPOLAR, IntRange(-3, 5, 8), IntRange(0, 1))))
    layer = data.draw(layers(x, values).filter(lambda op: op.weights.array.any()))
    assert x.range == BIT or "_bits_to_ints" in kernels_of(check(chain(x, layer), count))
    threshold = data.draw(quantisers(layer.infer(x), 1, True))
    assert "_bits_to_bits" in kernels_of(check(chain(x, layer, threshold), count)), "halves need no division there"


@given(st.data(), batches)
@settings(deadline=None)
def test_a_threshold_after_bits_is_fused_to_bits(data: st.DataObject, count: int) -> None:
    x = data.draw(inputs(TWO_VALUED))
    network = check(data.draw(st.composite(_then)(x, data.draw(layers(x, SIGNS)), 1, True)), count)
    assert "_bits_to_bits" in kernels_of(network)


@given(st.data(), batches)
@settings(deadline=None)
def test_thresholds_after_bits_are_fused_to_levels(data: st.DataObject, count: int) -> None:
    x = data.draw(inputs(TWO_VALUED))
    layer = data.draw(layers(x, SIGNS))
    network = check(data.draw(st.composite(_then)(x, layer, data.draw(st.integers(2, 15)), False)), count)
    assert ("_bits_to_levels" in kernels_of(network)) == (layer.weights.shape[0] > 8)


@given(st.data(), batches)
@settings(deadline=None)
def test_few_bits_meet_as_bytes(data: st.DataObject, count: int) -> None:
    x = data.draw(inputs(EIGHT_BIT))
    network = check(chain(x, data.draw(layers(x, BYTES))), count)
    assert "_bytes_to_ints" in kernels_of(network)


@given(st.data(), batches, st.sampled_from([(1, True), (3, False), (15, False), (40, False), (255, False)]))
@settings(deadline=None)
def test_thresholds_after_bytes(data: st.DataObject, count: int, quantiser: tuple[int, bool]) -> None:
    x = data.draw(inputs(EIGHT_BIT))
    layer = data.draw(layers(x, (-2, -1, 0, 1)))
    kernels = kernels_of(check(data.draw(st.composite(_then)(x, layer, *quantiser)), count))
    assert any(name.startswith("_bytes_to_") for name in kernels)
    assert "_search" in kernels or quantiser[0] <= 15


@given(st.data(), st.sampled_from([*EIGHT_BIT, *TWO_VALUED, IntRange(-1000, 1000)]))
@settings(deadline=None)
def test_depthwise_layers_keep_channels_as_lanes(data: st.DataObject, range: IntRange) -> None:
    x = data.draw(inputs((range,), channels=40).filter(lambda t: t.shape[0] > 1))
    layer = data.draw(layers(x, BYTES, groups=x.shape[0]).filter(lambda op: op.weights.shape[0] == op.groups))
    assert "_depthwise" in kernels_of(check(chain(x, layer)))


@given(st.data(), batches, st.sampled_from([(-128, 127, 2**15 - 1), (-(2**15), 2**15 - 1, 99), (-300, 4, 500)]))
@settings(deadline=None, max_examples=50)
def test_up_to_16_bits_meet_as_halfwords(data: st.DataObject, count: int, ends: tuple[int, int, int]) -> None:
    lo, hi, peak = ends
    x = data.draw(inputs((IntRange(lo, hi),)))
    layer = data.draw(layers(x, (-peak, -3, 0, peak)).filter(lambda op: bool((abs(op.weights.array) == peak).any())))
    threshold = data.draw(quantisers(layer.infer(x), 2))
    is_short = layer.infer(x).range.width < 32
    for graph in (chain(x, layer), chain(x, layer, threshold)):
        found = kernels_of(check(graph, count))
        assert any(k.startswith("_halves_to") for k in found) or not is_short, found


@given(st.data(), st.sampled_from([BIPOLAR, IntRange(-128, 127), IntRange(-(2**20), 2**20), IntRange(0, 2**40)]))
@settings(deadline=None, max_examples=50)
def test_any_other_layer_is_exact(data: st.DataObject, range: IntRange) -> None:
    groups = data.draw(st.sampled_from([1, 2, 3]))
    x = data.draw(inputs((range,), channels=9).filter(lambda t: t.shape[0] % groups == 0))
    check(chain(x, data.draw(layers(x, (-300, -1, 0, 5, 1000), groups))))


@given(st.data(), st.sampled_from([AndPopcount, XnorPopcount]))
@settings(deadline=None, max_examples=50)
def test_arithmetics_run_with_their_own_scale_and_offset(
    data: st.DataObject, arithmetic: type[AndPopcount] | type[XnorPopcount]
) -> None:
    x = data.draw(inputs((BIPOLAR, IntRange(0, 3), IntRange(-3, 3, 2)), channels=40))
    layer = data.draw(layers(x, SIGNS))
    if not arithmetic.accepts(layer, x):
        return
    instead = arithmetic.replacing(layer, x)
    threshold = data.draw(quantisers(instead.infer(x), 1, True))
    for graph in (chain(x, instead), chain(x, instead, threshold)):
        assert arithmetic.name not in kernels_of(check(graph))
