"""Pieces: values and gradients as the formulas say, and the same network everywhere."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from mulfree import train
from mulfree.compiler.families.piecewise.fit import ENDPOINTS, weight_pieces
from mulfree.train import Conv2d, Linear, Norm, PiecewiseActivation, PiecewiseWeights
from tests.train.everywhere import check_everywhere, pixels, signal, warmed


def drawn(count: int = 500) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("pieces", sorted(ENDPOINTS))
def test_weights_get_the_means_of_their_pieces_and_gradients_the_steps_beside_them(pieces: int) -> None:
    w, upstream = drawn().requires_grad_(), torch.arange(500) / 100
    y = PiecewiseWeights(pieces, 12, slope=0.7)(w)
    (y * upstream).sum().backward()
    fitted = weight_pieces(w.detach().numpy(), pieces, 12)
    u, alpha = fitted.endpoints, fitted.values
    assert alpha[pieces // 2] == 0
    for value, piece in zip(w.detach().numpy(), y.detach().numpy(), strict=True):
        assert piece == pytest.approx(alpha[int((value >= u).sum())])
    s = [-np.inf, *(u[1:] + u[:-1]) / 2, np.inf]  # equation 3.9
    expected = np.zeros(500)
    for i in range(pieces):  # equation 3.8: the line around endpoint i
        inside = (w.detach().numpy() >= s[i]) & (w.detach().numpy() < s[i + 1])
        expected[inside] = 0.7 * (alpha[i + 1] - alpha[i])
    assert w.grad is not None
    np.testing.assert_allclose(w.grad.numpy(), expected * upstream.numpy(), rtol=1e-5)


def test_gradients_of_activations_are_equations_3_11_3_13_and_3_14() -> None:
    v, beta = np.array([0.25, 0.75, 1.5]), np.array([0.5, 1.0, 2.0])
    quantiser = _with(v, beta, slope=0.8, reach=0.6)
    x, upstream = drawn().requires_grad_(), torch.linspace(-1, 2, 500)
    (quantiser(x) * upstream).sum().backward()
    t = [2 * v[0] - (v[0] + v[1]) / 2, (v[0] + v[1]) / 2, (v[1] + v[2]) / 2, v[2] + 0.6]
    steps = np.diff([0, *beta])
    values, g = x.detach().numpy(), upstream.numpy()
    lines = [(values >= low) & (values < high) for low, high in pairwise(t)]
    held = [(values >= low) & (values < high) for low, high in zip(v, [*v[1:], np.inf], strict=True)]
    for gradient, expected in (
        (x.grad, 0.8 * g * sum(step * line for step, line in zip(steps, lines, strict=True))),
        (quantiser.endpoints.grad, [-0.8 * step * g[line].sum() for step, line in zip(steps, lines, strict=True)]),
        (quantiser.values.grad, [g[piece].sum() for piece in held]),
    ):
        assert gradient is not None
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=2e-4, atol=1e-5)


def test_the_gradient_to_an_endpoint_is_that_of_the_mean_over_evenly_spread_inputs() -> None:
    """Endpoints half apart, lines of slope 2: there the straight lines have the steps' own mean."""
    x = torch.linspace(-1, 4, 50_001)
    quantiser = _with(np.array([0.5, 1.0, 1.5]), np.array([0.5, 1.25, 2.0]), slope=2.0, reach=0.25)
    quantiser(x).mean().backward()
    assert quantiser.endpoints.grad is not None
    for i, gradient in enumerate(quantiser.endpoints.grad.tolist()):
        means = []
        for move in (-0.01, 0.01):
            quantiser.endpoints.data[i] += move
            means.append(float(quantiser(x).mean().detach()))
            quantiser.endpoints.data[i] -= move
        assert gradient == pytest.approx((means[1] - means[0]) / 0.02, rel=0.02)


def _with(endpoints: np.ndarray, values: np.ndarray, slope: float, reach: float) -> PiecewiseActivation:
    quantiser = PiecewiseActivation(len(values), slope=slope, reach=reach)
    quantiser.endpoints.data.copy_(torch.tensor(endpoints))
    quantiser.values.data.copy_(torch.tensor(values))
    quantiser.is_set.fill_(True)
    return quantiser


def test_the_first_batch_fits_the_pieces_and_no_later_one() -> None:
    quantiser = PiecewiseActivation(4)
    with pytest.raises(ValueError, match="no pieces yet"):
        quantiser.exported()
    quantiser(drawn())
    before = quantiser.values.detach().clone()
    assert (torch.diff(before) > 0).all()
    quantiser(5 * drawn())
    assert torch.equal(before, quantiser.values)


def test_pieces_rise_whatever_is_learned() -> None:
    quantiser = _with(np.array([1.5, 0.25, 0.75]), np.array([2.0, -1.0, 0.5]), slope=1.0, reach=1.0)
    y = quantiser(torch.linspace(-1, 3, 99)).detach()
    assert (torch.diff(y) >= 0).all()
    assert sorted(set(y.tolist())) == [0.0, 0.5, 2.0]


@pytest.mark.parametrize(("pieces", "bits"), [(3, 8), (8, 1), (10, 8)])
def test_numbers_out_of_range_are_refused(pieces: int, bits: int) -> None:
    with pytest.raises(ValueError, match=f"pieces={pieces}, bits={bits}"):
        PiecewiseWeights(pieces, bits)
    if pieces != 3:
        with pytest.raises(ValueError, match=f"pieces={pieces}, bits={bits}"):
            PiecewiseActivation(pieces, bits)


def test_a_network_in_pieces_is_the_same_everywhere() -> None:
    torch.manual_seed(2)
    x = signal(6, 3, 8, 8)
    net = nn.Sequential(
        *(pixels(), Conv2d(3, 6, 3, padding=1, weights=PiecewiseWeights(8)), Norm(6), PiecewiseActivation(7)),
        *(train.Conv2d(6, 4, 3, groups=2, weights=PiecewiseWeights(2)), Norm(4), PiecewiseActivation(1)),
        *(nn.Flatten(), Linear(144, 5, bias=True, weights=PiecewiseWeights(4))),
    )
    check_everywhere(warmed(net, x), x)
