"""Convolutions whose weights each sample modifies: the kernels of a sample are made first, then met by its windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import IntArray, IntRange
from mulfree.ir.ops import Window
from mulfree.sim.functional.geometry import in_border
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, Storage, fits
from mulfree.sim.functional.vector import int32s, shift


def build_attentional(
    planner: Planner, node: IntNode, weights: IntArray, window: Window, groups: int, residual: int, exponents: IntArray
) -> bool:
    """For weights (M, C / groups, kernel rows, kernel columns); `exponents` is the element of a that shifts each."""
    x, attention = node.inputs
    per_group, taps = weights.shape[1], window.taps
    largest = _largest(node, weights, residual)
    kind = next((kind for kind in (Kind.INT32, Kind.INT64) if fits(IntRange(-largest, largest), kind)), None)
    if kind is None or not fits(x.type.range, kind):
        return False
    amounts = planner.operand(attention, Kind.BYTE)
    stored = planner.operand(x, Kind.BYTE, kind)
    source, geometry = in_border(planner, stored, x.type, window, fill=-stored.storage.bias)
    rows, places = (np.moveaxis(a, 1, -1).reshape(len(a), -1) for a in (weights, exponents))
    width = taps * per_group + 1
    kernels = planner.scratch(Storage(kind, len(rows) * width, 1, IntRange(-largest, largest)))
    table = np.stack([rows, amounts.storage.index(places)]).astype(np.int32)
    made = (len(rows), taps * per_group, amounts.storage.elements, kernels.storage.pitch)
    biases = (stored.storage.bias, amounts.storage.bias)
    planner.call(KERNELS, amounts.slot, kernels.slot, (*made, residual, *biases, planner.address(table)))
    target = planner.result(node.output, kind)
    sizes = (geometry.positions, len(rows), per_group, len(rows) // groups, geometry.sample, target.storage.pitch, taps)
    places_of_windows = (planner.address(table.astype(np.int32)) for table in (geometry.bases, geometry.taps))
    planner.call(WINDOWS, source.slot, target.slot, (*sizes, *places_of_windows, kernels.storage.pitch), kernels.slot)
    return True


def _largest(node: IntNode, weights: IntArray, residual: int) -> int:
    """No number on the way exceeds this: stored words are within 128 of what they mean."""
    x, attention = (value.type.range for value in node.inputs)
    row = int(np.abs(weights).reshape(len(weights), -1).sum(axis=1).max())
    return (max(abs(x.lo), abs(x.hi)) + 256) * (row + 1) * (residual + (1 << attention.hi))


def _kernels(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    """For each output channel what the operand's bias amounts to, then its weights as [tap][channel of the group]."""
    outputs, inputs, from_pitch, to_pitch, residual = params[0], params[1], params[2], params[3], params[4]
    bias, least = params[5], params[6]
    weights = int32s(params[7])
    places = shift(weights, outputs * inputs)
    for s in range(n):
        amounts = shift(a, s * from_pitch)
        for m in range(outputs):
            y, total = shift(out, s * to_pitch + m * (inputs + 1)), np.int64(0)
            for k in range(inputs):
                i = m * inputs + k
                w = np.int64(weights[i]) * (residual + (np.int64(1) << (np.int64(amounts[places[i]]) + least)))
                total += w
                y[1 + k] = w
            y[0] = bias * total


def _windows(params: Any, a: Any, kernels: Any, out: Any, n: int) -> None:
    positions, channels, per_group, group_outputs, sample = params[0], params[1], params[2], params[3], params[4]
    pitch, tap_count, bases, taps, size = params[5], params[6], int32s(params[7]), int32s(params[8]), params[9]
    width = tap_count * per_group + 1
    for s in range(n):
        for p in range(positions):
            for m in range(channels):
                x = shift(a, s * sample + bases[p] + m // group_outputs * per_group)
                w = shift(kernels, s * size + m * width)
                total = w[0]
                for t in range(tap_count):
                    tap, row = shift(x, taps[t]), shift(w, 1 + t * per_group)
                    for c in range(per_group):
                        total += tap[c] * row[c]
                out[(s * positions + p) * pitch + m] = total


KERNELS, WINDOWS = Kernel(_kernels), Kernel(_windows)
