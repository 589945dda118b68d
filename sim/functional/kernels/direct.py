"""Contractions tap by tap: depthwise with channels as lanes, and any other layer in plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import IntArray
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.geometry import in_border
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.vector import int32s, shift


def build_depthwise(planner: Planner, node: IntNode, divisor: int, offset: IntArray) -> bool:
    """One output channel per input channel, in 32 bits."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    is_depthwise = op.weights.shape[0] == op.groups and op.weights.shape[1] == 1
    if not (is_depthwise and divisor == 1 and fits(x.type.range, Kind.INT32) and _in_32_bits(node, offset)):
        return False
    stored = planner.operand(x, Kind.BYTE, Kind.INT32)
    source, geometry = in_border(planner, stored, x.type, op.window, fill=-stored.storage.bias)
    target = planner.result(node.output, Kind.INT32)
    taps = op.weights.array.reshape(op.groups, -1).T
    table = np.concatenate([(stored.storage.bias * taps.sum(axis=0) - offset)[None], taps])
    params = (
        geometry.positions, op.groups, geometry.sample, target.storage.pitch, len(taps),
        planner.address(geometry.bases.astype(np.int32)), planner.address(geometry.taps.astype(np.int32)),
    )  # fmt: skip
    planner.call(DEPTHWISE, source.slot, target.slot, params, planner.constant(table.astype(np.int32)))
    return True


def build_direct(planner: Planner, node: IntNode, divisor: int, offset: IntArray) -> bool:
    """Any groups, any integers whose products and sums fit 64 bits; exact, not fast."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    if not (fits(x.type.range, Kind.INT64) and _in_64_bits(node, offset)):
        return False
    stored = planner.operand(x, Kind.BYTE, Kind.INT32, Kind.INT64)
    source, geometry = in_border(planner, stored, x.type, op.window, fill=-stored.storage.bias)
    kind = next(kind for kind in (Kind.INT32, Kind.INT64) if fits(node.output.type.range, kind))
    target = planner.result(node.output, kind)
    out_channels, per_group, *_ = op.weights.shape
    rows = np.moveaxis(op.weights.array, 1, -1).reshape(out_channels, -1)
    table = np.concatenate([(stored.storage.bias * rows.sum(axis=1) - offset)[:, None], rows], axis=1)
    params = (
        geometry.positions, out_channels, per_group, out_channels // op.groups, geometry.sample, target.storage.pitch,
        len(geometry.taps), divisor,
        planner.address(geometry.bases.astype(np.int32)), planner.address(geometry.taps.astype(np.int32)),
    )  # fmt: skip
    planner.call(DIRECT, source.slot, target.slot, params, planner.constant(table.astype(np.int64)))
    return True


def _peak(node: IntNode, offset: IntArray) -> int:
    """No partial sum exceeds this."""
    assert isinstance(node.op, Contraction)
    x = node.inputs[0].type.range
    row = max(sum(abs(int(w)) for w in row.flat) for row in node.op.weights.array)
    return (max(abs(x.lo), abs(x.hi)) + 256) * (row + 1) + int(np.abs(offset).max())


def _in_32_bits(node: IntNode, offset: IntArray) -> bool:
    return _peak(node, offset) < 2**31 - 1


def _in_64_bits(node: IntNode, offset: IntArray) -> bool:
    return _peak(node, offset) < 2**63 - 1


def _depthwise(params: Any, a: Any, table: Any, out: Any, n: int) -> None:
    """The table's rows are the constants, then the weights of each tap."""
    positions, channels, sample, pitch, tap_count = params[0], params[1], params[2], params[3], params[4]
    bases, taps = int32s(params[5]), int32s(params[6])
    for s in range(n):
        for p in range(positions):
            y = shift(out, (s * positions + p) * pitch)
            for c in range(channels):
                y[c] = table[c]
            for t in range(tap_count):
                x, w = shift(a, s * sample + bases[p] + taps[t]), shift(table, (t + 1) * channels)
                for c in range(channels):
                    y[c] += x[c] * w[c]


def _direct(params: Any, a: Any, table: Any, out: Any, n: int) -> None:
    """The table's rows are an output channel's constant, then its weights as [tap][channel of the group]."""
    positions, channels, per_group, group_outputs, sample = params[0], params[1], params[2], params[3], params[4]
    pitch, tap_count, divisor, bases, taps = params[5], params[6], params[7], int32s(params[8]), int32s(params[9])
    width = tap_count * per_group + 1
    for s in range(n):
        for p in range(positions):
            for m in range(channels):
                x, w = shift(a, s * sample + bases[p] + m // group_outputs * per_group), shift(table, m * width)
                total = w[0]
                for t in range(tap_count):
                    for c in range(per_group):
                        total += np.int64(x[taps[t] + c]) * w[1 + t * per_group + c]
                out[(s * positions + p) * pitch + m] = total // divisor


DEPTHWISE, DIRECT = Kernel(_depthwise), Kernel(_direct)
