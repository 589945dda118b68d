"""REAF networks: every group of outputs reads its own combination of groups of inputs (thesis chapter 6)."""

from __future__ import annotations

from itertools import combinations
from math import comb

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.constants import BINARY, REAL, Weights
from mulfree.networks.draft import Draft
from mulfree.networks.residual import Convolve, Depth, Plan, Style, binary, real


def reaf_order(channels: int, groups: int, merged: int) -> list[int]:
    """Input channels of a grouped convolution with C(groups, merged) groups: the l-th reads the l-th combination.

    Raises ValueError unless the channels form so many groups, and 0 < merged <= groups.
    """
    if not 0 < merged <= groups or channels % groups:
        raise ValueError(f"{channels} channels do not form {groups} groups of which {merged} are read at once")
    each = channels // groups
    return [g * each + i for chosen in combinations(range(groups), merged) for g in chosen for i in range(each)]


def reaf_conv(
    draft: Draft, x: Feature, outputs: int, kernel: int, stride: int, groups: int, merged: int, weights: Weights
) -> Feature:
    """A convolution of `outputs` channels in C(groups, merged) groups (eq. 6.6): a gather and a grouped convolution."""
    out_groups = comb(groups, merged)
    if outputs % out_groups:
        raise ValueError(f"{outputs} outputs do not form {out_groups} groups")
    gathered = draft.channels(x, reaf_order(x.channels, groups, merged))
    return draft.conv(gathered, outputs, kernel, stride, weights=weights, groups=out_groups)


def reaf(groups: int, merged: int, bits: int, is_binary: bool) -> Convolve:
    """The convolution with its quantiser before it, its batch norm and its quantiser behind it."""

    def conv(draft: Draft, x: Feature, outputs: int, kernel: int, stride: int) -> Feature:
        x = draft.sign(x) if is_binary else draft.levels(draft.relu(x), bits, is_signed=False)
        weights = BINARY if is_binary else REAL
        return draft.normed(reaf_conv(draft, x, outputs, kernel, stride, groups, merged, weights), bits)

    return conv


def reaf_resnet(
    *,
    depth: Depth = 50,
    groups: int = 4,
    merged: int = 3,
    inputs: int = 72,
    outputs: int = 72,
    width: int = 64,
    is_binary: bool = True,
    size: int = 32,
    channels: int = 3,
    classes: int = 100,
    bits: int = 4,
) -> Architecture:
    """The 3 x 3 convolutions read `merged` of `groups` groups of `inputs` channels and give `outputs`.

    In each stage twice as many as in the one before (thesis Table 6.1: 4-3-4, C = C' = 72). Networks without
    bottlenecks have one width: `inputs`, and both convolutions of a block are such.
    """
    conv, plain = reaf(groups, merged, bits, is_binary), binary(bits) if is_binary else real(bits)
    between = real(bits, is_rectified=False)
    if depth in (18, 34):
        return Plan(depth, Style(conv, between), inputs).architecture("reaf_resnet", size, channels, classes, bits)
    plan = Plan(depth, Style(plain, between), width, (inputs, outputs), conv)
    return plan.architecture("reaf_resnet", size, channels, classes, bits)
