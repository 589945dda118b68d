"""Arrival of the words of a ring: see `mulfree.rtl.diminished_one`."""

from __future__ import annotations

import numpy as np

from mulfree.rtl.circuit import Wire
from mulfree.rtl.timing.chain import added
from mulfree.rtl.timing.delays import Delays
from mulfree.rtl.timing.signal import NEVER, Signal, joined, leaf, table, wide


def ring_add(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """The carry of a first sum, complemented, is added to it: two chains."""
    words = [x.to((wire.lanes, x.shape[-1])) for x in operands]
    bits = wire.type.element_bits - 1
    if len(words) == 3:
        words = [words[0], ring_digit(delays, wire, words[1:])]
    a, b = (x[..., :bits] for x in words)
    once = added(delays, bits + 1, a, b)
    back = table(delays, once[..., -1:], words[0][..., -1:], words[1][..., -1:])
    lowest = np.arange(bits + 1) == 0
    comes = Signal(*(np.where(lowest, part, rest) for part, rest in zip(back, leaf(NEVER, (1, 1)), strict=True)))
    total = added(delays, bits + 1, once, comes)
    flag = table(delays, total[..., -1:], back)
    return joined([total[..., :bits], flag])


def ring_digit(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """x, twice x or minus x, and 0 where the flag says so."""
    x, digit = (word.to((wire.lanes, word.shape[-1])) for word in operands)
    zero = table(delays, x[..., -1:], digit[..., :1], digit[..., 1:2])
    multiple = table(delays, x, _rolled(x), digit[..., :1], digit[..., 1:2])
    return table(delays, multiple, zero)


def _rolled(x: Signal) -> Signal:
    return Signal(*(np.roll(part, 1, axis=-1) for part in x))


def ring_turn(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """A choice for each bit of the turn."""
    x, turn = (word.to((wire.lanes, word.shape[-1])) for word in operands)
    for place in range(turn.shape[-1]):
        x = table(delays, turn[..., place : place + 1], x, _rolled(x))
    return table(delays, x, operands[0].to(x.shape)[..., -1:])


def ring_rotate(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    del wire
    (x,) = operands
    return table(delays, x, x[..., -1:])


def ring_encode(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """A test for zero, and one less."""
    x = operands[0].to((wire.lanes, operands[0].shape[-1]))
    zero = wide(delays, x)
    flag = Signal(*(part[..., None] for part in zero))
    return added(delays, wire.type.element_bits, x, table(delays, flag, x[..., -1:]))


def ring_decode(delays: Delays, wire: Wire, operands: list[Signal]) -> Signal:
    """One more where it is positive."""
    x = operands[0].to((wire.lanes, operands[0].shape[-1]))
    return added(delays, wire.type.element_bits, x, table(delays, x[..., -1:], x[..., -2:-1]))
