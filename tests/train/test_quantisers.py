"""Quantisers: values as qonnx computes them, gradients as the formulas in the docstrings say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from qonnx.custom_op.general.bipolar_quant import binary_quant
from qonnx.custom_op.general.quant import quant

from mulfree.train import Binary, PowerOfTwo, Uniform

GRIDS = [(2, True, False), (2, True, True), (4, True, False), (8, True, True), (1, False, False), (5, False, False)]


def values(count: int = 400, spread: float = 3.0) -> torch.Tensor:
    return spread * torch.randn(count, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("bits", "signed", "narrow"), GRIDS)
@pytest.mark.parametrize("scale", [1.0, 0.25, 0.3])
def test_uniform_gives_qonnxs_values(bits: int, signed: bool, narrow: bool, scale: float) -> None:
    x = torch.cat([values(), torch.arange(-40, 41) / 8])
    quantiser = Uniform(bits, signed=signed, narrow=narrow, scale=scale, power_of_two=False)
    used = quantiser.scale.detach().numpy()
    expected = quant(x.numpy(), used, np.float32(0), np.float32(bits), signed, narrow, "ROUND")
    np.testing.assert_array_equal(quantiser(x).detach().numpy(), expected)


def test_binary_gives_qonnxs_values() -> None:
    x = torch.cat([values(), torch.tensor([0.0, -0.0])])
    np.testing.assert_array_equal(Binary()(x).numpy(), binary_quant(x.numpy(), np.float32(1)))


@pytest.mark.parametrize(("bits", "signed", "narrow"), GRIDS)
def test_gradients_of_uniform_are_those_of_learned_step_size(bits: int, signed: bool, narrow: bool) -> None:
    x = values().requires_grad_()
    quantiser = Uniform(bits, signed=signed, narrow=narrow, scale=0.5)
    (quantiser(x) * torch.arange(len(x))).sum().backward()
    v, weight = x.detach().numpy() / 0.5, np.arange(len(x))
    inside = (quantiser.low <= v) & (v <= quantiser.high)
    to_scale = np.where(inside, np.rint(v) - v, np.clip(v, quantiser.low, quantiser.high))
    assert x.grad is not None
    assert quantiser.log2_scale.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), inside * weight)
    np.testing.assert_allclose(quantiser.log2_scale.grad, (to_scale * weight).sum() * 0.5 * math.log(2), rtol=1e-4)


def test_gradient_of_binary_passes_where_the_magnitude_is_at_most_one() -> None:
    x = torch.tensor([-1.5, -1.0, -0.2, 0.0, 0.7, 1.0, 1.01]).requires_grad_()
    (Binary()(x) * torch.arange(1.0, 8.0)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 2, 3, 4, 5, 6, 0]


@given(st.floats(-30, 30))
def test_scale_is_a_power_of_two_whatever_is_learned(log2_scale: float) -> None:
    quantiser = Uniform(4, scale=1.0)
    quantiser.log2_scale.data.fill_(log2_scale)
    mantissa, exponent = math.frexp(float(quantiser.scale.detach()))
    assert mantissa == 0.5
    assert abs(exponent - 1 - log2_scale) <= 0.5 + 1e-5


def test_the_first_batch_in_training_sets_the_scale_and_no_later_one() -> None:
    quantiser = Uniform(4, power_of_two=False)
    quantiser.eval()(values())
    assert not quantiser.scale_is_set
    quantiser.train()(values())
    expected = 2 * values().abs().mean() / math.sqrt(7)
    assert float(quantiser.scale.detach()) == pytest.approx(float(expected), rel=1e-5)
    quantiser(values(spread=50))
    assert float(quantiser.scale.detach()) == pytest.approx(float(expected), rel=1e-5)


@given(st.floats(-20, 20, allow_subnormal=False), st.integers(-8, 0), st.integers(0, 6))
def test_power_of_two_is_the_nearest_in_the_logarithm(w: float, least: int, count: int) -> None:
    found = float(PowerOfTwo(least, least + count)(torch.tensor(w, dtype=torch.float64)))
    sign, magnitude = (-1 if w < 0 else 1), max(abs(w), 1e-300)
    candidates = [2.0**e for e in range(least, least + count + 1)]
    distance = {c: abs(math.log2(c) - math.log2(magnitude)) for c in candidates}
    assert sign * found in candidates
    assert distance[sign * found] <= min(distance.values()) + 1e-9


def test_gradient_of_power_of_two_goes_straight_through() -> None:
    w = values().requires_grad_()
    (PowerOfTwo()(w) * torch.arange(len(w))).sum().backward()
    assert w.grad is not None
    assert torch.equal(w.grad, torch.arange(len(w), dtype=w.dtype))


@pytest.mark.parametrize("options", [{"bits": 1}, {"bits": 17}, {"bits": 0, "signed": False}])
def test_impossible_widths_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="bits="):
        Uniform(**options)


def test_impossible_scales_and_exponents_are_refused() -> None:
    with pytest.raises(ValueError, match="not positive"):
        Uniform(4, scale=-1.0)
    with pytest.raises(ValueError, match="exponents"):
        PowerOfTwo(1, 0)


def test_export_without_a_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="no scale yet"):
        Uniform(4).exported()
