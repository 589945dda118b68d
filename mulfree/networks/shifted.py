"""ShiftNet and SANet: residual networks whose 3 x 3 convolutions read one tap of each channel."""

from __future__ import annotations

from math import sqrt

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.constants import Parameter, Role, whole
from mulfree.networks.draft import MULFREE, Draft
from mulfree.networks.ends import classifier, stem
from mulfree.networks.residual import Convolve, Style, basic_block

WEIGHTS = whole(4)


def offsets(channels: int, kernel: int) -> list[int]:
    """(dy, dx) of every channel: each place of the kernel as often as the others, as ShiftNet assigns them."""
    reach = range(-(kernel // 2), kernel // 2 + 1)
    places = [(dy, dx) for dy in reach for dx in reach]
    return [o for channel in range(channels) for o in places[channel % len(places)]]


def shifted(bits: int) -> Convolve:
    """Channels move by offsets of their own, and a 1 x 1 convolution mixes them."""

    def conv(draft: Draft, x: Feature, outputs: int, kernel: int, stride: int) -> Feature:
        x = draft.levels(draft.relu(x), bits, is_signed=False)
        x = draft.add("Shift", x, domain=MULFREE, attributes={"offsets": offsets(x.channels, kernel)})
        return draft.normed(draft.conv(x, outputs, 1, stride, weights=WEIGHTS), bits)

    return conv


def attended(bits: int) -> Convolve:
    """Each pair of an output and an input channel keeps one tap of its own."""

    def conv(draft: Draft, x: Feature, outputs: int, kernel: int, stride: int) -> Feature:
        x = draft.levels(draft.relu(x), bits, is_signed=False)
        weights = WEIGHTS.of(outputs, x.channels)
        taps = Parameter(weights.shape, Role.SETTING, lambda random, shape: random.integers(0, kernel**2, shape))
        rms = sqrt(x.channels) * x.rms * weights.rms
        y = draft.window("ShiftAttentionConv", x, outputs, kernel, stride, weights, taps, rms=rms, domain=MULFREE)
        return draft.normed(y, bits)

    return conv


def three_stages(draft: Draft, conv: Convolve, blocks: int, width: int, classes: int, bits: int) -> Architecture:
    """ResNet20 for three blocks in each stage, ResNet56 for nine; shortcuts that change the shape are alike."""
    style = Style(conv, conv)
    x = stem(draft, width, bits)
    for stage in range(3):
        for index in range(blocks):
            with draft.place(f"stage{stage + 1}.block{index + 1}"):
                x = basic_block(draft, x, width << stage, 2 if stage and not index else 1, style, conv)
    return draft.architecture(classifier(draft, x, classes))


def shiftnet(
    *, blocks: int = 3, width: int = 16, size: int = 32, channels: int = 3, classes: int = 10, bits: int = 4
) -> Architecture:
    """Shifts and 1 x 1 convolutions in the place of 3 x 3 convolutions (Wu et al.), weights of four bits."""
    draft = Draft("shiftnet", (channels, size, size))
    return three_stages(draft, shifted(bits), blocks, width, classes, bits)


def sanet(
    *, blocks: int = 3, width: int = 16, size: int = 32, channels: int = 3, classes: int = 10, bits: int = 4
) -> Architecture:
    """Shift attention layers after training (Shift Attention Layer, section 3), weights of four bits."""
    draft = Draft("sanet", (channels, size, size))
    return three_stages(draft, attended(bits), blocks, width, classes, bits)
