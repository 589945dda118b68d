"""Common pairs: the two-term sums that many rows of a matrix share, taken one after the other.

A row is a set of signed digits ±source * 2^shift. A pair is u ± v 2^d; each time the pair that is worth most becomes a
source of its own in all rows that hold it: the one that takes the most bits off the rows' heaps, or, where rows are
lists of digits, the most digits off the lists. Greedy and deterministic. What a pair is worth only falls as rows lose
digits to other pairs, so a queue of stale values suffices: the first whose value is still true is the best.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from mulfree.ir import IntArray

Digits = npt.NDArray[np.int8]
"""(rows, sources, shifts), each -1, 0 or 1."""
Bounds = npt.NDArray[np.float64]
"""(sources, 3): the least and the most of each source, and how many additions deep it is."""
Table = tuple[IntArray, IntArray, int]
"""Hash table with open addressing: keys of pairs, how often each occurs, how many keys there are."""

_SOURCES = 1 << 20
_SHIFTS = 64
_FREE = -1
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@dataclass(frozen=True)
class SharedPairs:
    """Source number inputs + i is first + sign * second * 2^shift of pairs[i]."""

    pairs: IntArray
    """(pairs, 4): first, second, shift, sign."""
    digits: Digits
    """Of the rows, over the inputs and the pairs."""


def share_pairs(
    digits: Digits, least: IntArray, most: IntArray, deepest: int, *, count: int | None = None, by_digits: bool = False
) -> SharedPairs:
    """Pairs that occur twice or more, at most `deepest` additions deep; inputs lie between least and most (K,).

    The best `count` of them, by default all; `by_digits` says that digits are saved and not bits.
    """
    rows, inputs, shifts = digits.shape
    if deepest == 0 or not (by_digits or _may_save_bits(least, most)):
        return SharedPairs(np.zeros((0, 4), np.int64), digits)
    room = inputs + int(np.abs(digits, dtype=np.int64).sum()) // 2 + 1
    wide = np.zeros((rows, room, shifts), np.int8)
    wide[:, :inputs] = digits
    bounds = np.zeros((room, 3), np.float64)
    bounds[:inputs, 0], bounds[:inputs, 1] = least, most
    pairs = _greedy(wide, inputs, bounds, deepest, room - inputs if count is None else count, by_digits)
    return SharedPairs(pairs, wide[:, : inputs + len(pairs)])


def _may_save_bits(least: IntArray, most: IntArray) -> bool:
    """No two single bits have a sum of one."""
    return bool((np.maximum(most, ~least) > 1).any() or ((least < 0) & (most > 0)).any())


def _jit(function: FunctionT) -> FunctionT:
    return cast(FunctionT, numba.njit(cache=True, nogil=True)(function))


@_jit
def _parts(key: int) -> tuple[int, int, int, int]:
    """first, second, shift, sign."""
    pair = key // 2 // _SHIFTS
    return pair // _SOURCES, pair % _SOURCES, key // 2 % _SHIFTS, 1 - 2 * (key % 2)


@_jit
def _key(row: Digits, one: int, two: int) -> int:
    """Of the pair of two digits, given as source * shifts + shift."""
    shifts = row.shape[1]
    u, a = one // shifts, one % shifts
    v, b = two // shifts, two % shifts
    is_negative = row[u, a] != row[v, b]
    if a > b or (a == b and u > v):
        u, v, a, b = v, u, b, a
    return int((u * _SOURCES + v) * _SHIFTS + b - a) * 2 + int(is_negative)


@_jit
def _slot(keys: IntArray, key: int) -> int:
    """Where the key is, or would be."""
    mask = len(keys) - 1
    at = ((key ^ (key >> 29)) * 0x1E3779B97F4A7C15 >> 20) & mask
    while keys[at] != key and keys[at] != _FREE:
        at = (at + 1) & mask
    return int(at)


@_jit
def _empty(size: int) -> Table:
    return np.full(size, _FREE, np.int64), np.zeros(size, np.int64), 0


@_jit
def _counted(table: Table, key: int, change: int) -> Table:
    """The table, twice as large when half full, with the key's count changed."""
    keys, counts, filled = table
    slot = _slot(keys, key)
    if keys[slot] == _FREE:
        keys[slot] = key
        filled += 1
    counts[slot] += change
    if 2 * filled <= len(keys):
        return keys, counts, filled
    larger, moved, _ = _empty(2 * len(keys))
    for i in range(len(keys)):
        if keys[i] != _FREE:
            slot = _slot(larger, keys[i])
            larger[slot], moved[slot] = keys[i], counts[i]
    return larger, moved, filled


@_jit
def _bits(least: float, most: float) -> float:
    """Of a word that holds both."""
    span = max(most, -least - 1) if least < 0 else most
    return math.ceil(math.log2(span + 1)) + (1.0 if least < 0 else 0.0)


@_jit
def _sum(key: int, bounds: Bounds) -> tuple[float, float, float]:
    """Least, most and depth of a pair."""
    u, v, shift, sign = _parts(key)
    factor = sign * 2.0**shift
    low, high = factor * bounds[v, 0], factor * bounds[v, 1]
    return bounds[u, 0] + min(low, high), bounds[u, 1] + max(low, high), 1 + max(bounds[u, 2], bounds[v, 2])


@_jit
def _worth(key: int, table: Table, bounds: Bounds, deepest: int, by_digits: bool) -> float:
    """Bits that the pair takes off the rows' heaps, or digits, if rows are lists; 0 where it is rare or too deep."""
    u, v, _, _ = _parts(key)
    uses = table[1][_slot(table[0], key)]
    least, most, depth = _sum(key, bounds)
    if depth > deepest or uses < 2:
        return 0.0
    saved = _bits(bounds[u, 0], bounds[u, 1]) + _bits(bounds[v, 0], bounds[v, 1]) - _bits(least, most)
    return float(uses) + saved / 1024 if by_digits else float(saved * uses)


@_jit
def _codes(digits: Digits, inputs: int) -> tuple[IntArray, IntArray]:
    """For each row the digits that are not 0, as source * shifts + shift, and how many they are."""
    rows, _, shifts = digits.shape
    held = np.zeros(rows, np.int64)
    codes = np.zeros((rows, inputs * shifts), np.int64)
    for r in range(rows):
        for code in range(inputs * shifts):
            if digits[r, code // shifts, code % shifts] != 0:
                codes[r, held[r]] = code
                held[r] += 1
    return codes, held


@_jit
def _all_pairs(digits: Digits, codes: IntArray, held: IntArray) -> Table:
    table = _empty(1 << 16)
    for r in range(len(codes)):
        for i in range(held[r]):
            for j in range(i):
                table = _counted(table, _key(digits[r], codes[r, i], codes[r, j]), 1)
    return table


@_jit
def _against(table: Table, row: Digits, codes: IntArray, code: int, change: int, fresh: list[int]) -> Table:
    """Count a digit's pairs with all digits of its row; keys that are new go to `fresh`."""
    for other in codes:
        if other != code:
            key, filled = _key(row, other, code), table[2]
            table = _counted(table, key, change)
            if table[2] > filled:
                fresh.append(key)
    return table


@_jit
def _replace(
    table: Table, row: Digits, codes: IntArray, held: int, code: int, fresh: list[int], sign: int
) -> tuple[Table, int]:
    """Take a digit off a row (sign 0) or give it one; the new number of digits."""
    shifts = row.shape[1]
    if sign:
        row[code // shifts, code % shifts] = sign
        table = _against(table, row, codes[:held], code, 1, fresh)
        codes[held] = code
        return table, held + 1
    table = _against(table, row, codes[:held], code, -1, fresh)
    row[code // shifts, code % shifts] = 0
    for i in range(held):
        if codes[i] == code:
            codes[i] = codes[held - 1]
            break
    return table, held - 1


@_jit
def _take(
    table: Table, digits: Digits, codes: IntArray, held: IntArray, key: int, source: int, fresh: list[int]
) -> Table:
    """Put the new source wherever the pair occurs."""
    first, second, shift, sign = _parts(key)
    shifts = digits.shape[2]
    for r in range(len(digits)):
        row = digits[r]
        for place in range(shifts - shift):
            one, two = row[first, place], row[second, place + shift]
            if one == 0 or one * two != sign:
                continue
            for code in (first * shifts + place, second * shifts + place + shift):
                table, held[r] = _replace(table, row, codes[r], held[r], code, fresh, 0)
            table, held[r] = _replace(table, row, codes[r], held[r], source * shifts + place, fresh, one)
    return table


@_jit
def _greedy(digits: Digits, inputs: int, bounds: Bounds, deepest: int, most: int, by_digits: bool) -> IntArray:
    codes, held = _codes(digits, inputs)
    table = _all_pairs(digits, codes, held)
    queue = [(-_worth(key, table, bounds, deepest, by_digits), key) for key in table[0] if key != _FREE]
    queue = [(value, key) for value, key in queue if value < 0]
    heapq.heapify(queue)
    pairs = np.zeros((digits.shape[1] - inputs, 4), np.int64)
    count = 0
    while len(queue) > 0 and count < most:
        stale, key = heapq.heappop(queue)
        worth = _worth(key, table, bounds, deepest, by_digits)
        if worth < -stale:
            if worth > 0:
                heapq.heappush(queue, (-worth, key))
            continue
        first, second, shift, sign = _parts(key)
        pairs[count] = np.array((first, second, shift, sign))
        bounds[inputs + count] = np.array(_sum(key, bounds))
        fresh = [key]
        table = _take(table, digits, codes, held, key, inputs + count, fresh)
        table[1][_slot(table[0], key)] = 0
        count += 1
        for other in fresh[1:]:
            worth = _worth(other, table, bounds, deepest, by_digits)
            if worth > 0:
                heapq.heappush(queue, (-worth, other))
    return pairs[:count]
