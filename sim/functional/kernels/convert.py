"""From one arrangement of a value to another, from the caller's arrays and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.threshold import compare_to_bits
from mulfree.sim.functional.map_order import turn
from mulfree.sim.functional.plan import Buffer, Role
from mulfree.sim.functional.planner import IntValue, Planner
from mulfree.sim.functional.storage import Kind, storage_of
from mulfree.sim.functional.vector import as_words, equal_word, shift


def convert(planner: Planner, value: IntValue, kind: Kind) -> Buffer:
    """A buffer that holds the value in this kind, and the step that fills it."""
    target = planner.scratch(storage_of(value.type, kind))
    if value in planner.external:
        _load(planner, value, target)
        return target
    source = _source(planner, value)
    a, b = source.storage, target.storage
    if a.kind is Kind.BITS:
        planner.call(
            EXPAND,
            source.slot,
            target.slot,
            (b.positions, b.channels, a.pitch, b.pitch, a.range.lo - b.bias, a.range.hi - b.bias),
        )
    elif kind is Kind.BITS:
        compare_to_bits(planner, source, target, np.full(b.channels, b.range.hi, np.int64), np.zeros(b.channels, bool))
    else:
        planner.call(CONVERT, source.slot, target.slot, (b.positions, b.channels, a.pitch, b.pitch, a.bias - b.bias))
    return target


def store_output(planner: Planner, value: IntValue) -> None:
    """Bring a value into the caller's array: int64, C order."""
    planner.plan.outputs.append(value.type)
    if value in planner.hosted:
        planner.plan.host_outputs[len(planner.plan.outputs) - 1] = planner.hosted[value]
        planner.slot(Role.OUTPUT, "int64", 0)
        return
    source = planner.operand(value, Kind.BYTE, Kind.INT32, Kind.INT64)
    a = source.storage
    out = planner.slot(Role.OUTPUT, "int64", value.type.size * 8)
    planner.call(STORE, source.slot, out, (a.positions, a.channels, a.pitch, a.bias))


def _load(planner: Planner, value: IntValue, target: Buffer) -> None:
    """From the caller's array; the kernels also see to it that no value is outside the range."""
    external, b = planner.external[value], target.storage
    is_colours = b.kind is Kind.BYTE and b.channels == 3
    places = (b.positions, b.channels, b.pitch, b.bias)
    params = (*places, b.range.lo, b.range.hi, b.range.step, external.number, is_colours)
    planner.call(LOAD_BITS if b.kind is Kind.BITS else LOAD, external.slot, target.slot, params, planner.flag)


def _source(planner: Planner, value: IntValue) -> Buffer:
    """The smallest arrangement that there is."""
    have = planner.kinds(value)
    return planner.operand(value, next(kind for kind in Kind if kind in have))


def _load_ints(params: Any, a: Any, flag: Any, out: Any, n: int) -> None:
    """out[position][channel] = a[channel][position] - bias; three channels of bytes are a word with an empty one."""
    positions, channels, pitch, bias = params[0], params[1], params[2], params[3]
    lo, hi, step, number, is_colours = params[4], params[5], params[6], params[7], params[8]
    for s in range(n):
        x, y = shift(a, s * channels * positions), shift(out, s * positions * pitch)
        least = most = x[0]
        for i in range(channels * positions):
            least, most = min(least, x[i]), max(most, x[i])
        if least < lo or most > hi:
            flag[0] = number
        if step > 1:
            for i in range(channels * positions):
                if (x[i] - lo) % step:
                    flag[0] = number
        if is_colours:
            words, green, blue = as_words(y), shift(x, positions), shift(x, 2 * positions)
            for p in range(positions):
                words[p] = ((x[p] - bias) & 255) | ((green[p] - bias) & 255) << 8 | ((blue[p] - bias) & 255) << 16
        elif positions == 1:
            for c in range(channels):
                y[c] = x[c] - bias
        else:
            turn(x, positions, y, pitch, channels, positions, -bias)


def _load_bits(params: Any, a: Any, flag: Any, out: Any, n: int) -> None:
    """Bit [position][channel] = [a[channel][position] == high]; any value but low and high raises the flag."""
    positions, channels, words, low, high, number = params[0], params[1], params[2], params[4], params[5], params[7]
    valid = np.int64(-1)
    for s in range(n):
        for p in range(positions):
            x = shift(a, s * channels * positions + p)
            for w in range(words):
                if positions == 1 and w * 32 + 32 <= channels:
                    word = np.int64(equal_word(shift(x, w * 32), high))
                    valid &= word | equal_word(shift(x, w * 32), low)
                else:
                    word = np.int64(0)
                    for c in range(w * 32, min(channels, w * 32 + 32)):
                        value = x[c * positions]
                        word |= np.int64(value == high) << (c - w * 32)
                        valid &= -np.int64((value == high) | (value == low))
                out[(s * positions + p) * words + w] = word
    if valid != -1:
        flag[0] = number


def _expand(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    """out = low or high, by bit."""
    positions, channels, words, pitch, low, high = params[0], params[1], params[2], params[3], params[4], params[5]
    for p in range(n * positions):
        for c in range(channels):
            out[p * pitch + c] = high if (a[p * words + (c >> 5)] >> (c & 31)) & 1 else low


def _convert(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    """out = a + delta."""
    positions, channels, from_pitch, to_pitch, delta = params[0], params[1], params[2], params[3], params[4]
    for p in range(n * positions):
        for c in range(channels):
            out[p * to_pitch + c] = a[p * from_pitch + c] + delta


def _store(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    """out[channel][position] = a[position][channel] + bias."""
    positions, channels, pitch, bias = params[0], params[1], params[2], params[3]
    for s in range(n):
        x, y = shift(a, s * positions * pitch), shift(out, s * channels * positions)
        if positions == 1:
            for c in range(channels):
                y[c] = np.int64(x[c]) + bias
        else:
            turn(x, pitch, y, positions, positions, channels, bias)


LOAD, LOAD_BITS = Kernel(_load_ints), Kernel(_load_bits)
EXPAND, CONVERT, STORE = Kernel(_expand), Kernel(_convert), Kernel(_store)
