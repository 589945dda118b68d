"""Layers of rounded products: the definition in numpy, gradients, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mulfree.train import PowerOfTwo, PowerOfTwoConv1d, PowerOfTwoConv2d, PowerOfTwoLinear, Uniform

HALF = {"floor": 0.0, "half_up": 0.5}
SCALE = 0.25


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def options(rounding: str = "floor") -> dict[str, Any]:
    inputs = Uniform(5, scale=SCALE, learned=False)
    return {"inputs": inputs, "weights": PowerOfTwo(-4, 1), "rounding": rounding}


@pytest.mark.parametrize("rounding", HALF)
def test_dense_sums_are_of_products_rounded_before_their_sign(rounding: str) -> None:
    torch.manual_seed(0)
    layer, x = PowerOfTwoLinear(20, 7, **options(rounding)).double(), normal(50, 20)
    w = layer.products.weights(layer.weight).detach().numpy()
    k = np.rint(np.clip(x.numpy() / SCALE, -16, 15))
    rounded = np.floor(k[:, None] * np.abs(w) + HALF[rounding])
    expected = SCALE * (np.sign(w) * rounded).sum(axis=2)
    np.testing.assert_array_equal(layer(x).detach().numpy(), expected)
    exact = SCALE * (k[:, None] * w).sum(axis=2)
    assert (expected != exact).any()


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_convolutions_are_the_dense_rule_over_windows(groups: int, stride: int, padding: int, dilation: int) -> None:
    torch.manual_seed(0)
    geometry: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    for layer, x in (
        (PowerOfTwoConv2d(4, 8, (3, 2), **geometry, **options("half_up")), normal(2, 4, 9, 8)),
        (PowerOfTwoConv1d(4, 8, 3, **geometry, **options("half_up")), normal(2, 4, 11)),
    ):
        y, products = layer.double()(x).detach(), layer.products
        w = products.weights(layer.weight).detach()
        for exponent in range(-4, 2):
            chosen = torch.where(w.abs() == 2.0**exponent, w.sign(), 0)
            moved = torch.floor(products.inputs(x) / SCALE * 2.0**exponent + 0.5)
            y = y - SCALE * layer._conv_forward(moved, chosen, None)  # pyright: ignore[reportPrivateUsage]
        assert torch.equal(y, torch.zeros_like(y))


def test_gradient_is_that_of_the_exact_products() -> None:
    torch.manual_seed(0)
    layer, x = PowerOfTwoLinear(6, 3, **options()).double(), normal(9, 6).requires_grad_()
    upstream = normal(9, 3, seed=1)
    (layer(x) * upstream).sum().backward()
    w, codes = layer.products.weights(layer.weight).detach(), layer.products.inputs(x.detach())
    inside = (x.detach() / SCALE >= -16) & (x.detach() / SCALE <= 15)
    assert x.grad is not None
    assert layer.weight.grad is not None
    torch.testing.assert_close(x.grad, upstream @ w * inside)
    torch.testing.assert_close(layer.weight.grad, upstream.T @ codes)


def test_an_unknown_rounding_is_refused() -> None:
    with pytest.raises(ValueError, match="take 'floor' or 'half_up'"):
        PowerOfTwoLinear(3, 3, **options("ROUND"))
