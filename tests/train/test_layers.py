"""Layers of every kind, shape and grouping give the same in PyTorch, in onnxruntime and compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from mulfree import train
from mulfree.train import Binary, Conv1d, Linear, Norm, PowerOfTwo, Uniform
from tests.train.everywhere import check_everywhere, pixels, signal, warmed


@pytest.mark.parametrize(
    "weights", [Binary(), Uniform(3, narrow=True), PowerOfTwo(-3, 1)], ids=lambda w: type(w).__name__
)
def test_convolutions_in_one_dimension_give_the_same_everywhere(weights: train.Quantiser) -> None:
    torch.manual_seed(0)
    x = signal(5, 2, 20)
    net = nn.Sequential(
        *(pixels(), Conv1d(2, 6, 3, stride=2, padding=1, weights=weights), Norm(6), Uniform(3)),
        *(Conv1d(6, 6, 3, groups=3, dilation=2, weights=weights), Norm(6), Binary()),
        *(nn.Flatten(), Linear(36, 4, weights=weights)),
    )
    check_everywhere(warmed(net, x), x)


def narrow(bits: int = 4) -> Uniform:
    return Uniform(bits, narrow=True)


def pruned(layer: train.SumMaxConv1d | train.SumMaxConv2d) -> nn.Module:
    keep = torch.rand(layer.upper.keep.shape, generator=torch.Generator().manual_seed(5)) < 0.3
    keep[:, 0] = True
    layer.keep_only(keep, keep.flip(1))
    return layer


def shifts(rounding: str, least: int, greatest: int) -> dict[str, Any]:
    """Of a layer with rounded products: five bits of input in a unit of two, and weights over these exponents."""
    inputs = Uniform(5, scale=2.0, learned=False)
    return {"inputs": inputs, "weights": PowerOfTwo(least, greatest), "rounding": rounding}


GEOMETRY: dict[str, Any] = {"stride": 2, "padding": 1}
LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "min-select 1-D": (lambda: train.MinSelectConv1d(3, 4, 3, weights=narrow(), **GEOMETRY), (3, 9)),
    "min-select 2-D": (lambda: train.MinSelectConv2d(3, 4, (3, 2), weights=narrow(), dilation=2), (3, 9, 8)),
    "min-select in groups": (lambda: train.MinSelectConv1d(4, 6, 3, groups=2, weights=narrow(), **GEOMETRY), (4, 9)),
    "min-select depthwise": (lambda: train.MinSelectConv2d(3, 3, 3, groups=3, weights=narrow()), (3, 9, 8)),
    "shift attention in groups": (
        lambda: train.ShiftAttentionConv1d(4, 6, 5, groups=2, weights=narrow(), padding=2),
        (4, 9),
    ),
    "shift attention depthwise": (
        lambda: train.ShiftAttentionConv2d(3, 6, 3, groups=3, weights=narrow(), padding=1),
        (3, 7, 6),
    ),
    "power of two dense": (lambda: train.PowerOfTwoLinear(9, 4, **shifts("half_up", -4, 1)), (9,)),
    "power of two 1-D": (
        lambda: train.PowerOfTwoConv1d(4, 6, 3, groups=2, **shifts("floor", -3, 0), **GEOMETRY),
        (4, 9),
    ),
    "power of two 2-D": (
        lambda: train.PowerOfTwoConv2d(3, 4, (3, 2), dilation=2, **shifts("half_up", -3, 0)),
        (3, 9, 8),
    ),
    "power of two depthwise": (lambda: train.PowerOfTwoConv2d(3, 3, 3, groups=3, **shifts("floor", -5, -1)), (3, 6, 7)),
    "sum-max 1-D": (lambda: pruned(train.SumMaxConv1d(3, 4, 3, weights=narrow(), spread=8, **GEOMETRY)), (3, 9)),
    "sum-max 2-D": (lambda: pruned(train.SumMaxConv2d(3, 4, 3, weights=narrow(), spread=8, **GEOMETRY)), (3, 9, 8)),
    "shift": (lambda: train.Shift2d(3, 5, offsets=[(-2, 1), (0, 0), (1, 2)]), (3, 6, 7)),
    "shift attention 1-D": (lambda: train.ShiftAttentionConv1d(3, 4, 5, weights=narrow(), padding=2), (3, 9)),
    "shift attention 2-D": (lambda: train.ShiftAttentionConv2d(3, 4, 3, weights=narrow(), **GEOMETRY), (3, 9, 8)),
}


@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_each_kind_and_shape_gives_the_same_everywhere(name: str, is_signed: bool) -> None:
    torch.manual_seed(0)
    make, shape = LAYERS[name]
    x = signal(6, *shape) - 8 * is_signed
    net = nn.Sequential(Uniform(5, signed=is_signed, scale=1.0, learned=False), make())
    check_everywhere(warmed(net, x), x)
