"""Convolutions by transforms against the dot product's own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.ir import IntArray, Tensor
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.ops import MultiplyAccumulate, Window


def rings(*ts: int) -> tuple[FermatRing, ...]:
    return tuple(FermatRing(t) for t in ts)


def same(kernel: int) -> Window:
    """As many results as the map has elements."""
    pad = kernel // 2
    return Window((kernel, kernel), pads=(pad, pad, pad, pad))


def direct(x: IntArray, w: IntArray, window: Window, groups: int = 1) -> IntArray:
    return MultiplyAccumulate(Tensor(w), window, groups).evaluate(x)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[FermatConvolution, IntArray, IntArray]:
    """Any kernel, stride, dilation, pads and groups that fit a map; values as large as the rings tell apart."""
    chosen = draw(st.sampled_from([(3,), (4,), (5,), (6,), (3, 4), (3, 5), (4, 5), (3, 4, 5), (5, 6)]))
    length = draw(st.sampled_from([4, 8, 16]))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(*(st.integers(1, 1 if k == 1 else (length - 1) // (k - 1)) for k in kernel)))
    pad = st.integers(0, 3)
    pads = draw(st.tuples(pad, pad, pad, pad))
    window = Window(kernel, draw(st.tuples(st.integers(1, 2), st.integers(1, 2))), dilation, pads)
    groups, per_group, outputs = draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    height, width = (draw(st.integers(e, e + 20)) for e in window.extent)
    conv = FermatConvolution(rings(*chosen), length, window, groups)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    most = max(1, int((conv.peak // (per_group * window.taps)) ** 0.5)) if conv.peak < 2**62 else 2**20
    x = rng.integers(-most, most + 1, (2, groups * per_group, height, width))
    w = rng.integers(-most, most + 1, (groups * outputs, per_group, *kernel))
    return conv, x, w


@settings(max_examples=60, deadline=None)
@given(convolutions())
def test_the_transform_gives_the_dot_product(case: tuple[FermatConvolution, IntArray, IntArray]) -> None:
    conv, x, w = case
    assert (conv.evaluate(x, w) == direct(x, w, conv.window, conv.groups)).all()


@pytest.mark.parametrize(
    ("size", "kernel", "length"), [(26, 7, 29), (12, 5, 14), (14, 3, 15), (28, 5, 30), (22, 11, 27)]
)
def test_a_map_with_same_pads_is_one_tile_if_half_a_kernel_longer_fits(size: int, kernel: int, length: int) -> None:
    conv = FermatConvolution(rings(5), 32, same(kernel))
    rows, _ = conv.tiles(size, size)
    assert size + kernel // 2 == length <= 32
    assert (rows.count, rows.outputs) == (1, size)
    rng = np.random.default_rng(size)
    x, w = rng.integers(-128, 128, (1, 2, size, size)), rng.integers(-128, 128, (3, 2, kernel, kernel))
    assert (conv.evaluate(x, w) == direct(x, w, conv.window)).all()


def test_a_map_that_just_fits_wraps_zeros_around() -> None:
    window = Window((5, 5), pads=(2, 2, 2, 2))
    rng = np.random.default_rng(0)
    x, w = rng.integers(-8, 8, (2, 3, 14, 14)), rng.integers(-8, 8, (2, 3, 5, 5))
    conv = FermatConvolution(rings(4), 16, window)
    assert conv.tiles(14, 14)[0].count == 1
    assert conv.tiles(15, 15)[0].count == 2
    assert (conv.evaluate(x, w) == direct(x, w, window)).all()


def test_a_kernel_longer_than_a_tile_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit a transform of length 8"):
        FermatConvolution(rings(4), 8, Window((9, 3))).tiles(20, 20)


# bits of x, bits of w (0 stands for -1 and 1), ring, and the most f k^2 that it holds for all values of these
LIMITS = [
    (0, 0, 4, 32768), (2, 2, 4, 8192), (3, 3, 4, 2048), (4, 4, 4, 512), (8, 8, 4, 2),
    (8, 8, 5, 131072), (12, 12, 5, 512), (16, 16, 5, 2),
]  # fmt: skip


def test_the_largest_sums_that_a_ring_holds_are_exact_and_one_more_is_not() -> None:
    for x_bits, w_bits, t, most in LIMITS:
        lo_x, lo_w = (-(1 << bits - 1) if bits else -1 for bits in (x_bits, w_bits))
        conv = FermatConvolution(rings(t), 1, Window((1, 1)))
        for sign in (1, -1):
            for terms, fits in ((most, True), (most + 1, False)):
                x, w = np.full((1, terms, 1, 1), lo_x), np.full((1, terms, 1, 1), sign * lo_w)
                assert (conv.evaluate(x, w) == direct(x, w, conv.window)).all() == fits, (x_bits, t, terms)


def test_unsigned_bytes_with_signed_ones_fit_65793_times() -> None:
    assert FermatRing(5).modulus // 2 // (255 * 128) == 65793


def test_halfwords_fit_f6_for_more_terms_than_any_layer_has() -> None:
    conv = FermatConvolution(rings(6), 1, Window())
    assert conv.peak // 2**30 == 2**33
    assert FermatConvolution(rings(4, 5), 1, Window()).peak // 2**30 == (2**16 + 1) * (2**32 + 1) // 2**31


TABLE_2_2 = [(11, 22, 3, 96), (7, 26, 96, 256), (5, 12, 256, 384), (5, 12, 384, 384), (3, 14, 384, 384)]
"""k, n, f, f'; the transform is as long as n + k - 1."""


@pytest.mark.parametrize(("kernel", "size", "channels", "outputs"), TABLE_2_2)
@pytest.mark.parametrize(("bits", "ts"), [(8, (5,)), (16, (4, 5)), (16, (6,))])
def test_the_configurations_of_the_thesis_match_in_corners_and_at_random(
    kernel: int, size: int, channels: int, outputs: int, bits: int, ts: tuple[int, ...]
) -> None:
    """Fewer channels; `bench/fermat_exactness.py` has all of them."""
    few = min(channels, 4)
    conv = FermatConvolution(rings(*ts), size + kernel - 1, same(kernel))
    lo, hi = -(1 << bits - 1), (1 << bits - 1) - 1
    rng = np.random.default_rng(kernel)
    x = np.stack([rng.integers(lo, hi + 1, (few, size, size)), *(np.full((few, size, size), v) for v in (lo, hi))])
    w = np.stack([rng.integers(lo, hi + 1, (few, kernel, kernel)), np.full((few, kernel, kernel), lo)])
    assert (conv.evaluate(x, w) == direct(x, w, conv.window)).all()
