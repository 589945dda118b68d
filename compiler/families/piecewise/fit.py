"""Pieces and their values: of weights by fixed endpoints, of activations by least squares; in fixed point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mulfree.compiler.least_squares import Floats
from mulfree.ir import AnyArray

ENDPOINTS: dict[int, tuple[float, ...]] = {
    2: (0.6121,),
    4: (0.3823, 1.2443),
    6: (0.2803, 0.8744, 1.6108),
    8: (0.25, 0.5, 1.0, 1.5),
}
"""Positive endpoints in standard deviations, by the number of pieces that are not 0.

For 8 the thesis' Table 3.1; below that, which it leaves open, those of least squares on a Gaussian (Max, 1960).
"""
MOST_GROUPS = 512
"""Groups of neighbouring samples among which the pieces of activations are searched."""


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """Numbers k * 2^-fraction with |k| < 2^magnitude_bits."""

    fraction: int
    magnitude_bits: int

    @classmethod
    def holding(cls, values: Floats, magnitude_bits: int) -> FixedPoint:
        """The finest in which no value is beyond the greatest number."""
        peak = float(np.abs(values).max(initial=0)) or 1.0
        fraction = magnitude_bits - math.ceil(math.log2(peak))
        is_beyond = round(peak * 2.0**fraction) >= 2**magnitude_bits
        return cls(fraction - int(is_beyond), magnitude_bits)

    @property
    def step(self) -> float:
        return 2.0**-self.fraction

    @property
    def greatest_error(self) -> float:
        """Half a step: what rounding a value to this format changes at most."""
        return self.step / 2

    def rounded(self, values: Floats) -> Floats:
        result: Floats = np.rint(values / self.step) * self.step
        return result

    def __str__(self) -> str:
        return f"{self.magnitude_bits} bits, steps of 2^{-self.fraction}"


@dataclass(frozen=True, slots=True)
class Pieces:
    """x is worth values[#{j : x >= endpoints[j]}]: `real` as fitted, `values` of them in the format."""

    endpoints: Floats
    real: Floats
    format: FixedPoint

    @property
    def values(self) -> Floats:
        return self.format.rounded(self.real)

    def __call__(self, x: AnyArray) -> AnyArray:
        """Every x, as float32 or whatever it is, by its value."""
        index = np.searchsorted(self.endpoints.astype(x.dtype), x.ravel(), side="right").reshape(x.shape)
        result: AnyArray = self.values[index].astype(x.dtype)
        return result


def weight_pieces(weights: AnyArray, pieces: int, bits: int) -> Pieces:
    """Equations 3.6 and 3.7: fixed endpoints u std(W), means of the pieces, 0 in the middle one.

    `pieces` are those that are not 0 (2, 4, 6 or 8); `bits` with the sign. A piece that holds no weight has the
    endpoint nearest to 0 as its value.
    """
    flat = weights.astype(np.float64).ravel()
    positive = np.array(ENDPOINTS[pieces]) * (flat.std() or 1.0)
    endpoints = np.concatenate([-positive[::-1], positive])
    index = np.searchsorted(endpoints, flat, side="right")
    real = [_piece_mean(flat[index == i], endpoints, i, pieces // 2) for i in range(pieces + 1)]
    return Pieces(endpoints, np.array(real), FixedPoint.holding(np.array(real), bits - 1))


def _piece_mean(members: Floats, endpoints: Floats, piece: int, middle: int) -> float:
    if piece == middle:
        return 0.0
    inner = endpoints[piece if piece < middle else piece - 1]
    return float(members.mean()) if members.size else float(inner)


def activation_pieces(samples: AnyArray, pieces: int, bits: int) -> Pieces:
    """At most so many pieces above 0 that come closest to the samples >= 0 (equation 3.10), in least squares.

    Endpoints lie in the middle between neighbouring values, and values rise (exact, by dynamic programming over groups
    of neighbouring samples). Raises ValueError if no sample is greater than 0.
    """
    positive = np.sort(samples[samples > 0].astype(np.float64))
    if not positive.size:
        raise ValueError("no sample is greater than 0")
    groups = _Groups.of(positive)
    real = np.concatenate([[0.0], groups.means(min(pieces, groups.count))])
    return Pieces((real[1:] + real[:-1]) / 2, real, FixedPoint.holding(real, bits))


@dataclass(frozen=True, slots=True)
class _Groups:
    """Sums of neighbouring samples, from the first group to each: how many, their sum, their squares."""

    counts: Floats
    sums: Floats
    squares: Floats

    @classmethod
    def of(cls, ordered: Floats) -> _Groups:
        parts = np.array_split(ordered, min(MOST_GROUPS, len(np.unique(ordered))))
        totals = [[len(p), p.sum(), (p * p).sum()] for p in parts]
        return cls(*np.concatenate([np.zeros((1, 3)), np.cumsum(totals, axis=0)]).T)

    @property
    def count(self) -> int:
        return len(self.counts) - 1

    def means(self, pieces: int) -> Floats:
        """Of the best parting into a first part, which is worth 0, and so many others."""
        cuts = self._cuts(pieces)
        ends = np.array([*cuts, self.count])
        result: Floats = np.diff(self.sums[ends]) / np.diff(self.counts[ends])
        return result

    def _cuts(self, pieces: int) -> list[int]:
        """Where the parts begin: best[j] is the least error of the first j groups in a first part and some others."""
        best, choices = self.squares.copy(), list[npt.NDArray[np.intp]]()
        for _ in range(pieces):
            totals = np.array([self._error_of_last(best, end) for end in range(1, self.count + 1)])
            choices.append(totals[:, 1].astype(np.intp))
            best = np.concatenate([[np.inf], totals[:, 0]])
        return _traced(choices, self.count)

    def _error_of_last(self, best: Floats, end: int) -> tuple[float, int]:
        """Least error of the groups before `end`, and where the last of their parts begins."""
        count, total, square = (row[end] - row[:end] for row in (self.counts, self.sums, self.squares))
        errors = best[:end] + square - total * total / count
        start = int(errors.argmin())
        return float(errors[start]), start


def _traced(choices: Sequence[npt.NDArray[np.intp]], end: int) -> list[int]:
    cuts = list[int]()
    for choice in reversed(choices):
        end = int(choice[end - 1])
        cuts.insert(0, end)
    return cuts
