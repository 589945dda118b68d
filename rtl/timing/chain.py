"""Adders and comparators of words: bits along the last axis, the lowest first."""

from __future__ import annotations

from functools import cache
from math import ceil, log2

import numpy as np

from mulfree.ir import AnyArray
from mulfree.rtl.timing.delays import Delays
from mulfree.rtl.timing.signal import NEVER, Floats, Signal, leaf, table, wide


def added(delays: Delays, width: int, *operands: Signal, top_only: bool = False) -> Signal:
    """A sum of words, `width` bits of it; with `top_only` its last bit alone matters and is all that is given.

    Ripples along a carry chain: bit i waits for the latest of what comes in below it, and each place between.
    """
    words = [_resized(x, width) for x in operands]
    if width <= delays.shortest_chain:
        return _in_tables(delays, words, top_only)
    latest = np.maximum.reduce([x.at for x in words])
    used = np.sum(np.broadcast_arrays(*(x.inputs > 0 for x in words)), axis=0)
    carries = _carries(delays, latest, width)
    own = table(delays, *words)
    result = _sum(delays, carries, own, used)
    return result[..., -1:] if top_only else result


def compared(delays: Delays, a: Signal, b: Signal, *, is_signed: bool = False) -> Signal:
    """Whether a word is at least another: the carry out of a difference; with signs, that and the one below it.

    The sign of a constant is known: it takes no more than the table behind the carry.
    """
    width = max(a.shape[-1], b.shape[-1])
    zero = leaf(NEVER, (*a.shape[:-1], 1))
    words = _topped(a, width, zero), _topped(table(delays, b), width, zero)
    carry = leaf(added(delays, width + 1, *words, top_only=True).at)
    is_constant = b.latest <= NEVER / 2
    if not is_signed or (is_constant and delays.absorbs):
        return carry
    # A carry that logic reads, too, cannot stay on a chain that hands it on to its neighbour alone.
    top = carry.after(delays.chain + delays.leave) if delays.splits and not is_constant else carry
    return table(delays, top, a[..., -1:], b[..., -1:])


def totalled(delays: Delays, width: int, operands: list[Signal]) -> Signal:
    """A sum of several words at once: rows of full adders until two are left, then a chain."""
    while len(operands) > 2:
        three, rest = operands[:3], operands[3:]
        row = table(delays, *(_resized(x, width) for x in three))
        operands = [*rest, row, row]
    return added(delays, width, *operands)


def _topped(x: Signal, width: int, zero: Signal) -> Signal:
    """The word in so many bits, and a constant above them: where the carry comes out."""
    resized = _resized(x, width)
    above = zero.to((*resized.shape[:-1], 1))
    return Signal(*(np.concatenate(parts, axis=-1) for parts in zip(resized, above, strict=True)))


@cache
def counted(delays: Delays, bits: int, at: float) -> float:
    """When the next value of a counter is there that starts again at a constant: register to register."""
    if bits == 0:
        return at
    state = leaf(at, (bits,))
    ends = wide(delays, state)
    total = added(delays, bits, state)
    return table(delays, total, ends.to(total.shape)).latest


def _carries(delays: Delays, latest: Floats, width: int) -> Floats:
    """When the carry out of each place is there, on the chain."""
    if delays.doubling:
        top = np.maximum.accumulate(latest, axis=-1)
        return top + delays.chain + delays.doubling * ceil(log2(max(2, width)))
    steps = np.arange(width) * delays.carry
    return np.asarray(np.maximum.accumulate(latest + delays.chain - steps, axis=-1) + steps, dtype=np.float64)


def _sum(delays: Delays, carries: Floats, own: Signal, used: AnyArray) -> Signal:
    """Each bit from the carry below it and its own column; the table behind a carry may take more logic."""
    below = np.concatenate([np.full_like(carries[..., :1], NEVER), carries[..., :-1]], axis=-1)
    through = below + delays.leave
    is_later = through > own.at
    at = np.where(is_later, through, own.at)
    if not delays.absorbs:
        return Signal(at, np.where(is_later, at, own.start), np.where(is_later, 1, own.inputs))
    return Signal(at, np.where(is_later, at - delays.lut, own.start), np.where(is_later, 1 + used, own.inputs))


def _in_tables(delays: Delays, words: list[Signal], top_only: bool) -> Signal:
    """A few bits: carries ripple through tables."""
    made, carry = list[Signal](), leaf(NEVER, ())
    for place in range(words[0].shape[-1]):
        column = [x[..., place] for x in words]
        made.append(table(delays, *column, carry))
        carry = made[-1]
    return Signal(*(np.stack(parts, axis=-1) for parts in zip(*(made[-1:] if top_only else made), strict=True)))


def _resized(x: Signal, width: int) -> Signal:
    """Cut, or with the top bit again and again: as late as a sign is, or not later than that."""
    places = np.minimum(np.arange(width), x.shape[-1] - 1)
    return x[..., places]
