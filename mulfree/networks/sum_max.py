"""The network of the sum-and-max paper: one layer of sums and maxima, and a dense layer (its Figure 2)."""

from __future__ import annotations

import numpy as np

from mulfree.ir import AnyArray
from mulfree.networks.architecture import Architecture, Feature
from mulfree.networks.constants import Draw, Parameter, Role, number, whole
from mulfree.networks.draft import MULFREE, Draft

STEP = 1 / 16
"""What a byte counts, from -8 on."""


def samples(draft: Draft) -> Feature:
    """Bytes as signed numbers."""
    centred = draft.add("Sub", draft.pixels(), number(128), rms=74.0)
    return draft.add("Mul", centred, number(STEP), rms=74.0 * STEP)


def adjacent(absent: float, taps: int) -> Draw:
    """Of output m the entries from m * inputs / outputs on; those at the end begin earlier. The others are absent."""

    def draw(random: np.random.Generator, shape: tuple[int, ...]) -> AnyArray:
        outputs, inputs = shape
        first = np.minimum(np.arange(outputs) * inputs // outputs, inputs - taps)
        places = np.arange(inputs) - first[:, None]
        drawn = whole(8, limit=128 * STEP).draw(random, shape)
        return np.where((places >= 0) & (places < taps), drawn, np.float32(absent)).astype(np.float32)

    return draw


def sam(*, inputs: int = 512, width: int = 1024, taps: int = 0, classes: int = 10, bits: int = 6) -> Architecture:
    """o = max(x + W+) + min(x + W-) to `width` outputs, and a dense layer.

    `taps` entries are kept for each output and term; 0 keeps all.
    """
    if not 0 <= taps <= inputs:
        raise ValueError(f"{taps} entries of {inputs} inputs cannot be kept; take 0 to {inputs}")
    kept = taps or inputs
    draft = Draft("sam", (inputs,))
    shape, absent = (width, inputs), width * (inputs - kept)
    terms = (Parameter(shape, Role.REAL, adjacent(end, kept), absent=absent) for end in (-np.inf, np.inf))
    x = draft.add("SumMax", samples(draft), *terms, shape=(width,), rms=74.0 * STEP, domain=MULFREE)
    return draft.architecture(draft.dense(draft.levels(draft.norm(x), bits), classes))


def mac(*, inputs: int = 512, width: int = 307, classes: int = 10, bits: int = 6) -> Architecture:
    """What `sam` is compared with: two dense layers of products."""
    draft = Draft("mac", (inputs,))
    x = draft.dense(samples(draft), width)
    x = draft.levels(draft.relu(x), bits, is_signed=False)
    return draft.architecture(draft.dense(x, classes))
