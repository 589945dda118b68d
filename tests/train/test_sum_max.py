"""Sum-and-max layers: equation 5 of the paper in numpy, exact gradients, and pruning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mulfree.train import SumMaxConv1d, SumMaxConv2d, SumMaxLinear, Uniform, activation_rates, kernels
from mulfree.train.sum_max import SumMax


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def dense(entries: int = 12, outputs: int = 5, **options: Any) -> SumMaxLinear:
    torch.manual_seed(0)
    return SumMaxLinear(entries, outputs, **options).double()


def definition(layer: SumMax, rows: Tensor) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    upper, lower = layer.upper.effective().detach().numpy(), -layer.lower.effective().detach().numpy()
    x = rows.detach().numpy()[:, None]
    return (x + upper).max(axis=2) + (x + lower).min(axis=2)


def one_in(count: int, layer: SumMax) -> Tensor:
    keep = torch.zeros_like(layer.upper.keep)
    keep[:, ::count] = True
    return keep


@pytest.mark.parametrize("every", [1, 3, 12])
def test_dense_is_the_definition(every: int) -> None:
    layer, x = dense(), normal(40, 12)
    layer.keep_only(one_in(every, layer), one_in(every, layer))
    np.testing.assert_array_equal(layer(x).detach().numpy(), definition(layer, x))


@pytest.mark.parametrize("every", [1, 2, 6])
def test_gradients_are_exact(every: int) -> None:
    layer, x = dense(), normal(6, 12).requires_grad_()
    layer.keep_only(one_in(every, layer), one_in(every, layer))
    assert torch.autograd.gradcheck(
        lambda x, *_: layer(x), (x, layer.upper.weight, layer.lower.weight), check_undefined_grad=False
    )


def test_gradient_goes_to_the_first_of_equals() -> None:
    layer, x = dense(3, 1), torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    layer.upper.weight.data.copy_(torch.tensor([[1.0, 2.0, 2.0]]))
    layer.lower.weight.data.copy_(torch.tensor([[5.0, 5.0, 0.0]]))
    layer(x).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1, 1, 0]]


def test_numba_and_pytorch_select_the_same_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    random = torch.Generator().manual_seed(0)
    x, w = (torch.randint(-4, 5, shape, generator=random).float() for shape in ((50, 30), (9, 30)))
    w[:, ::7] = -torch.inf
    values, chosen = kernels.max_plus(x, w)
    monkeypatch.setattr(kernels, "_is_for_numba", lambda x: False)
    monkeypatch.setattr(kernels, "PIECE", 1000)
    expected, _ = kernels.max_plus(x, w)
    assert torch.equal(values, expected)
    assert torch.equal(chosen, (x[:, None] + w == expected[..., None]).int().argmax(dim=2))


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_convolutions_are_the_dense_rule_over_windows_padded_with_zeros(
    stride: int, padding: int, dilation: int
) -> None:
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation}
    torch.manual_seed(0)
    cases: list[tuple[SumMaxConv1d | SumMaxConv2d, Tensor]] = [
        (SumMaxConv2d(3, 4, (3, 2), **options), normal(2, 3, 9, 8)),
        (SumMaxConv1d(3, 4, 3, **options), normal(2, 3, 11)),
    ]
    for layer, x in cases:
        y = layer.double()(x)
        padded = np.pad(x.numpy(), [(0, 0), (0, 0), *[(padding, padding)] * (x.ndim - 2)])
        for place in np.ndindex(*y.shape[2:]):
            kernel = zip(place, layer.windows.kernel, strict=True)
            cuts = [slice(stride * p, stride * p + dilation * (k - 1) + 1, dilation) for p, k in kernel]
            window = torch.tensor(padded[(slice(None), slice(None), *cuts)]).flatten(1)
            found = y[(slice(None), slice(None), *place)].detach().numpy()
            np.testing.assert_array_equal(found, definition(layer, window))


def test_rates_count_what_is_selected() -> None:
    layer, x = dense(), normal(300, 12)
    upper, lower = activation_rates(layer, x)
    chosen = (x[:, None] + layer.upper.weight).argmax(dim=2)
    low = (x[:, None] - layer.lower.weight).argmin(dim=2)
    for rates, index in ((upper, chosen), (lower, low)):
        expected = np.stack([np.bincount(index[:, m], minlength=12) for m in range(5)]) / 300
        np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_entries_that_are_never_selected_change_nothing() -> None:
    layer, x = dense(64, 8), normal(50, 64)
    before = layer(x)
    layer.prune(activation_rates(layer, x), threshold=0.0)
    assert layer.kept < 2 * 64 * 8
    assert torch.equal(layer(x), before)


@pytest.mark.parametrize("keep", [16, 17, 100, 1024, 5000])
def test_pruning_to_a_count_keeps_the_most_active_and_one_for_each_term(keep: int) -> None:
    layer, x = dense(64, 8), normal(2000, 64)
    rates = activation_rates(layer, x)
    layer.prune(rates, keep=keep)
    assert layer.kept <= keep
    rate, kept = torch.cat(rates), torch.cat([layer.upper.keep, layer.lower.keep])
    assert kept.gather(1, rate.argmax(dim=1, keepdim=True)).all()
    dropped = rate[~kept]
    if len(dropped):
        of_choice = kept.scatter(1, rate.argmax(dim=1, keepdim=True), False)
        assert not of_choice.any() or dropped.max() < rate[of_choice].min()
        assert layer.kept + int((dropped == dropped.max()).sum()) > keep
    else:
        assert keep >= 1024


def test_pruning_needs_one_target_that_can_be_met() -> None:
    layer, x = dense(), normal(10, 12)
    rates = activation_rates(layer, x)
    with pytest.raises(ValueError, match="either"):
        layer.prune(rates)
    with pytest.raises(ValueError, match="10 terms"):
        layer.prune(rates, keep=9)


def test_an_output_without_entries_is_refused() -> None:
    layer = dense()
    keep = one_in(1, layer)
    keep[3] = False
    with pytest.raises(ValueError, match="output 3"):
        layer.keep_only(keep, one_in(1, layer))


def test_what_is_pruned_survives_saving() -> None:
    layer, other = dense(), dense()
    layer.keep_only(one_in(6, layer), one_in(4, layer))
    other.load_state_dict(layer.state_dict())
    assert other.kept == layer.kept
    assert torch.equal(other(normal(4, 12)), layer(normal(4, 12)))


def test_weights_are_on_the_grid_of_their_quantiser() -> None:
    layer = dense(weights=Uniform(5, narrow=True, scale=0.125, learned=False))
    layer.keep_only(one_in(2, layer), one_in(1, layer))
    for term in (layer.upper, layer.lower):
        kept = term.effective()[term.keep] / 0.125
        assert torch.equal(kept, kept.round())
        assert (term.effective()[~term.keep] == -torch.inf).all()
