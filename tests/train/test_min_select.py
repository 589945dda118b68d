"""Min-select layers: equations 9 to 15 of the paper, written down once more in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mulfree.train import MinSelectConv1d, MinSelectConv2d, MinSelectLinear, Uniform, kernels, min_select
from mulfree.train.min_select import Balance

Array = NDArray[np.float64]
FINE = 2.0**-12
"""A grid so fine that weights count as not quantised."""


def mins(a: Array, b: Array) -> Array:
    """Table 2 of the paper."""
    return np.where(np.abs(a) <= np.abs(b), np.sign(b) * a, np.sign(a) * b)


def clipped(a: Array) -> tuple[Array, Array]:
    """The operand, and the same after equation 14 with a constant of 3."""
    limit = 3 * np.abs(a).mean()
    return a, np.clip(a, -limit, limit)


def fine() -> Uniform:
    return Uniform(16, scale=FINE, learned=False)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(params=["numba", "torch"])
def _either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "torch":
        monkeypatch.setattr(kernels, "_is_for_numba", lambda x: False)


@pytest.mark.usefixtures("_either")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sum_of_mins_is_exact_on_integers(dtype: torch.dtype) -> None:
    random = np.random.default_rng(0)
    x, w = random.integers(-128, 128, (33, 70)), random.integers(-9, 10, (17, 70))
    expected = mins(x[:, None].astype(float), w[None].astype(float)).sum(axis=2)
    found = kernels.sum_of_mins(torch.tensor(x, dtype=dtype), torch.tensor(w, dtype=dtype))
    np.testing.assert_array_equal(found.numpy(), expected)


def test_dense_inference_is_equation_13_with_the_weights_of_equation_12() -> None:
    torch.manual_seed(0)
    layer = MinSelectLinear(20, 7, weights=fine()).double()
    x = normal(50, 20)
    layer(x)
    w, mean_x = layer.weight.detach().numpy(), np.abs(x.numpy()).mean()
    mean_w = np.abs(w).mean()
    compared = np.clip(w, -3 * mean_w, 3 * mean_w) * mean_x / mean_w
    expected = mean_w * mins(x.numpy()[:, None], np.rint(compared / FINE) * FINE).sum(axis=2)
    np.testing.assert_allclose(layer.eval()(x).detach().numpy(), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_convolutions_are_the_dense_rule_over_windows(stride: int, padding: int, dilation: int) -> None:
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "weights": fine()}
    torch.manual_seed(0)
    cases: list[tuple[MinSelectConv1d | MinSelectConv2d, Tensor]] = [
        (MinSelectConv2d(3, 4, (3, 2), **options), normal(2, 3, 9, 8)),
        (MinSelectConv1d(3, 4, 3, **options), normal(2, 3, 11)),
    ]
    for layer, x in cases:
        layer.double()(x)
        w, y = layer.balance.compared(layer.weight).detach().numpy(), layer.eval()(x)
        mean_w = layer.weight.abs().mean().item()
        padded = np.pad(x.numpy(), [(0, 0), (0, 0), *[(padding, padding)] * (x.ndim - 2)])
        for place in np.ndindex(*y.shape[2:]):
            starts = [stride * p for p in place]
            cuts = [slice(s, s + dilation * (k - 1) + 1, dilation) for s, k in zip(starts, w.shape[2:], strict=True)]
            window = padded[(slice(None), slice(None), *cuts)]
            expected = mean_w * mins(window[:, None], w[None]).sum(axis=tuple(range(2, w.ndim + 1)))
            np.testing.assert_allclose(y[(slice(None), slice(None), *place)].detach(), expected, atol=1e-9)


def test_gradient_of_a_dense_layer_is_that_of_the_product_of_clipped_operands() -> None:
    torch.manual_seed(0)
    layer = MinSelectLinear(20, 7, weights=fine()).double()
    x = (2 * normal(50, 20)).requires_grad_()
    gradient = normal(50, 7, seed=1)
    layer(x).backward(gradient)
    (x_all, x_clipped), (w_all, w_clipped) = (clipped(v.detach().numpy()) for v in (x, layer.weight))
    assert (x_all != x_clipped).any()
    to_x = np.where(x_all == x_clipped, gradient.numpy() @ w_clipped, 0)
    to_w = np.where(w_all == w_clipped, gradient.numpy().T @ x_clipped, 0)
    assert x.grad is not None
    assert layer.weight.grad is not None
    np.testing.assert_allclose(x.grad, to_x, rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(layer.weight.grad, to_w, rtol=1e-9, atol=1e-9)


def test_gradient_of_a_convolution_is_that_of_pytorchs() -> None:
    torch.manual_seed(0)
    layer = MinSelectConv2d(3, 4, 3, padding=1, stride=2, weights=fine()).double()
    exact = nn.Conv2d(3, 4, 3, padding=1, stride=2, bias=False).double()
    exact.weight.data.copy_(layer.weight)
    x = torch.rand(5, 3, 8, 8, dtype=torch.float64).requires_grad_()
    same = x.detach().clone().requires_grad_()
    y = layer(x)
    y.backward(torch.ones_like(y))
    expected = exact(same)
    expected.backward(torch.ones_like(expected))
    assert x.grad is not None
    assert same.grad is not None
    torch.testing.assert_close(layer.weight.grad, exact.weight.grad)
    torch.testing.assert_close(x.grad, same.grad, rtol=1e-2, atol=1e-2)


def test_moving_mean_starts_with_the_first_batch_and_is_what_inference_uses() -> None:
    balance = Balance(fine(), momentum=0.25)
    w = torch.ones(1, 4)
    for magnitude in (2.0, 6.0):
        balance(torch.full((3, 4), magnitude), w, lambda a, b: a @ b.T, kernels.sum_of_mins)
    assert float(balance.mean_x) == 3.0
    assert torch.equal(balance.compared(w), torch.full((1, 4), 3.0))


def test_export_before_training_is_refused() -> None:
    with pytest.raises(ValueError, match=r"E\|x\|"):
        MinSelectLinear(3, 2, weights=fine()).exported()


@pytest.mark.parametrize("groups", [2, 4])
def test_each_group_is_a_layer_of_its_own(groups: int) -> None:
    torch.manual_seed(0)
    layer, x = MinSelectConv2d(4, 8, 3, groups=groups, weights=fine()).double(), normal(2, 4, 7, 6)
    layer(x)
    y, each = layer.eval()(x), MinSelectConv2d(4 // groups, 8 // groups, 3, weights=fine()).double().eval()
    compared, mean = layer.balance.compared(layer.weight), layer.weight.abs().mean()
    for i in range(groups):
        sums = mean * min_select._mins_of(each)(x.chunk(groups, 1)[i], compared.chunk(groups)[i])  # pyright: ignore[reportPrivateUsage]
        torch.testing.assert_close(y.chunk(groups, 1)[i], sums)
