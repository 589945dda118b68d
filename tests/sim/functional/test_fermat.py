"""Convolutions by transforms in software, in rings and lengths that are forced, and where they are chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.compiler.pipeline import passes_preferring
from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType, run_passes
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.sim.functional import FastNetwork
from mulfree.sim.functional.fermat_choice import direct_ns, fermat_form, ns
from mulfree.sim.functional.kernels.fermat import packed_spectra
from tests.sim.functional.layers import IntGraph, chain, check, kernels_of

BYTES, HALVES = IntRange(-128, 127), IntRange(-(2**15), 2**15 - 1)
FORMS = [((4,), 8), ((4,), 32), ((5,), 8), ((5,), 64), ((4, 5), 16)]


def same(kernel: int) -> Window:
    pad = kernel // 2
    return Window((kernel, kernel), pads=(pad, pad, pad, pad))


def forced(layer: MultiplyAccumulate, rings: tuple[int, ...], length: int) -> pytest.MonkeyPatch:
    """From now on every convolution runs in these rings."""
    conv = FermatConvolution(tuple(FermatRing(t) for t in rings), length, layer.window)
    patch = pytest.MonkeyPatch()
    patch.setattr("mulfree.sim.functional.kernels.contraction.fermat_form", _always(conv))
    return patch


def _always(conv: FermatConvolution) -> Callable[[object], FermatConvolution]:
    return lambda node: conv


def check_forced(graph: IntGraph, rings: tuple[int, ...], length: int, count: int) -> None:
    layer = graph.nodes[0].op
    assert isinstance(layer, MultiplyAccumulate)
    patch = forced(layer, rings, length)
    try:
        assert "_to_spectra" in kernels_of(check(graph, count))
    finally:
        patch.undo()


def weights(peak: int, *shape: int) -> AnyArray:
    return np.random.default_rng(sum(shape)).integers(-peak, peak + 1, shape)


def check_forms() -> None:
    """A layer in every form, with more samples than are multiplied together."""
    layer = MultiplyAccumulate(Tensor(weights(3, 9, 5, 3, 3)), same(3))
    for rings, length in FORMS:
        check_forced(chain(TensorType((5, 7, 9), IntRange(-9, 9)), layer), rings, length, 9)


@settings(max_examples=25, deadline=None)
@given(
    form=st.sampled_from(FORMS),
    x=st.sampled_from([IntRange(0, 1), IntRange(-8, 7), IntRange(0, 255), BYTES, IntRange(-900, 900)]),
    channels=st.integers(1, 40),
    outputs=st.integers(1, 20),
    size=st.tuples(st.integers(3, 15), st.integers(3, 15)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 2),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    count=st.integers(1, 9),
)
def test_transforms_give_the_definition(
    form: tuple[tuple[int, ...], int],
    x: IntRange,
    channels: int,
    outputs: int,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: int,
    pads: tuple[int, int, int, int],
    count: int,
) -> None:
    rings, length = form
    room = 2**15 if rings == (4,) else 2**31
    peak = min(127, room // (channels * kernel[0] * kernel[1] * max(abs(x.lo), x.hi)))
    layer = MultiplyAccumulate(
        Tensor(weights(peak, outputs, channels, *kernel)), Window(kernel, (stride, stride), pads=pads)
    )
    check_forced(chain(TensorType((channels, *size), x), layer), rings, length, count)


@pytest.mark.parametrize(("x", "rings"), [(BYTES, (5,)), (HALVES, (4, 5))])
@pytest.mark.parametrize("sign", [1, -1])
def test_sums_at_both_ends_are_exact(x: IntRange, rings: tuple[int, ...], sign: int) -> None:
    """More channels than doubles hold products of, all operands as large as they are."""
    w = np.full((3, 150, 5, 5), sign * x.lo if sign > 0 else x.hi)
    conv = chain(TensorType((150, 12, 12), x), MultiplyAccumulate(Tensor(w), same(5)))
    layer = conv.nodes[0].op
    assert isinstance(layer, MultiplyAccumulate)
    patch = forced(layer, rings, 16)
    try:
        network = FastNetwork(conv)
    finally:
        patch.undo()
    ends = np.stack([np.full((150, 12, 12), x.lo), np.full((150, 12, 12), x.hi)])
    np.testing.assert_array_equal(network.run([ends])[0], layer.evaluate(ends))


def test_the_one_number_that_int32_lacks_is_kept_aside() -> None:
    """A quarter at a point, times 2^-4 for the inverse: half of a kernel of 32 is 2^4 / 2^4 / 2 = -2^31."""
    conv = FermatConvolution((FermatRing(5),), 4, Window((1, 1)))
    packed, rest = packed_spectra(conv, conv.rings[0], np.array([[[[-8]]], [[[3]]]]))
    assert rest.tolist() == [[point, 0, 0] for point in range(16)]
    assert (packed[:, 0, 0, 0] == 2**31 - 1).all()
    check_forced(
        chain(TensorType((1, 5, 5), BYTES), MultiplyAccumulate(Tensor(np.array([[[[-8]]]])), Window())), (5,), 4, 3
    )


@pytest.mark.parametrize("arithmetic", ["and_popcount", "fermat"])
def test_what_an_arithmetic_leaves_out_is_left_out_here_too(arithmetic: str) -> None:
    """Of codes of -1 and 1 the planes make half the sum, less a constant; the ring makes the sum itself."""
    graph = chain(TensorType((5, 9, 9), BIPOLAR), MultiplyAccumulate(Tensor(weights(9, 4, 5, 3, 3)), Window((3, 3))))
    layer = graph.nodes[0].op
    assert isinstance(layer, MultiplyAccumulate)
    lowered = run_passes(graph, passes_preferring(arithmetic))
    patch = forced(layer, (5,), 8)
    try:
        assert "_to_spectra" in kernels_of(check(lowered))
    finally:
        patch.undo()


def test_large_kernels_of_halfwords_are_transformed_unasked() -> None:
    layer = MultiplyAccumulate(Tensor(weights(2**15 - 1, 32, 32, 7, 7)), same(7))
    graph = chain(TensorType((32, 26, 26), HALVES), layer)
    form = fermat_form(graph.nodes[0])
    assert form is not None
    assert [ring.t for ring in form.rings] == [4, 5]
    assert ns(form, graph.nodes[0]) < direct_ns(graph.nodes[0])
    assert "_to_spectra" in kernels_of(check(graph, 2))


@pytest.mark.parametrize(("bits", "kernel"), [(1, 3), (8, 1), (8, 3), (8, 5)])
def test_small_kernels_of_bytes_are_not(bits: int, kernel: int) -> None:
    x = IntRange.signed_of(bits)
    layer = MultiplyAccumulate(Tensor(weights(127, 32, 32, kernel, kernel)), same(kernel))
    assert fermat_form(chain(TensorType((32, 14, 14), x), layer).nodes[0]) is None


def test_a_batch_passes_through_in_groups_that_share_the_spectra_of_weights() -> None:
    layer = MultiplyAccumulate(Tensor(weights(2**15 - 1, 32, 32, 7, 7)), same(7))
    network = FastNetwork(chain(TensorType((32, 26, 26), HALVES), layer))
    assert network.tile == network.plan.least_tile == 8
