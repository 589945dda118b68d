"""Threshold: a comparison per bit, or a count of the thresholds reached."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mulfree.ir import IntArray, IntRange
from mulfree.ir.ops import Threshold
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.pack import pack_bits
from mulfree.sim.functional.plan import Buffer
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits, narrowest
from mulfree.sim.functional.vector import compare_word, int32s, shift

Bools = npt.NDArray[np.bool_]
LINEAR = 15
"""Up to this many thresholds are counted one by one, which vectorises; more are searched by halving."""


def build_threshold(planner: Planner, node: IntNode) -> bool:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Threshold)
    levels = node.output.type.range
    if not (narrowest(levels) and fits(x.type.range, Kind.INT64)):
        return False
    table, base, step = channel_constants(op, x.type.range, x.type.shape[0])
    source = planner.operand(x, Kind.BYTE, Kind.INT32, Kind.INT64)
    if narrowest(levels) is Kind.BITS and table.shape[1] == 1:
        limits, inverted = as_comparison(table[:, 0], base, step, levels.hi, x.type.range.hi + 1)
        compare_to_bits(planner, source, planner.result(node.output, Kind.BITS), limits, inverted)
    else:
        kind = next(k for k in (Kind.BYTE, Kind.INT32, Kind.INT64) if fits(levels, k))
        _count_levels(planner, source, planner.result(node.output, kind), table, base, step)
    return True


def channel_constants(op: Threshold, x: IntRange, channels: int) -> tuple[IntArray, IntArray, IntArray]:
    """Thresholds (C, L), base and step (C,) as int64; a threshold outside x's range is moved to its edge."""
    table = np.clip(op.thresholds.array, x.lo, x.hi + 1).astype(np.int64)
    table = np.broadcast_to(table, (channels, table.shape[1]))
    base, step = (np.broadcast_to(t.array, (channels,)).astype(np.int64) for t in (op.base, op.step))
    return table, base, step


def as_comparison(
    thresholds: IntArray, base: IntArray, step: IntArray, high: int, never: int
) -> tuple[IntArray, Bools]:
    """(limits, inverted): bit c is [x >= limits[c]] != inverted[c], where bit 1 means `high`; no x reaches `never`."""
    below, above = base == high, base + step == high
    return np.where(below == above, never, thresholds), below


def compare_to_bits(planner: Planner, source: Buffer, target: Buffer, limits: IntArray, inverted: Bools) -> None:
    """bit c = [x[c] >= limits[c]] != inverted[c]; limits belong to x's range or are its end plus one."""
    a, b = source.storage, target.storage
    dtype = np.int64 if a.kind is Kind.INT64 else np.int32
    padded = np.full(b.pitch * 32, np.iinfo(dtype).max, dtype)
    padded[: b.channels] = limits - a.bias
    flips = planner.address(pack_bits(inverted[None]))
    planner.call(
        COMPARE, source.slot, target.slot, (b.positions, b.channels, a.pitch, b.pitch, flips), planner.constant(padded)
    )


def _count_levels(
    planner: Planner, source: Buffer, target: Buffer, table: IntArray, base: IntArray, step: IntArray
) -> None:
    a, b = source.storage, target.storage
    sizes = (b.positions, b.channels, a.pitch, b.pitch)
    dtype = np.int64 if Kind.INT64 in (a.kind, b.kind) else np.int32
    rows = np.concatenate([(base - b.bias)[None], step[None], (table - a.bias).T]).astype(dtype)
    if table.shape[1] <= LINEAR:
        planner.call(COUNT, source.slot, target.slot, (*sizes, table.shape[1]), planner.constant(rows))
        return
    depth = table.shape[1].bit_length()
    tree = np.full((b.channels, 2**depth + 1), np.iinfo(dtype).max, dtype)
    tree[:, : len(rows)] = rows.T
    planner.call(SEARCH, source.slot, target.slot, (*sizes, depth), planner.constant(tree))


def _compare(params: Any, a: Any, limits: Any, out: Any, n: int) -> None:
    positions, channels, pitch, words, flips = params[0], params[1], params[2], params[3], int32s(params[4])
    for p in range(n * positions):
        x = shift(a, p * pitch)
        for w in range(words):
            word = np.int64(0)
            if w * 32 + 32 <= pitch:
                word = np.int64(compare_word(shift(x, w * 32), shift(limits, w * 32)))
            else:
                for c in range(w * 32, channels):
                    word |= np.int64(x[c] >= limits[c]) << (c - w * 32)
            out[p * words + w] = word ^ flips[w]


def _count(params: Any, a: Any, table: Any, out: Any, n: int) -> None:
    """out = base + step * #{j : a >= t[j]}, channels innermost; the table's rows are base, step, t[0], ..."""
    positions, channels, from_pitch, to_pitch, levels = params[0], params[1], params[2], params[3], params[4]
    step = shift(table, channels)
    for p in range(n * positions):
        x, y = shift(a, p * from_pitch), shift(out, p * to_pitch)
        for c in range(channels):
            y[c] = table[c]
        for j in range(2, levels + 2):
            limits = shift(table, j * channels)
            for c in range(channels):
                y[c] += step[c] if x[c] >= limits[c] else 0


def _search(params: Any, a: Any, table: Any, out: Any, n: int) -> None:
    """The same by halving; the table's columns are base, step, t[0], ..., to 2^depth - 1 thresholds."""
    positions, channels, from_pitch, to_pitch, depth = params[0], params[1], params[2], params[3], params[4]
    width = (1 << depth) + 1
    for p in range(n * positions):
        for c in range(channels):
            x, column = a[p * from_pitch + c], shift(table, c * width)
            count = 0
            for level in range(depth):
                half = 1 << (depth - 1 - level)
                count += half if x >= column[count + half + 1] else 0
            out[p * to_pitch + c] = column[0] + column[1] * count


COMPARE, COUNT, SEARCH = Kernel(_compare), Kernel(_count), Kernel(_search)
