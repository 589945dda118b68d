"""CALN: convolutions that extract features, and a logic tree over linear units for each class."""

from __future__ import annotations

from mulfree.networks.architecture import Architecture
from mulfree.networks.draft import MULFREE, Draft
from mulfree.networks.ends import stem
from mulfree.networks.residual import Style, basic_block, binary, real

MAX, MIN = -1, -2
"""Codes of the inner nodes of a tree in preorder."""


def balanced(first: int, units: int, kind: int = MAX) -> list[int]:
    """A tree over the units first, first + 1, ..., whose levels are maxima and minima in turn."""
    if units == 1:
        return [first]
    left, below = (units + 1) // 2, MIN if kind == MAX else MAX
    return [kind, *balanced(first, left, below), *balanced(first + left, units - left, below)]


def caln(
    *,
    units: int = 8,
    blocks: int = 2,
    is_binary: bool = True,
    width: int = 64,
    size: int = 32,
    channels: int = 3,
    classes: int = 10,
    bits: int = 4,
) -> Architecture:
    """Three stages of `blocks` residual blocks, and `units` linear units for the tree of each class.

    With two blocks in each stage there are the 13 convolutions of the paper's ResNet13 and two on shortcuts.
    """
    draft = Draft("caln", (channels, size, size))
    conv = binary(bits) if is_binary else real(bits)
    style = Style(conv, real(bits, is_rectified=False), is_each_bypassed=is_binary)
    x = stem(draft, width, bits)
    for stage in range(3):
        for index in range(blocks):
            with draft.place(f"stage{stage + 1}.block{index + 1}"):
                x = basic_block(draft, x, width << stage, 2 if stage and not index else 1, style, conv)
    with draft.place("trees"):
        features = draft.levels(draft.global_average(draft.relu(x)), 8, is_signed=False)
        linear = draft.dense(draft.flat(features), units * classes)
        codes = [code for tree in range(classes) for code in balanced(tree * units, units)]
        y = draft.add("MinMaxTrees", linear, shape=(classes,), domain=MULFREE, attributes={"trees": codes})
    return draft.architecture(y)
