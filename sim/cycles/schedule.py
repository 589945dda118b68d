"""Counter programs in compact form: runs of equal steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mulfree.rtl.actors import Stepper

Masks = npt.NDArray[np.int64]


def step_masks(actor: Stepper) -> Masks:
    """Per step, a bit per input that it takes from, then a bit per output that it gives to."""
    ports = np.concatenate([actor.consumes, actor.emits])
    assert len(ports) < 63, "an actor has at most 62 ports"
    masks = np.zeros(actor.period, np.int64)
    for bit, moves in enumerate(ports):
        masks |= moves.astype(np.int64) << bit
    return masks


def runs(masks: Masks) -> tuple[Masks, Masks]:
    """(mask, length) of each run of equal steps."""
    starts = np.flatnonzero(np.append(True, masks[1:] != masks[:-1]))
    return masks[starts], np.diff(np.append(starts, len(masks)))


def shortest_period(masks: Masks) -> Masks:
    """The shortest program that, repeated, makes the given one."""
    size = len(masks)
    for period in _divisors(size):
        if np.array_equal(masks[period:], masks[:-period]):
            return masks[:period]
    return masks


def _divisors(number: int) -> list[int]:
    """In rising order, without the number itself."""
    small = [d for d in range(1, int(number**0.5) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)} - {number})
