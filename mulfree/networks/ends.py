"""How image classifiers begin and end: from bytes to small integers, and from a map to classes."""

from __future__ import annotations

from mulfree.networks.architecture import Feature
from mulfree.networks.constants import REAL
from mulfree.networks.draft import Draft

LARGE = 64
"""From this size of the image on, the stem is that of ImageNet."""


def stem(draft: Draft, width: int, bits: int) -> Feature:
    """7 x 7 by steps of two and a pool for large images, 3 x 3 for small ones; real weights."""
    with draft.place("stem"):
        is_large = draft.source.shape[-1] >= LARGE
        kernel, stride = (7, 2) if is_large else (3, 1)
        x = draft.conv(draft.pixels(), width, kernel, stride, weights=REAL)
        x = draft.normed(x, bits)
        return draft.max_pool(x, 3, 2) if is_large else x


def classifier(draft: Draft, x: Feature, classes: int) -> Feature:
    """Average over the map, in eight bits, and a dense layer with real weights."""
    with draft.place("classifier"):
        x = draft.global_average(draft.relu(x))
        return draft.dense(draft.flat(draft.levels(x, 8, is_signed=False)), classes)
