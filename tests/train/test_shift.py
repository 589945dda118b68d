"""Shift layers: what each channel and each pair of channels reads, and how the choice is learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mulfree.train import PowerOfTwo, Quantiser, Shift2d, ShiftAttentionConv1d, ShiftAttentionConv2d, Uniform, cool
from mulfree.train.attention import Choice


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


class Straight(Quantiser):
    """No quantiser at all, so that gradients can be compared with differences."""

    def forward(self, x: Tensor) -> Tensor:
        return x

    def exported(self) -> torch.nn.Module:
        return torch.nn.Identity()


def shifted(plane: Tensor, dy: int, dx: int) -> Tensor:
    padded = torch.nn.functional.pad(plane, (9, 9, 9, 9))
    height, width = plane.shape[-2:]
    return padded[..., 9 + dy : 9 + dy + height, 9 + dx : 9 + dx + width]


@pytest.mark.parametrize("layer", [Shift2d(9), Shift2d(5, 5), Shift2d(9, learned=True).eval()])
def test_each_channel_reads_at_its_offset(layer: Shift2d) -> None:
    x = normal(2, layer.channels, 6, 7)
    y = layer(x)
    for channel, offset in enumerate(layer.offsets):
        assert torch.equal(y[:, channel], shifted(x[:, channel], *offset))


def test_without_offsets_the_positions_of_the_kernel_are_dealt_out_evenly() -> None:
    offsets = Shift2d(18).offsets
    assert sorted(offsets) == sorted([(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)] * 2)


def test_given_offsets_are_kept() -> None:
    assert Shift2d(2, 5, offsets=[(-2, 1), (0, 2)]).offsets == [(-2, 1), (0, 2)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 4}, "not odd"),
        ({"offsets": [(0, 0)]}, "2 pairs"),
        ({"offsets": [(0, 0), (2, 0)]}, "within ±1"),
        ({"offsets": [(0, 0), (1, 0)], "learned": True}, "either"),
    ],
)
def test_impossible_shifts_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Shift2d(2, **options)


def test_choice_is_the_softmax_of_scores_over_deviation_and_temperature() -> None:
    choice = Choice((4, 3, 9), temperature=0.5)
    a = choice.scores.detach().double().numpy()
    logits = a / a.std(axis=2, ddof=1, keepdims=True) / 0.5
    expected = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    np.testing.assert_allclose(choice().detach().numpy(), expected, rtol=1e-4)


def test_choice_grows_sharper_as_it_cools_and_ends_at_what_inference_uses() -> None:
    choice = Choice((50, 9))
    sharpness = []
    for _ in range(8):
        sharpness.append(float(choice().detach().max(dim=1).values.mean()))
        cool(torch.nn.Sequential(choice), 0.2)
    assert sharpness == sorted(sharpness)
    assert float(choice.temperature) == pytest.approx(6.7 * 0.2**8, rel=1e-5)
    torch.testing.assert_close(choice().detach(), choice.eval()(), atol=1e-3, rtol=0)


@pytest.mark.parametrize("stride", [1, 2])
def test_attention_sums_one_tap_for_each_pair_of_channels(stride: int) -> None:
    torch.manual_seed(1)
    weights = Uniform(6, narrow=True, scale=2.0**-6)
    layer = ShiftAttentionConv2d(3, 4, 3, stride=stride, padding=1, weights=weights).double().eval()
    x = normal(2, 3, 8, 7)
    chosen, q = layer.choice.chosen(), weights(layer.weight)
    for d in range(4):
        taps = [(int(chosen[d, c]) // 3, int(chosen[d, c]) % 3) for c in range(3)]
        terms = [q[d, c, i, j] * shifted(x[:, c], i - 1, j - 1) for c, (i, j) in enumerate(taps)]
        torch.testing.assert_close(layer(x)[:, d], torch.stack(terms).sum(0)[..., ::stride, ::stride])


def test_attention_in_one_dimension_sums_one_tap_for_each_pair_of_channels() -> None:
    torch.manual_seed(1)
    layer = ShiftAttentionConv1d(3, 4, 5, padding=2, weights=PowerOfTwo()).double().eval()
    x = normal(2, 3, 9)
    chosen, q = layer.choice.chosen(), layer.weights(layer.weight)
    padded = torch.nn.functional.pad(x, (2, 2))
    for d in range(4):
        terms = [q[d, c, chosen[d, c]] * padded[:, c, int(chosen[d, c]) :][:, :9] for c in range(3)]
        torch.testing.assert_close(layer(x)[:, d], sum(terms))


@pytest.mark.parametrize("groups", [2, 4])
def test_attention_in_groups_reads_the_channels_of_its_own_group(groups: int) -> None:
    torch.manual_seed(1)
    layer = ShiftAttentionConv1d(4, 8, 3, padding=1, groups=groups, weights=Straight()).double().eval()
    x, q = normal(2, 4, 9), layer.weight
    chosen, padded = layer.choice.chosen(), torch.nn.functional.pad(x, (1, 1))
    for d in range(8):
        first = d * groups // 8 * (4 // groups)
        reads = [(first + c, int(chosen[d, c])) for c in range(4 // groups)]
        terms = [q[d, c - first, tap] * padded[:, c, tap : tap + 9] for c, tap in reads]
        torch.testing.assert_close(layer(x)[:, d], torch.stack(terms).sum(0))


def test_gradients_to_weights_and_scores_are_exact_in_training() -> None:
    torch.manual_seed(1)
    layer = ShiftAttentionConv1d(2, 3, 3, padding=1, weights=Straight()).double()
    x = normal(2, 2, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, *_: layer(x), (x, layer.weight, layer.choice.scores))


def test_gradients_of_a_learned_shift_are_exact_in_training() -> None:
    torch.manual_seed(1)
    layer = Shift2d(2, learned=True).double()
    assert layer.choice is not None
    x = normal(1, 2, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x, *_: layer(x), (x, layer.choice.scores))


def test_one_position_is_no_choice() -> None:
    with pytest.raises(ValueError, match="only one position"):
        ShiftAttentionConv2d(3, 4, 1, weights=PowerOfTwo())
