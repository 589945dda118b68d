"""Sums of shifted and rounded bytes against their definition, with what follows in the kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulfree.compiler.families.power_of_two.operator import ROUNDINGS, ShiftedSum
from mulfree.ir import BIPOLAR, IntRange, Tensor, TensorType
from mulfree.ir.ops import Window
from tests.sim.functional.layers import chain, check, inputs, kernels_of, quantisers

BYTES = (IntRange(-128, 127), IntRange(0, 255), IntRange(-8, 7), IntRange(0, 3), IntRange(-3, 3, 2), BIPOLAR)


def shifts(
    data: st.DataObject, x: TensorType, rounding: str, least: int, span: int, outputs: int, groups: int = 1
) -> ShiftedSum:
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    kernel = (1, 1) if len(x.shape) == 1 else (min(2, x.shape[1]), min(2, x.shape[2]))
    shape = (outputs, x.shape[0] // groups, *kernel)
    exponents = random.integers(least, least + span + 1, shape)
    signs = Tensor(random.integers(-1, 2, shape))
    window = Window(kernel, pads=(0, 0, kernel[0] - 1, 0))
    return ShiftedSum(signs, window, groups, exponents=Tensor(exponents), rounding=rounding)


@settings(deadline=None)
@given(st.data(), inputs(BYTES), st.sampled_from(ROUNDINGS), st.integers(-10, 2), st.integers(0, 5))
def test_bytes_run_in_the_vector_kernel_with_the_threshold_in_it(
    data: st.DataObject, x: TensorType, rounding: str, least: int, span: int
) -> None:
    layer = shifts(data, x, rounding, least, span, data.draw(st.integers(1, 40)))
    levels = data.draw(quantisers(layer.infer(x), data.draw(st.integers(1, 4))))
    for ops in ((layer,), (layer, levels)):
        check(chain(x, *ops), 5)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("x", [IntRange(-128, 127), IntRange(0, 255)], ids=str)
@pytest.mark.parametrize("least", [-8, -3, 0])
def test_all_values_of_a_byte_are_shifted_exactly(rounding: str, x: IntRange, least: int) -> None:
    """One weight of each exponent, every value."""
    exponents = np.arange(least, least + 8).reshape(-1, 1, 1, 1)
    layer = ShiftedSum(Tensor(np.ones_like(exponents)), exponents=Tensor(exponents), rounding=rounding)
    network = check(chain(TensorType((1,), x), layer), 3)
    values = np.arange(x.lo, x.hi + 1)[:, None]
    np.testing.assert_array_equal(network.run([values])[0], layer.evaluate(values))
    assert any(k.startswith("_masked_to") for k in kernels_of(network))


@settings(deadline=None, max_examples=30)
@given(st.data(), st.sampled_from(ROUNDINGS), st.sampled_from([2, 3, 6]))
def test_groups_and_channels_by_themselves_run_in_the_vector_kernel(
    data: st.DataObject, rounding: str, groups: int
) -> None:
    x = TensorType((6, 5, 4), IntRange(-8, 7))
    network = check(chain(x, shifts(data, x, rounding, -4, 3, 12, groups)), 4)
    assert any(k.startswith("_masked_to") for k in kernels_of(network))


@settings(deadline=None, max_examples=20)
@given(st.data(), st.sampled_from(ROUNDINGS))
def test_wider_integers_and_distant_exponents_are_exact_too(data: st.DataObject, rounding: str) -> None:
    wide = TensorType((7,), IntRange(-(2**15), 2**15 - 1))
    check(chain(wide, shifts(data, wide, rounding, -12, 12, 4)), 5)
    short = TensorType((7,), IntRange(-128, 127))
    check(chain(short, shifts(data, short, rounding, -7, 20, 4)), 5)
