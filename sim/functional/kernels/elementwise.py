"""Element-wise integer operators: each channel's lanes side by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import IntRange
from mulfree.ir.ops import Affine, Clamp, Leaky
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.plan import Buffer
from mulfree.sim.functional.planner import IntNode, IntValue, Planner
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.vector import shift

INTS = (Kind.BYTE, Kind.INT32, Kind.INT64)


def build_add(planner: Planner, node: IntNode) -> bool:
    a, b = node.inputs
    if not _fit(node):
        return False
    x, y = planner.operand(a, *INTS), planner.operand(b, *INTS)
    out = _result(planner, node)
    delta = x.storage.bias + y.storage.bias - out.storage.bias
    pitches = (x.storage.pitch, y.storage.pitch, out.storage.pitch)
    planner.call(ADD, x.slot, out.slot, (out.storage.positions, out.storage.channels, *pitches, delta), y.slot)
    return True


def build_affine(planner: Planner, node: IntNode) -> bool:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Affine)
    if not (_fit(node) and _products_fit(x, op)):
        return False
    source, out = planner.operand(x, *INTS), _result(planner, node)
    channels = out.storage.channels
    multiplier, offset = (np.broadcast_to(t.array, (channels,)) for t in (op.multiplier, op.offset))
    table = np.stack([multiplier, offset + source.storage.bias * multiplier - out.storage.bias])
    narrow = np.abs(table).max() < 2**31
    rows = planner.constant(table.astype(np.int32 if narrow else np.int64))
    planner.call(AFFINE, source.slot, out.slot, _sizes(source, out), rows)
    return True


def build_clamp(planner: Planner, node: IntNode) -> bool:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Clamp)
    if not _fit(node):
        return False
    source, out = planner.operand(x, *INTS), _result(planner, node)
    lo, hi = x.type.range.clamped(op.lo, op.hi).lo, x.type.range.clamped(op.lo, op.hi).hi
    limits = (lo - out.storage.bias, hi - out.storage.bias)
    planner.call(CLAMP, source.slot, out.slot, (*_sizes(source, out), *limits, source.storage.bias - out.storage.bias))
    return True


def build_leaky(planner: Planner, node: IntNode) -> bool:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Leaky)
    if not (_fit(node) and _factors_fit(x.type.range, op.positive, op.negative)):
        return False
    source, out = planner.operand(x, *INTS), _result(planner, node)
    numbers = (op.positive, op.negative, source.storage.bias, out.storage.bias)
    planner.call(LEAKY, source.slot, out.slot, (*_sizes(source, out), *numbers))
    return True


def _fit(node: IntNode) -> bool:
    return all(fits(v.type.range, Kind.INT64) for v in (*node.inputs, node.output))


def _products_fit(x: IntValue, op: Affine) -> bool:
    wide = x.type.range | IntRange(-256, 256)
    products = wide.times(op.multiplier.range.hi) | wide.times(op.multiplier.range.lo)
    return fits(products.scaled(2) + op.offset.range + IntRange(-256, 256), Kind.INT64)


def _factors_fit(x: IntRange, *factors: int) -> bool:
    return all(fits((x | IntRange(0, 1)).times(factor), Kind.INT64) for factor in factors)


def _result(planner: Planner, node: IntNode) -> Buffer:
    return planner.result(node.output, next(kind for kind in INTS if fits(node.output.type.range, kind)))


def _sizes(source: Buffer, out: Buffer) -> tuple[int, int, int, int]:
    return (out.storage.positions, out.storage.channels, source.storage.pitch, out.storage.pitch)


def _add(params: Any, a: Any, b: Any, out: Any, n: int) -> None:
    positions, channels, a_pitch, b_pitch, pitch, delta = (
        params[0],
        params[1],
        params[2],
        params[3],
        params[4],
        params[5],
    )
    for p in range(n * positions):
        x, z, y = shift(a, p * a_pitch), shift(b, p * b_pitch), shift(out, p * pitch)
        for c in range(channels):
            y[c] = np.int64(x[c]) + np.int64(z[c]) + delta


def _affine(params: Any, a: Any, table: Any, out: Any, n: int) -> None:
    positions, channels, from_pitch, pitch = params[0], params[1], params[2], params[3]
    offsets = shift(table, channels)
    for p in range(n * positions):
        x, y = shift(a, p * from_pitch), shift(out, p * pitch)
        for c in range(channels):
            y[c] = np.int64(x[c]) * table[c] + offsets[c]


def _clamp(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    positions, channels, from_pitch, pitch = params[0], params[1], params[2], params[3]
    lo, hi, delta = params[4], params[5], params[6]
    for p in range(n * positions):
        x, y = shift(a, p * from_pitch), shift(out, p * pitch)
        for c in range(channels):
            y[c] = min(max(np.int64(x[c]) + delta, lo), hi)


def _leaky(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    positions, channels, from_pitch, pitch = params[0], params[1], params[2], params[3]
    positive, negative, a_bias, bias = params[4], params[5], params[6], params[7]
    for p in range(n * positions):
        x, y = shift(a, p * from_pitch), shift(out, p * pitch)
        for c in range(channels):
            value = np.int64(x[c]) + a_bias
            y[c] = value * (positive if value >= 0 else negative) - bias


ADD, AFFINE, CLAMP, LEAKY = Kernel(_add), Kernel(_affine), Kernel(_clamp), Kernel(_leaky)
