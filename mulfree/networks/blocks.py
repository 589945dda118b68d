"""One block of each network by itself, behind its first layer: what is small enough to simulate in hardware."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.attention import Attention, aw_conv
from mulfree.networks.dense import dense_block, fractal_block
from mulfree.networks.draft import Draft
from mulfree.networks.ends import stem
from mulfree.networks.grouped import reaf
from mulfree.networks.residual import Convolve, Style, basic_block, binary, real
from mulfree.networks.searched import CELL, nasb_cell
from mulfree.networks.unified import fractal, transition

BITS = 4

Block = Callable[[Draft, Feature], Feature]


def _residual(conv: Convolve) -> Block:
    style = Style(conv, real(BITS, is_rectified=False))
    return lambda draft, x: basic_block(draft, x, x.channels, 1, style, conv)


def _reaf_group(groups: int, merged: int) -> Block:
    return _residual(reaf(groups, merged, BITS, is_binary=True))


def _attended(reduction: int) -> Block:
    return _residual(aw_conv(BITS, Attention(reduction), is_binary=True, is_residual=True))


def _next_stage(draft: Draft, x: Feature) -> Feature:
    return fractal(draft, transition(draft, x, 2 * x.channels, BITS), 2, binary(BITS))


BLOCKS: Mapping[str, Block] = {
    "bi-real": _residual(binary(BITS)),
    "ua-resnet": lambda draft, x: fractal(draft, x, 3, binary(BITS)),
    "ua-transition": _next_stage,
    "reaf": _reaf_group(4, 3),
    "aw": _attended(4),
    "nasb": lambda draft, x: nasb_cell(draft, x, x.channels, 1, CELL, BITS),
    "binary-dense": lambda draft, x: dense_block(x.channels, BITS)(draft, x),
    "ua-dense": lambda draft, x: fractal_block(x.channels, BITS)(draft, x),
}
"""By name: what makes the block's result from a map."""


def block(name: str, width: int, size: int) -> Architecture:
    """The block named, of so many channels, on maps of size x size; its result is the network's."""
    draft = Draft(f"{name}-block", (3, size, size))
    return draft.architecture(BLOCKS[name](draft, stem(draft, width, BITS)))
