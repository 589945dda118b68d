"""Weights as sums of signs: what XNOR-popcount takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.ir import IntArray


@dataclass(frozen=True, slots=True)
class SignTerms:
    """divisor * w = unit * sum over j of signs[j], every sign -1 or +1; signs are (terms, M, C, rows, columns)."""

    signs: IntArray
    unit: int
    divisor: int


def sign_terms(weights: IntArray, most: int) -> SignTerms | None:
    """The fewest terms, None if there are more than `most`.

    +-1 is one term; 0 is a pair of opposite signs, so ternary weights are two terms and half their sum.
    """
    unit = int(np.gcd.reduce(weights, axis=None))
    peak = int(np.abs(weights).max()) // unit if unit else 0
    if not 0 < peak <= most:
        return None
    divisor = 1 if (weights // unit % 2 == peak % 2).all() else 2
    count = peak * divisor
    positive = (weights // unit * divisor + count) // 2
    signs = np.where(np.arange(count).reshape(-1, 1, 1, 1, 1) < positive, 1, -1)
    return SignTerms(signs, unit, divisor) if count <= most else None
