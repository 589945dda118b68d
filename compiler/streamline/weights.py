"""Constant weights as small integers times a scale, found from the values themselves.

Importing folds every constant, so a weight tensor arrives as the floats that its quantiser gave. Whatever
quantiser that was, they are fl(q * s) for small integers q, and both are recovered here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mulfree.ir import AnyArray, IntArray

MAX_CODE = 2**15
RELATIVE_ERROR = 2.0**-22
"""What rounding a few times to float32 may do to q * s, with a margin of two."""


@dataclass(frozen=True)
class Weights:
    """real[m, ...] = codes[m, ...] * scales[m]; `scales` has one element if all output channels agree."""

    codes: IntArray
    scales: tuple[Fraction, ...]

    def scale(self, channel: int) -> Fraction:
        return self.scales[channel if len(self.scales) > 1 else 0]


def weights_of(array: AnyArray) -> Weights | None:
    """The array (output channels along axis 0) as integers below MAX_CODE times scales; None if it is on no grid.

    One scale for all output channels, unless a scale for each makes the integers at least a bit shorter.
    """
    if not np.issubdtype(array.dtype, np.floating):
        return Weights(array.astype(np.int64), (Fraction(1),))
    if not np.isfinite(array).all():
        return None
    whole, rows = _on_grid(array), [_on_grid(row) for row in array]
    found = [row for row in rows if row]
    if len(found) < len(rows):
        return None if whole is None else Weights(whole[0], (whole[1],))
    apart = Weights(np.stack([codes for codes, _ in found]), tuple(scale for _, scale in found))
    if whole and _peak(whole[0]) < 2 * _peak(apart.codes):
        return Weights(whole[0], (whole[1],))
    return apart


def _peak(codes: IntArray) -> int:
    return int(np.abs(codes).max(initial=0))


def _on_grid(values: AnyArray) -> tuple[IntArray, Fraction] | None:
    """(codes, scale) with values = codes * scale up to float rounding, the scale as large as possible."""
    magnitudes = np.unique(np.abs(values.astype(np.float64)))
    magnitudes = magnitudes[magnitudes > 0]
    if not magnitudes.size:
        return np.zeros(values.shape, dtype=np.int64), Fraction(1)
    spacing = _spacing(magnitudes)
    if spacing is None:
        return None
    codes = np.rint(values.astype(np.float64) / spacing).astype(np.int64)
    scale = _refined(values, codes, float(magnitudes[-1]))
    errors = np.abs(codes * scale - values.astype(np.float64))
    return (codes, Fraction(scale)) if bool((errors <= np.abs(values) * RELATIVE_ERROR).all()) else None


def _spacing(magnitudes: AnyArray) -> float | None:
    """The largest number of which all magnitudes (ascending) are multiples below MAX_CODE, up to rounding."""
    spacing = float(magnitudes[0])
    while True:
        ratios = magnitudes / spacing
        if ratios[-1] > MAX_CODE:
            return None
        off = np.flatnonzero(np.abs(ratios - np.rint(ratios)) > ratios * RELATIVE_ERROR)
        if not off.size:
            return spacing
        parts = _parts(float(ratios[off[0]]))
        if parts is None:
            return None
        # The largest value that already fits says most exactly what the spacing is.
        good = ratios[: off[0]]
        spacing = float(magnitudes[off[0] - 1]) / float(np.rint(good[-1])) / parts


def _parts(ratio: float) -> int | None:
    """The least k for which k * ratio is an integer below MAX_CODE, up to rounding."""
    k = np.arange(2, int(MAX_CODE / ratio) + 1, dtype=np.float64)
    multiples = k * ratio
    hits = np.flatnonzero(np.abs(multiples - np.rint(multiples)) <= multiples * RELATIVE_ERROR)
    return int(k[hits[0]]) if hits.size else None


def _refined(values: AnyArray, codes: IntArray, peak: float) -> float:
    """The scale of the array's own type that gives back the values bit for bit, else the closest."""
    middle = values.dtype.type(peak / _peak(codes))
    up, down = (np.nextafter(middle, values.dtype.type(end)) for end in (np.inf, 0))
    for scale in (middle, up, down):
        if bool(((codes * np.float64(scale)).astype(values.dtype) == values).all()):
            return float(scale)
    return peak / _peak(codes)
