"""Figures of thesis Table 2.1 for its example: k = 7, n + k - 1 = 32, 96 channels, 256 outputs, 128 samples."""

from __future__ import annotations

import pytest

from mulfree.ir.fermat import (
    FermatConvolution,
    FermatRing,
    FermatTransform,
    direct_operations,
    map_transform_operations,
    sample_operations,
    weight_operations,
)
from mulfree.ir.ops import Window

BATCH, CHANNELS, OUTPUTS, SIZE = 128, 96, 256, 26
CONV = FermatConvolution((FermatRing(5),), 32, Window((7, 7), pads=(3, 3, 3, 3)))


def test_the_direct_method_takes_as_many_as_the_table_says() -> None:
    direct = direct_operations(CHANNELS, OUTPUTS, SIZE, 7).times(BATCH)
    assert direct.multiplications == direct.additions == pytest.approx(1.042e11, rel=5e-4)


def test_the_transform_takes_as_many_as_the_table_says_but_half_the_shifts() -> None:
    total = sample_operations(CONV, CHANNELS, OUTPUTS, SIZE, SIZE).times(BATCH)
    total += weight_operations(CONV, CHANNELS, OUTPUTS)
    assert total.multiplications == pytest.approx(3.221e9, rel=5e-4)
    assert total.additions - total.multiplications == pytest.approx(7.13e8, rel=5e-4)
    assert total.shifts * 2 == total.additions - total.multiplications
    assert total.to_diminished == pytest.approx(9.51e6, rel=5e-4)
    assert total.from_diminished == pytest.approx(2.215e7, rel=5e-4)


def test_every_odd_power_of_the_root_takes_one_more_of_both() -> None:
    ring = FermatRing(4)
    plain, root = (map_transform_operations(FermatTransform(ring, length)) for length in (32, 64))
    assert (plain.additions, plain.shifts) == (2 * 32 * 32 * 5, 32 * 32 * 5)
    odd = 2 * 64 * 16
    assert (root.additions, root.shifts) == (2 * 64 * 64 * 6 + odd, 64 * 64 * 6 + odd)


@pytest.mark.parametrize(
    ("kernel", "gains"),
    [(3, {8: 5.06, 16: 6.89, 32: 7.91, 64: 8.45}), (5, {16: 14.1, 32: 19.1}), (7, {32: 32.4, 16: 19.1})],
)
def test_a_product_of_spectra_stands_for_several_of_the_direct_method(kernel: int, gains: dict[int, float]) -> None:
    """(L - k + 1)^2 k^2 / L^2, for maps without pads of whole tiles."""
    for length, gain in gains.items():
        conv = FermatConvolution((FermatRing(5),), length, Window((kernel, kernel)))
        size = 4 * (length - kernel + 1) + kernel - 1
        products = sample_operations(conv, 3, 5, size, size).multiplications
        assert 3 * 5 * (size - kernel + 1) ** 2 * kernel**2 / products == pytest.approx(gain, abs=0.06)
