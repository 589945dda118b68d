"""Pools: words of bits by OR and AND, integers lane by lane over the channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir.ops import MaxPool, MinPool, Pool, SumPool
from mulfree.sim.functional.geometry import in_border
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.vector import int32s, shift


def build_extreme(planner: Planner, node: IntNode) -> bool:
    """Maximum or minimum, in whatever arrangement x is stored."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, MaxPool | MinPool)
    if not fits(x.type.range, Kind.INT64):
        return False
    source = planner.operand(x, Kind.BITS, Kind.BYTE, Kind.INT32, Kind.INT64)
    is_max, kind = isinstance(op, MaxPool), source.storage.kind
    kernel = (BITS_MAX if is_max else BITS_MIN) if kind is Kind.BITS else INTS_MAX if is_max else INTS_MIN
    _pool(planner, node, kernel, source.storage.kind, kind, _neutral(kind, is_max))
    return True


def build_sum(planner: Planner, node: IntNode) -> bool:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, SumPool)
    kind = next((k for k in (Kind.INT32, Kind.INT64) if fits(node.output.type.range, k)), None)
    if kind is None or not fits(x.type.range, Kind.INT64):
        return False
    source = planner.operand(x, Kind.BYTE, Kind.INT32, Kind.INT64)
    _pool(
        planner, node, INTS_SUM, source.storage.kind, kind, -source.storage.bias, source.storage.bias * op.window.taps
    )
    return True


def _pool(
    planner: Planner, node: IntNode, kernel: Kernel, source_kind: Kind, kind: Kind, fill: int, start: int = 0
) -> None:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Pool)
    source, geometry = in_border(planner, planner.operand(x, source_kind), x.type, op.window, fill)
    target = planner.result(node.output, kind)
    lanes = source.storage.pitch if kind is Kind.BITS else source.storage.channels
    unit = 2 if kind is Kind.BITS and lanes % 2 == 0 else 1
    tables = (planner.address((table // unit).astype(np.int32)) for table in (geometry.bases, geometry.taps))
    sizes = (geometry.positions, lanes // unit, geometry.sample // unit, target.storage.pitch, len(geometry.taps))
    params = (*sizes, *tables, start)
    planner.call(kernel, source.slot, target.slot, params, view="int64" if unit == 2 else "")


def _neutral(kind: Kind, is_max: bool) -> int:
    """What a tap outside the map is stored as: it never decides."""
    if kind is Kind.BITS:
        return 0 if is_max else -1
    limits = np.iinfo(kind.dtype)
    return int(limits.min if is_max else limits.max)


def _bits_max(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    positions, words, sample, tap_count = params[0], params[1], params[2], params[4]
    bases, taps = int32s(params[5]), int32s(params[6])
    for s in range(n):
        for p in range(positions):
            x, y = shift(a, s * sample + bases[p]), shift(out, (s * positions + p) * words)
            for w in range(words):
                word = x[taps[0] + w]
                for t in range(1, tap_count):
                    word |= x[taps[t] + w]
                y[w] = word


def _bits_min(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    positions, words, sample, tap_count = params[0], params[1], params[2], params[4]
    bases, taps = int32s(params[5]), int32s(params[6])
    for s in range(n):
        for p in range(positions):
            x, y = shift(a, s * sample + bases[p]), shift(out, (s * positions + p) * words)
            for w in range(words):
                word = x[taps[0] + w]
                for t in range(1, tap_count):
                    word &= x[taps[t] + w]
                y[w] = word


def _ints_max(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    positions, channels, sample, pitch, tap_count = params[0], params[1], params[2], params[3], params[4]
    bases, taps = int32s(params[5]), int32s(params[6])
    for s in range(n):
        for p in range(positions):
            x, y = shift(a, s * sample + bases[p]), shift(out, (s * positions + p) * pitch)
            for c in range(channels):
                y[c] = x[taps[0] + c]
            for t in range(1, tap_count):
                z = shift(x, taps[t])
                for c in range(channels):
                    y[c] = max(y[c], z[c])


def _ints_min(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    positions, channels, sample, pitch, tap_count = params[0], params[1], params[2], params[3], params[4]
    bases, taps = int32s(params[5]), int32s(params[6])
    for s in range(n):
        for p in range(positions):
            x, y = shift(a, s * sample + bases[p]), shift(out, (s * positions + p) * pitch)
            for c in range(channels):
                y[c] = x[taps[0] + c]
            for t in range(1, tap_count):
                z = shift(x, taps[t])
                for c in range(channels):
                    y[c] = min(y[c], z[c])


def _ints_sum(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    positions, channels, sample, pitch, tap_count = params[0], params[1], params[2], params[3], params[4]
    bases, taps, start = int32s(params[5]), int32s(params[6]), params[7]
    for s in range(n):
        for p in range(positions):
            x, y = shift(a, s * sample + bases[p]), shift(out, (s * positions + p) * pitch)
            for c in range(channels):
                y[c] = start
            for t in range(tap_count):
                z = shift(x, taps[t])
                for c in range(channels):
                    y[c] += z[c]


BITS_MAX, BITS_MIN = Kernel(_bits_max), Kernel(_bits_min)
INTS_MAX, INTS_MIN, INTS_SUM = Kernel(_ints_max), Kernel(_ints_min), Kernel(_ints_sum)
