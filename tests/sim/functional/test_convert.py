"""Maps from the caller's arrays into the kernels' arrangement and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.ir import IntRange, Tensor, TensorType
from mulfree.ir.ops import Clamp, MultiplyAccumulate, Window
from mulfree.sim.functional import FastNetwork
from tests.sim.functional.layers import chain, check, kernels_of

RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-(2**15), 2**15 - 1), "int64": (-(2**40), 2**40)}


@pytest.mark.parametrize("dtype", RANGES)
@settings(deadline=None, max_examples=25)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 9), st.integers(1, 3))
def test_maps_of_any_size_are_turned_and_turned_back(
    dtype: str, channels: int, height: int, width: int, count: int
) -> None:
    """Whole blocks of channels and positions, and what is left over beside them."""
    lo, hi = RANGES[dtype]
    type = TensorType((channels, height, width), IntRange(lo, hi))
    x = np.random.default_rng(channels).integers(lo, hi + 1, (count, *type.shape)).astype(dtype)
    (y,) = FastNetwork(chain(type, Clamp(lo + 1, hi - 1))).run([x])
    np.testing.assert_array_equal(y, np.clip(x.astype(np.int64), lo + 1, hi - 1))


@pytest.mark.parametrize("channels", range(1, 7))
def test_maps_are_turned_into_halfwords_too(channels: int) -> None:
    weights = np.random.default_rng(channels).integers(-7, 8, (4, channels, 3, 3))
    layer = MultiplyAccumulate(Tensor(weights), Window((3, 3)))
    network = check(chain(TensorType((channels, 5, 6), IntRange(-201, 200)), layer))
    assert "_halves_to_ints" in kernels_of(network)
