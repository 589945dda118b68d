"""A quantiser of floats as a few comparisons: the codes that its steps give, without computing them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.compiler.streamline.expression import Lanes, Step, leaf_of, parameters_of
from mulfree.compiler.streamline.levels import Levels
from mulfree.compiler.streamline.search import find_thresholds
from mulfree.compiler.streamline.thresholds import code_function, is_monotone
from mulfree.ir import AnyArray, IntArray, IntRange

MOST_CUTS = 4
"""Beyond this, comparing takes as long as the steps themselves."""
GREATEST_FLOAT = 0x7F7FFFFF
"""Bits of the greatest finite float32."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """code = first + step * #{c in at : x >= c}."""

    first: int
    step: int
    at: AnyArray

    def __call__(self, x: AnyArray) -> IntArray:
        codes: IntArray = (x >= self.at[0]).astype(np.int64)
        for cut in self.at[1:]:
            codes += x >= cut
        return self.first + self.step * codes


def cuts_of(step: Step, levels: Levels) -> Cuts | None:
    """The cuts equal to `step` for every finite float32, found by bisection over all of them.

    None where the input is another type, elements differ, or there are many levels or none.
    """
    is_uniform = all(p.is_uniform for p in parameters_of(step))
    if leaf_of(step).dtype != "float32" or not is_uniform or not is_monotone(step):
        return None
    codes = code_function(step, levels, Lanes((), by_element=False))
    if levels.range is None or levels.range.count > MOST_CUTS + 1:
        return None
    try:
        with np.errstate(over="ignore"):  # the greatest floats may overflow on the way to being clipped
            found = find_thresholds(
                lambda order: codes(_float(order)), IntRange(-GREATEST_FLOAT, GREATEST_FLOAT), 1, levels.step
            )
    except ValueError:  # infinity times zero: the steps are computed, and say so where it happens
        return None
    reached = found.thresholds[0][found.thresholds[0] <= GREATEST_FLOAT]
    if not reached.size:
        return None
    return Cuts(int(found.first[0]), levels.step * int(found.direction[0]), _float(reached))


def _float(order: IntArray) -> AnyArray:
    """float32 by their place in the order of all of them, with 0 at 0."""
    bits = np.abs(order).astype(np.uint32) | np.where(order < 0, np.uint32(1 << 31), np.uint32(0))
    floats: AnyArray = bits.view(np.float32)
    return floats
