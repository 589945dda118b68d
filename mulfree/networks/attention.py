"""AW networks: attention that each sample computes for the weights (thesis chapter 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from mulfree.networks.architecture import Architecture, Attribute, Feature
from mulfree.networks.constants import BINARY, REAL, fixed
from mulfree.networks.draft import MULFREE, Draft
from mulfree.networks.residual import Convolve, Depth, Plan, Style, binary, real

LEAST_EXPONENT = -3
"""Attention is 2^-3, ..., 1 in the place of a sigmoid's values between 0 and 1."""


Axis = Literal["inputs", "outputs"]


@dataclass(frozen=True, slots=True)
class Attention:
    """What attention there is for weights (M, C, k, k): one for each output, or input, and tap.

    Along `shared`, `parts` neighbouring stretches of weights have one each (thesis eq. 7.8: C / r = parts). Without
    `by_tap`, and for maps that are smaller than the kernel, all taps share it.
    """

    reduction: int = 16
    shared: Axis = "inputs"
    parts: int = 1
    by_tap: bool = True

    def shape(self, x: Feature, outputs: int, kernel: int) -> tuple[int, int, int, int]:
        taps = kernel if self.by_tap and min(x.shape[1:]) >= kernel else 1
        by_output = (outputs, self.parts) if self.shared == "inputs" else (self.parts, x.channels)
        return (*by_output, taps, taps)

    def exponents(self, draft: Draft, x: Feature, outputs: int, kernel: int, bits: int) -> Feature:
        """A pool to the kernel's size and two pointwise convolutions, each with a batch norm (eq. 7.7)."""
        shape = self.shape(x, outputs, kernel)
        count = shape[0] * shape[1]
        with draft.place("attention"):
            pooled = draft.levels(pool_to(draft, x, shape[-1]), bits, is_signed=False)
            hidden = draft.norm(draft.conv(pooled, max(1, count // self.reduction), 1, weights=REAL))
            hidden = draft.levels(draft.relu(hidden), bits, is_signed=False)
            scores = draft.norm(draft.conv(hidden, count, 1, weights=REAL))
            exponents = draft.exponents(scores, LEAST_EXPONENT)
            return draft.add("Reshape", exponents, fixed(np.array((-1, *shape), np.int64)), shape=shape)


def pool_to(draft: Draft, x: Feature, size: int) -> Feature:
    """Averages over size x size windows of a map that is at least as large."""
    steps = [n // size for n in x.shape[1:]]
    windows = [n - (size - 1) * step for n, step in zip(x.shape[1:], steps, strict=True)]
    shape = (x.channels, size, size)
    settings: Mapping[str, Attribute] = {"kernel_shape": windows, "strides": steps, "count_include_pad": 1}
    return draft.add("AveragePool", x, shape=shape, attributes=settings)


def aw_conv(bits: int, attention: Attention, is_binary: bool, is_residual: bool) -> Convolve:
    """x meets K (1 + A), or K A unless residual (eq. 7.6), K binary or real; A is computed from the same x."""

    def conv(draft: Draft, x: Feature, outputs: int, kernel: int, stride: int) -> Feature:
        x = draft.levels(draft.relu(x), bits, is_signed=False) if not is_binary else x
        exponents = attention.exponents(draft, x, outputs, kernel, bits)
        x = draft.sign(x) if is_binary else x
        weights = (BINARY if is_binary else REAL).of(outputs, x.channels, kernel, kernel)
        rms = sqrt(x.channels * kernel**2) * x.rms * weights.rms
        y = draft.window(
            "AttentionalWeightConv",
            x,
            outputs,
            kernel,
            stride,
            weights,
            exponents,
            rms=rms * (1.5 if is_residual else 0.5),
            domain=MULFREE,
            attributes={"residual": int(is_residual)},
        )
        return draft.normed(y, bits)

    return conv


def aw_resnet(
    *,
    depth: Depth = 18,
    reduction: int = 16,
    shared: Axis = "inputs",
    parts: int = 1,
    by_tap: bool = True,
    is_residual: bool = True,
    stages: tuple[int, ...] = (1, 2, 3, 4),
    is_binary: bool = True,
    width: int = 64,
    size: int = 32,
    channels: int = 3,
    classes: int = 100,
    bits: int = 4,
) -> Architecture:
    """ResNet whose 3 x 3 convolutions have attention in the stages named (thesis Table 7.1)."""
    plain = binary(bits) if is_binary else real(bits)
    conv = aw_conv(bits, Attention(reduction, shared, parts, by_tap), is_binary, is_residual)
    style = Style(plain, real(bits, is_rectified=False))
    plan = Plan(depth, style, width, middle=conv, stages=stages)
    return plan.architecture("aw_resnet", size, channels, classes, bits)
