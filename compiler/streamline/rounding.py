"""Exact rationals to floats, rounded once."""

from __future__ import annotations

import numpy as np

from mulfree.ir import AnyArray

EXACT_NUMERATOR = 2**52
EXACT_DENOMINATOR = 2**27


def rounded(numerator: AnyArray, denominator: AnyArray, dtype: str) -> AnyArray:
    """numerator / denominator (integers, denominator > 0, broadcast) in the dtype, to nearest, ties to even.

    Where n < 2^52 and d < 2^27 a double is never mistaken for a midpoint of two float32: a midpoint m has 25 bits,
    so n / d differs from it by at least min(1 / n, 2^-25 / d) of its size, and the double's error is below that.
    """
    if np.issubdtype(np.dtype(dtype), np.integer) or dtype == "bool":
        return np.asarray(numerator // denominator).astype(dtype)
    if _peak(numerator) < EXACT_NUMERATOR and (_peak(denominator) < EXACT_DENOMINATOR or _are_powers(denominator)):
        return np.asarray(numerator.astype(np.float64) / denominator.astype(np.float64)).astype(dtype)
    pairs = np.broadcast(numerator, denominator)
    nearest = np.array([_sticky(int(n), int(d)) for n, d in pairs], dtype=np.float64)
    return nearest.reshape(pairs.shape).astype(dtype)


def _sticky(n: int, d: int) -> float:
    """n / d to 50 bits, the last one set if anything was cut off: rounding this again rounds n / d itself."""
    shift = max(0, 50 - n.bit_length() + d.bit_length())
    quotient, rest = divmod(abs(n) << shift, d)
    excess = max(0, quotient.bit_length() - 50)
    kept = quotient >> excess
    lost = rest or quotient != kept << excess
    magnitude = float(np.ldexp(float(kept | 1 if lost else kept), excess - shift))
    return -magnitude if n < 0 else magnitude


def _are_powers(denominator: AnyArray) -> bool:
    return all(int(d) & (int(d) - 1) == 0 and int(d) < 2**1000 for d in np.unique(denominator))


def _peak(values: AnyArray) -> int:
    return max((abs(int(v)) for v in (values.min(), values.max())), default=0) if values.size else 0
