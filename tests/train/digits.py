"""Small networks of each kind of layer, trained on scikit-learn's handwritten digits in seconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from mulfree import train
from mulfree.train import Binary, Conv2d, Linear, Norm, PiecewiseActivation, PiecewiseWeights, PowerOfTwo, Uniform

SEED, EPOCHS, BATCH, HELD_OUT = 7, 12, 32, 400


def pixels() -> Uniform:
    return Uniform(5, signed=False, scale=1.0, learned=False)


def levels(bits: int = 3) -> Uniform:
    return Uniform(bits, signed=False)


def few_bits(bits: int = 4) -> Uniform:
    return Uniform(bits, narrow=True)


def binary() -> nn.Module:
    return nn.Sequential(
        *(pixels(), Conv2d(1, 24, 3, padding=1, weights=Binary()), Norm(24), levels(2), nn.MaxPool2d(2)),
        *(Conv2d(24, 24, 3, padding=1, weights=Binary()), Norm(24), Binary(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(96, 10, weights=Binary()), Norm(10)),
    )


def quantised() -> nn.Module:
    return nn.Sequential(
        *(pixels(), Conv2d(1, 12, 3, padding=1, weights=few_bits()), Norm(12), levels(), nn.MaxPool2d(2)),
        *(Conv2d(12, 16, 3, padding=1, weights=few_bits()), Norm(16), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(64, 10, weights=few_bits())),
    )


def power_of_two() -> nn.Module:
    return nn.Sequential(
        *(pixels(), Conv2d(1, 12, 3, padding=1, weights=PowerOfTwo(-4, 0)), Norm(12), levels(), nn.MaxPool2d(2)),
        *(Conv2d(12, 16, 3, padding=1, weights=PowerOfTwo(-4, 0)), Norm(16), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(64, 10, weights=PowerOfTwo(-4, 0))),
    )


def rounded_shift() -> nn.Module:
    """A depthwise layer of products rounded to the nearest, then a pointwise one of products rounded down."""
    exponents: dict[str, Any] = {"weights": PowerOfTwo(-4, 0)}
    each = train.PowerOfTwoConv2d(12, 12, 3, padding=1, groups=12, inputs=levels(5), rounding="half_up", **exponents)
    return nn.Sequential(
        *(pixels(), Conv2d(1, 12, 3, padding=1, weights=PowerOfTwo(-4, 0)), Norm(12), each, Norm(12)),
        *(train.PowerOfTwoConv2d(12, 24, 1, inputs=Uniform(5), **exponents), Norm(24), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(384, 10, weights=PowerOfTwo(-4, 0))),
    )


def min_select() -> nn.Module:
    return nn.Sequential(
        *(pixels(), train.MinSelectConv2d(1, 12, 3, padding=1, weights=few_bits())),
        *(Norm(12), levels(), nn.MaxPool2d(2)),
        *(train.MinSelectConv2d(12, 16, 3, padding=1, weights=few_bits()), Norm(16), levels(), nn.MaxPool2d(2)),
        *(nn.Flatten(), train.MinSelectLinear(64, 10, weights=few_bits()), Norm(10)),
    )


def sum_max() -> nn.Module:
    grid = Uniform(7, scale=1.0, narrow=True, learned=False)
    return nn.Sequential(
        *(pixels(), nn.Flatten(), train.SumMaxLinear(64, 128, weights=grid, spread=16.0)),
        *(Norm(128), Uniform(4), Linear(128, 10, weights=few_bits())),
    )


def shift() -> nn.Module:
    def point(inputs: int, outputs: int) -> Conv2d:
        return Conv2d(inputs, outputs, 1, weights=few_bits())

    return nn.Sequential(
        *(pixels(), Conv2d(1, 36, 3, padding=1, weights=few_bits()), Norm(36), levels(4)),
        *(train.Shift2d(36), point(36, 36), Norm(36), levels(4), nn.MaxPool2d(2)),
        *(train.Shift2d(36, learned=True), point(36, 72), Norm(72), levels(4), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(288, 10, weights=few_bits())),
    )


def shift_attention() -> nn.Module:
    return nn.Sequential(
        *(pixels(), Conv2d(1, 16, 3, padding=1, weights=few_bits()), Norm(16), levels(), nn.MaxPool2d(2)),
        *(train.ShiftAttentionConv2d(16, 32, 3, padding=1, weights=few_bits()), Norm(32), levels()),
        *(nn.MaxPool2d(2), nn.Flatten(), Linear(128, 10, weights=few_bits())),
    )


def piecewise() -> nn.Module:
    weights: dict[str, Any] = {"weights": PiecewiseWeights(6, bits=7)}
    return nn.Sequential(
        *(pixels(), Conv2d(1, 12, 3, padding=1, **weights), Norm(12), PiecewiseActivation(5), nn.MaxPool2d(2)),
        *(Conv2d(12, 16, 3, padding=1, **weights), Norm(16), PiecewiseActivation(4), nn.MaxPool2d(2)),
        *(nn.Flatten(), Linear(64, 10, **weights)),
    )


KINDS = (binary, quantised, power_of_two, rounded_shift, min_select, sum_max, shift, shift_attention, piecewise)
NETWORKS: dict[str, Callable[[], nn.Module]] = {kind.__name__: kind for kind in KINDS}


@cache
def digits() -> tuple[Tensor, Tensor]:
    """Images (n, 1, 8, 8) of 0..16, and labels, in a fixed order; the first `HELD_OUT` are not trained on."""
    data: Any = load_digits()
    order = np.random.default_rng(SEED).permutation(len(data.target))
    return torch.tensor(data.images[order, None], dtype=torch.float32), torch.tensor(data.target[order])


def held_out() -> tuple[Tensor, Tensor]:
    x, y = digits()
    return x[:HELD_OUT], y[:HELD_OUT]


def fit(net: nn.Module, x: Tensor, y: Tensor, epochs: int = EPOCHS, rate: float = 0.01) -> nn.Module:
    """Cross-entropy, Adam, a rate that falls as a cosine; temperatures fall to 0.02."""
    optimiser = torch.optim.Adam(net.parameters(), rate)
    steps = epochs * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    factor = (0.02 / 6.7) ** (1 / steps)
    net.train()
    for _ in range(epochs):
        bounds = torch.linspace(0, len(x), len(x) // BATCH + 1).long().tolist()
        order = torch.randperm(len(x))
        for start, end in pairwise(bounds):
            batch = order[start:end]
            optimiser.zero_grad()
            scores = net(x[batch])
            F.cross_entropy(scores, y[batch]).backward()
            optimiser.step()
            schedule.step()
            train.cool(net, factor)
    return net.eval()


@cache
def trained(name: str) -> nn.Module:
    """The network of that name, trained; the same one in every call."""
    torch.manual_seed(SEED)
    x, y = digits()
    return fit(NETWORKS[name](), x[HELD_OUT:], y[HELD_OUT:])


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    return float((net(x).argmax(dim=1) == y).double().mean())
