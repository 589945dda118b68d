"""Monotone step functions of channels as ascending thresholds on what is stored of x.

With unit = the step of the result's range and T = its largest index, every channel is brought to T ascending
thresholds t with index = #{x >= t}, or T - #{x >= t} where the channel falls: a threshold that lets the index jump
by k stands k times, and a channel that starts above index 0 has thresholds that every x reaches.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntRange
from mulfree.ir.ops import Threshold
from mulfree.rtl import cells
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.compare_lanes import Step


def stored_numbers(x: IntRange) -> IntRange:
    """Range of the stored x as a number."""
    return IntRange(0, x.count - 1) if x.is_coded else x


@lru_cache(16)
def ascending(x: IntRange, op: Threshold, channels: int) -> tuple[IntArray, AnyArray]:
    """Thresholds (channels, T) on the stored x, one above all x where none is left; which channels fall (channels,).

    Remembered for the other ways to build the same stage: not to be written to.
    """
    stored = stored_numbers(x)
    rows = [_normalised(x, op, channel) for channel in range(channels)]
    kind = np.int64 if stored.fits_int64 else object
    table: IntArray = np.full((channels, op.levels.count - 1), stored.hi + 1, dtype=kind)
    for channel, (_, thresholds) in enumerate(rows):
        table[channel, : len(thresholds)] = thresholds
    falling = np.array([falls for falls, _ in rows])
    for array in (table, falling):
        array.setflags(write=False)
    return table, falling


def steps_of(x: IntRange, op: Threshold, channels: int) -> list[Step]:
    """For a result of two levels: where each channel of plain numbers of range x goes from one to the other."""
    assert op.levels.count == 2, f"a step is between two levels, not {op.levels.count}"
    plain = IntRange(x.lo, x.hi)
    rows = (_normalised(plain, op, channel) for channel in range(channels))
    return [Step(thresholds[0] if thresholds else x.hi + 1, falls) for falls, thresholds in rows]


def _normalised(x: IntRange, op: Threshold, channel: int) -> tuple[bool, list[int]]:
    """Whether the channel falls, and its ascending thresholds on the stored x, one per step of the index."""
    base, step = (int(t.array[min(channel, len(t.array) - 1)]) for t in (op.base, op.step))
    row = op.thresholds.array[min(channel, len(op.thresholds.array) - 1)]
    unit, range = op.levels.step, op.levels
    falls = step < 0
    start = (range.hi - base if falls else base - range.lo) // unit
    always = -(2**70)
    thresholds = [always] * start + [int(t) for t in row for _ in np.arange(abs(step) // unit)]
    # Thresholds beyond the last step are above what this channel reaches: x is as wide as the widest channel.
    reached = [_on_stored(x, t) for t in thresholds if t <= x.hi]
    return falls, reached[: range.count - 1]


def _on_stored(x: IntRange, threshold: int) -> int:
    """The least stored number that reaches the threshold: an index where x has a step."""
    clipped = max(threshold, x.lo)
    return -((x.lo - clipped) // x.step) if x.is_coded else clipped


def result_of(circuit: Circuit, count: Wire, range: IntRange, falls: Wire | bool, result: IntRange) -> Wire:
    """The element of the range at the index, stored as `result`: the count, or counted from the top where it falls."""
    top = range.count - 1
    if not isinstance(falls, bool) or falls:
        down = circuit.cast(circuit.drive(cells.SUB, circuit.constant([top] * count.lanes), count), IntRange(0, top))
        count = down if isinstance(falls, bool) else circuit.drive(cells.MUX, falls, down, count)
    if range.is_coded or range.lo == 0:
        number = circuit.drive(cells.from_index(range), count)
    else:
        number = circuit.drive(cells.ADD, count, circuit.constant([range.lo] * count.lanes))
    return circuit.cast(number, result)
