"""Densely connected networks of binary convolutions: BinaryDenseNet and UA-DenseNet (thesis section 5.3.3)."""

from __future__ import annotations

from collections.abc import Callable

from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.draft import Draft
from mulfree.networks.ends import classifier, stem
from mulfree.networks.residual import binary
from mulfree.networks.unified import join, transition

Grow = Callable[[Draft, Feature], Feature]


def dense_block(growth: int, bits: int) -> Grow:
    """Two convolutions, each of whose results joins what was there: 2 x growth more channels."""
    conv = binary(bits)

    def grow(draft: Draft, x: Feature) -> Feature:
        x = draft.concat(x, conv(draft, x, growth, 3, 1))
        return draft.concat(x, conv(draft, x, growth, 3, 1))

    return grow


def fractal_block(growth: int, bits: int) -> Grow:
    """A truncated fractal of two columns: growth more channels.

    conv(x) joined with conv(z) + z for z = conv'(x); O = that, beside x        (eq. 5.4, 5.6)
    """
    conv = binary(bits)

    def grow(draft: Draft, x: Feature) -> Feature:
        z = conv(draft, x, growth, 3, 1)
        longer = draft.total(conv(draft, z, growth, 3, 1), z)
        return draft.concat(x, join(draft, [longer, conv(draft, x, growth, 3, 1)]))

    return grow


def dense_network(
    draft: Draft,
    grow: Grow,
    initial: int,
    blocks: tuple[int, ...],
    transitions: tuple[int, ...],
    classes: int,
    bits: int,
) -> Architecture:
    if len(transitions) != len(blocks) - 1:
        raise ValueError(f"{len(blocks)} stages need {len(blocks) - 1} transitions, not {len(transitions)}")
    x = stem(draft, initial, bits)
    for stage, count in enumerate(blocks):
        with draft.place(f"stage{stage + 1}"):
            x = transition(draft, x, transitions[stage - 1], bits) if stage else x
            for index in range(count):
                with draft.place(f"block{index + 1}"):
                    x = grow(draft, x)
    return draft.architecture(classifier(draft, x, classes))


def binary_densenet(
    *,
    growth: int = 32,
    initial: int = 64,
    blocks: tuple[int, ...] = (6, 6, 6, 5),
    transitions: tuple[int, ...] = (166, 204, 267),
    size: int = 32,
    channels: int = 3,
    classes: int = 100,
    bits: int = 4,
) -> Architecture:
    """Blocks of two binary convolutions with `growth` channels each; `transitions` are the channels between stages."""
    draft = Draft("binary_densenet", (channels, size, size))
    return dense_network(draft, dense_block(growth, bits), initial, blocks, transitions, classes, bits)


def ua_densenet(
    *,
    growth: int = 48,
    initial: int = 64,
    blocks: tuple[int, ...] = (6, 8, 12, 6),
    transitions: tuple[int, ...] = (160, 224, 256),
    size: int = 32,
    channels: int = 3,
    classes: int = 100,
    bits: int = 4,
) -> Architecture:
    """Fractals of two columns that add `growth` channels each; `transitions` are the channels between stages."""
    draft = Draft("ua_densenet", (channels, size, size))
    return dense_network(draft, fractal_block(growth, bits), initial, blocks, transitions, classes, bits)
