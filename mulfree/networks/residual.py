"""Residual networks: Bi-Real ResNet, PA-ResNet, and the ResNets that they start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.constants import REAL, Role, fixed, one_of
from mulfree.networks.draft import MULFREE, Draft
from mulfree.networks.ends import classifier, stem

Depth = Literal[18, 34, 50, 101]
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
BOTTLENECKS = (50, 101)
EXPANSION = 4
"""A bottleneck gives so many times the channels of its middle convolution."""

Convolve = Callable[[Draft, Feature, int, int, int], Feature]
"""From x, channels, kernel and stride to the convolution, its batch norm and its quantiser."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a residual network convolves, within blocks and on shortcuts that change the shape."""

    conv: Convolve
    shortcut: Convolve
    is_each_bypassed: bool = False
    """Every convolution of a basic block has a shortcut of its own."""


def binary(bits: int) -> Convolve:
    """Signs meet signs; the result is quantised to so many bits."""

    def conv(draft: Draft, x: Feature, outputs: int, kernel: int, stride: int) -> Feature:
        return draft.normed(draft.conv(draft.sign(x), outputs, kernel, stride), bits)

    return conv


def real(bits: int, *, is_rectified: bool = True) -> Convolve:
    """What the papers compute in floating point: weights of eight bits."""

    def conv(draft: Draft, x: Feature, outputs: int, kernel: int, stride: int) -> Feature:
        x = draft.levels(draft.relu(x), bits, is_signed=False) if is_rectified else x
        return draft.normed(draft.conv(x, outputs, kernel, stride, weights=REAL), bits)

    return conv


def pieces(bits: int, weights: int, activations: int) -> Convolve:
    """Weights and activations take one of a few values each (thesis eq. 3.6 and 3.10).

    Values are multiples of 1/8, so that sums of products are exact.
    """
    side = np.arange(1, weights // 2 + 1) / 8
    kind = one_of((*-side[::-1], 0.0, *side), Role.PIECES)

    def conv(draft: Draft, x: Feature, outputs: int, kernel: int, stride: int) -> Feature:
        endpoints = fixed((np.arange(1, activations + 1) * x.rms / 4).astype(np.float32))
        values = fixed((np.arange(activations + 1) / 8).astype(np.float32))
        x = draft.add("Piecewise", x, endpoints, values, domain=MULFREE, rms=activations / 16)
        return draft.normed(draft.conv(x, outputs, kernel, stride, weights=kind), bits)

    return conv


def shortcut(draft: Draft, x: Feature, outputs: int, stride: int, conv: Convolve) -> Feature:
    """x itself, or a 1 x 1 convolution where the shape changes."""
    if stride == 1 and x.channels == outputs:
        return x
    with draft.place("downsample"):
        return conv(draft, x, outputs, 1, stride)


def basic_block(draft: Draft, x: Feature, outputs: int, stride: int, style: Style, last: Convolve) -> Feature:
    """Two 3 x 3 convolutions, and a shortcut around both or around each."""
    y = style.conv(draft, x, outputs, 3, stride)
    around = shortcut(draft, x, outputs, stride, style.shortcut)
    if style.is_each_bypassed:
        y = around = draft.total(y, around)
    return draft.total(last(draft, y, outputs, 3, 1), around)


def bottleneck(
    draft: Draft, x: Feature, inner: tuple[int, int], outputs: int, stride: int, style: Style, middle: Convolve
) -> Feature:
    """1 x 1, 3 x 3 and 1 x 1; the first takes the stride, as the first ResNets did."""
    y = style.conv(draft, x, inner[0], 1, stride)
    y = middle(draft, y, inner[1], 3, 1)
    y = style.conv(draft, y, outputs, 1, 1)
    return draft.total(y, shortcut(draft, x, outputs, stride, style.shortcut))


@dataclass(frozen=True, slots=True)
class Plan:
    """A residual network of four stages: its blocks, its style, and what a block's last 3 x 3 convolution is instead.

    That is the `middle` one of bottlenecks, in the `stages` named. `inner` are the channels into and out of it in the
    first stage; each further stage has twice as many.
    """

    depth: Depth
    style: Style
    width: int
    inner: tuple[int, int] | None = None
    middle: Convolve | None = None
    stages: tuple[int, ...] = (1, 2, 3, 4)

    def block(self, draft: Draft, x: Feature, stage: int, stride: int) -> Feature:
        middle = (stage + 1 in self.stages and self.middle) or self.style.conv
        if self.depth not in BOTTLENECKS:
            return basic_block(draft, x, self.width << stage, stride, self.style, middle)
        first, second = self.inner or (self.width, self.width)
        inner, outputs = (first << stage, second << stage), EXPANSION * self.width << stage
        return bottleneck(draft, x, inner, outputs, stride, self.style, middle)

    def architecture(self, name: str, size: int, channels: int, classes: int, bits: int) -> Architecture:
        draft = Draft(name, (channels, size, size))
        x = stem(draft, self.width, bits)
        for stage, count in enumerate(BLOCKS[self.depth]):
            for index in range(count):
                with draft.place(f"stage{stage + 1}.block{index + 1}"):
                    x = self.block(draft, x, stage, 2 if stage and not index else 1)
        return draft.architecture(classifier(draft, x, classes))


def resnet(
    *, depth: Depth = 18, width: int = 64, size: int = 32, channels: int = 3, classes: int = 100, bits: int = 4
) -> Architecture:
    """The network that the others are compared with, weights in eight bits and activations in `bits`."""
    plan = Plan(depth, Style(real(bits), real(bits, is_rectified=False)), width)
    return plan.architecture(f"resnet{depth}", size, channels, classes, bits)


def bi_real_resnet(
    *, depth: Depth = 18, width: int = 64, size: int = 32, channels: int = 3, classes: int = 100, bits: int = 4
) -> Architecture:
    """Binary convolutions, each with a shortcut of integers around it; `bits` is what each adds to it.

    Shortcuts that change the shape are real 1 x 1 convolutions (thesis section 5.3.5).
    """
    style = Style(binary(bits), real(bits, is_rectified=False), is_each_bypassed=True)
    return Plan(depth, style, width).architecture(f"bi_real_resnet{depth}", size, channels, classes, bits)


def pa_resnet(
    *,
    depth: Depth = 18,
    weights: int = 4,
    activations: int = 5,
    width: int = 64,
    size: int = 32,
    channels: int = 3,
    classes: int = 100,
    bits: int = 4,
) -> Architecture:
    """Weights in `weights` pieces beside 0, activations in `activations` (thesis section 3.3), shortcuts alike."""
    conv = pieces(bits, weights, activations)
    plan = Plan(depth, Style(conv, conv), width)
    return plan.architecture(f"pa_resnet{depth}", size, channels, classes, bits)
