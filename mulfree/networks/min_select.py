"""The networks of the min-select paper: LeNet and mini_cifar (its Tables 3 and 4)."""

from __future__ import annotations

from math import floor, log2, prod, sqrt

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.constants import Parameter, whole
from mulfree.networks.draft import MULFREE, Draft

SLOPE = 0.125
"""Of the leaky ReLU, below 0."""
GAIN = 0.6
"""Magnitude of the smaller of two operands beside that of one."""


def alike(x: Feature, bits: int, *shape: int) -> Parameter:
    """Weights about as large as x, which min-select needs (equation 12)."""
    return whole(bits, limit=2.0 ** floor(log2(x.rms) + 1)).of(*shape)


def min_select_conv(draft: Draft, x: Feature, outputs: int, kernel: int, bits: int) -> Feature:
    """Over whole windows, then a batch norm, a leaky ReLU and a quantiser."""
    weights = alike(x, bits + 1, outputs, x.channels, kernel, kernel)
    rms = GAIN * sqrt(prod(weights.shape[1:])) * x.rms
    y = draft.window("MinSelectConv", x, outputs, kernel, 1, weights, rms=rms, is_padded=False, domain=MULFREE)
    return draft.levels(draft.add("LeakyRelu", draft.norm(y), attributes={"alpha": SLOPE}), bits)


def min_select_dense(draft: Draft, x: Feature, outputs: int, bits: int) -> Feature:
    """Of x (K,): sums without a batch norm."""
    weights = alike(x, bits + 1, x.size, outputs)
    rms = GAIN * sqrt(x.size) * x.rms
    return draft.add("MinSelectMatMul", x, weights, shape=(outputs,), rms=rms, domain=MULFREE)


def hidden_layer(draft: Draft, x: Feature, outputs: int, bits: int) -> Feature:
    x = draft.norm(min_select_dense(draft, draft.flat(x), outputs, bits))
    return draft.levels(draft.relu(x), bits - 1, is_signed=False)


def lenet_min(
    *,
    width: int = 32,
    hidden: int = 1024,
    size: int = 28,
    channels: int = 1,
    classes: int = 10,
    bits: int = 6,
) -> Architecture:
    """5 x 5 to `width` channels, a pool, 5 x 5 to twice as many, and two dense layers, all of min-select."""
    draft = Draft("lenet_min", (channels, size, size))
    x = draft.max_pool(min_select_conv(draft, draft.pixels(), width, 5, bits))
    x = hidden_layer(draft, min_select_conv(draft, x, 2 * width, 5, bits), hidden, bits)
    return draft.architecture(min_select_dense(draft, x, classes, bits))


def mini_cifar_min(
    *,
    width: int = 16,
    hidden: int = 1024,
    size: int = 28,
    channels: int = 3,
    classes: int = 10,
    bits: int = 6,
) -> Architecture:
    """3 x 3 convolutions to 2, 4 and 8 times `width` channels, behind each a 1 x 1 convolution to half of them."""
    draft = Draft("mini_cifar_min", (channels, size, size))
    x = draft.pixels()
    for kernel, factor, is_pooled in (
        (3, 2, True),
        (1, 1, False),
        (3, 4, True),
        (1, 2, False),
        (3, 8, False),
        (1, 4, False),
    ):
        x = min_select_conv(draft, x, factor * width, kernel, bits)
        x = draft.max_pool(x) if is_pooled else x
    x = hidden_layer(draft, x, hidden, bits)
    return draft.architecture(min_select_dense(draft, x, classes, bits))
