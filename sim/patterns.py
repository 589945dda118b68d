"""When the world outside gives and takes tokens: one byte per cycle, repeated, the same for every model.

A source's byte says that it may begin to offer a token in that cycle; it then offers it until it is taken, as
AXI-Stream asks. A sink's byte says that it is ready in that cycle.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pattern = npt.NDArray[np.uint8]

ALWAYS: Pattern = np.ones(1, np.uint8)
PERIOD = 1 << 12


def random_pattern(probability: float, seed: int, period: int = PERIOD) -> Pattern:
    """Each cycle by itself is 1 with the given probability; at least one is."""
    return _never_silent((np.random.default_rng(seed).random(period) < probability).astype(np.uint8))


def bursty_pattern(on: float, off: float, seed: int, period: int = PERIOD) -> Pattern:
    """Runs of ones and zeros in turn, of geometric length with the mean `on` and `off` (at least one) cycles."""
    rng = np.random.default_rng(seed)
    runs = np.stack([rng.geometric(1 / on, period), rng.geometric(1 / off, period)], axis=1).ravel()
    return np.repeat(np.tile(np.array([1, 0], np.uint8), period), runs)[:period]


def waits(pattern: Pattern) -> npt.NDArray[np.int64]:
    """For every cycle of the pattern, how many cycles on the next 1 is: 0 where it is 1."""
    ones = np.flatnonzero(pattern)
    if not len(ones):
        raise ValueError("a pattern that is never 1 lets no token pass")
    period = len(pattern)
    following = np.append(ones, ones[0] + period)[np.searchsorted(ones, np.arange(period))]
    return following - np.arange(period)


def _never_silent(pattern: Pattern) -> Pattern:
    if not pattern.any():
        pattern[-1] = 1
    return pattern
