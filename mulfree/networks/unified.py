"""UA-ResNet: fractal blocks of binary convolutions that all have shortcuts (thesis section 5.3.2)."""

from __future__ import annotations

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.draft import Draft
from mulfree.networks.ends import classifier, stem
from mulfree.networks.residual import Convolve, binary, real

JOINED_BITS = 8
"""Of the mean that a join gives, sign included."""


def columns_of(draft: Draft, x: Feature, count: int, conv: Convolve) -> list[Feature]:
    """The ends of the columns of a fractal: count - 1 of them go through a fractal of one column less first.

    F_1(x) = conv(x) + x;  F_(c+1)(x) = F_c(F_c(x)) joined with conv(x) + x        (eq. 5.1, 5.2)
    """
    own = draft.total(conv(draft, x, x.channels, 3, 1), x)
    if count == 1:
        return [own]
    return [*columns_of(draft, fractal(draft, x, count - 1, conv), count - 1, conv), own]


def fractal(draft: Draft, x: Feature, columns: int, conv: Convolve) -> Feature:
    """One join of all columns; joins of inner fractals that end here are part of it, as in FractalNet."""
    ends = columns_of(draft, x, columns, conv)
    return join(draft, ends) if len(ends) > 1 else ends[0]


def join(draft: Draft, ends: list[Feature]) -> Feature:
    """The mean, quantised."""
    return draft.levels(draft.mean(*ends), JOINED_BITS)


def transition(draft: Draft, x: Feature, outputs: int, bits: int) -> Feature:
    """A pool that halves the map, and a real 1 x 1 convolution to other channels."""
    with draft.place("transition"):
        return real(bits)(draft, draft.max_pool(x), outputs, 1, 1)


def ua_resnet(
    *,
    columns: int = 3,
    blocks: tuple[int, ...] = (1, 1, 1, 1),
    width: int = 53,
    size: int = 32,
    channels: int = 3,
    classes: int = 100,
    bits: int = 4,
) -> Architecture:
    """`blocks` fractals of `columns` columns in each stage; a stage has twice the channels of the one before.

    A fractal has 2^columns - 1 binary convolutions, of which 2^(columns - 1) lie one after the other.
    """
    draft = Draft("ua_resnet", (channels, size, size))
    x = stem(draft, width, bits)
    for stage, count in enumerate(blocks):
        with draft.place(f"stage{stage + 1}"):
            x = transition(draft, x, width << stage, bits) if stage else x
            for index in range(count):
                with draft.place(f"block{index + 1}"):
                    x = fractal(draft, x, columns, binary(bits))
    return draft.architecture(classifier(draft, x, classes))
