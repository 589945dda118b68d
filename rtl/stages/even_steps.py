"""Ascending thresholds that are evenly spaced but for rounding: x >= t_k exactly where 2^places x >= offset + k slope.

Where a scale and a rounding made the thresholds, such numbers exist, and one division replaces a table of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.ir import IntArray, IntRange

MOST_PLACES = 20
"""Binary places of a slope, at most."""
MOST_BITS = 60
"""Of any number that is met on the way."""
MOST_SLOPES = 64
"""Slopes of a channel that are tried for a number of places; there are more only where almost all of them do."""


@dataclass(frozen=True)
class EvenSteps:
    """For every channel, k >= 1 with 2^places x >= offset + k slope are those whose threshold x reaches."""

    places: int
    offset: IntArray
    """(channels,)"""
    slope: IntArray
    """(channels,), 0 or more."""


def even_steps(thresholds: IntArray, x: IntRange) -> EvenSteps | None:
    """Of ascending thresholds (channels, T) on plain numbers x, with the fewest binary places; None where there are
    none.

    A threshold of x.lo or less is always reached, one above x.hi never.
    """
    if thresholds.dtype == object or max(x.width, 1) + MOST_PLACES + thresholds.shape[1].bit_length() > MOST_BITS:
        return None
    rows, places_of = np.unique(thresholds, axis=0, return_inverse=True)
    places = _fewest_places(rows, x)
    if places is None:
        return None
    lines = [line for row in rows if (line := _line(row, x, places))]
    assert len(lines) == len(rows), "what fits in some places fits in more"
    found = np.array(lines, np.int64)[places_of.reshape(-1)]
    return EvenSteps(places, found[:, 0], found[:, 1])


def _fewest_places(rows: IntArray, x: IntRange) -> int | None:
    """In which every row fits: each takes as many as those before it, or more."""
    places = 0
    for row in rows:
        while _line(row, x, places) is None:
            places += 1
            if places > MOST_PLACES:
                return None
    return places


def _line(row: IntArray, x: IntRange, places: int) -> tuple[int, int] | None:
    """offset and slope between the bounds of all steps."""
    least, most = _bounds(row, x, places)
    if not least or not most:
        # All steps are always reached, or none is.
        return (most[0][1], 0) if most else (least[0][1], 0)
    first, last = _slopes(np.array(least), np.array(most))
    slopes = np.arange(first, min(last, first + MOST_SLOPES - 1) + 1)
    if not len(slopes):
        return None
    (ks, low), (js, high) = np.array(least).T, np.array(most).T
    offsets = (low - slopes[:, None] * ks).max(axis=1)
    fits = np.flatnonzero(offsets <= (high - slopes[:, None] * js).min(axis=1))
    return (int(offsets[fits[0]]), int(slopes[fits[0]])) if len(fits) else None


def _bounds(row: IntArray, x: IntRange, places: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """(k, least) and (k, most) of offset + k slope, as far as they are bounded."""
    steps = [*enumerate(row.tolist(), 1)]
    least = [(k, (min(t - 1, x.hi) << places) + 1) for k, t in steps if t > x.lo]
    most = [(k, max(t, x.lo) << places) for k, t in steps if t <= x.hi]
    return least, most


def _slopes(least: IntArray, most: IntArray) -> tuple[int, int]:
    """The first and the last slope that any two bounds leave; the last may be any where nothing bounds it."""
    apart = least[:, None, 0] - most[None, :, 0]
    gap = least[:, None, 1] - most[None, :, 1]
    below, above = apart > 0, apart < 0
    first = int(np.max(-(-gap[below] // apart[below]), initial=0))
    last = int(np.min(gap[above] // apart[above], initial=first + MOST_SLOPES))
    return first, last
