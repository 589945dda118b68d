"""Contractions: the arithmetic that is fastest, and the threshold that follows fused to it."""

from __future__ import annotations

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.ops import Contraction, Threshold
from mulfree.sim.functional.fermat_choice import fermat_form
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.accumulation import Accumulation, from_bits, from_bytes, from_halfwords, scaling
from mulfree.sim.functional.kernels.direct import build_depthwise, build_direct
from mulfree.sim.functional.kernels.fermat import build_fermat
from mulfree.sim.functional.kernels.threshold import LINEAR, as_comparison, channel_constants
from mulfree.sim.functional.pack import block_size, channel_blocks, pack_bits
from mulfree.sim.functional.plan import Buffer
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits, narrowest, storage_of
from mulfree.sim.functional.sweep import SweepParams

NEVER = 2**31 - 1
"""A limit that no accumulator reaches."""


def build_contraction(planner: Planner, node: IntNode) -> bool:
    node = planner.unflattened(node)
    op = node.op
    assert isinstance(op, Contraction)
    if not fits(node.output.type.range, Kind.INT64):
        return False
    if op.groups > 1 and build_depthwise(planner, node, *scaling(op)):
        return True
    if transforms := fermat_form(node):
        build_fermat(planner, node, transforms, *scaling(op))
        return True
    reader = fusable(planner, node)
    for form in (from_bits, from_bytes, from_halfwords):
        if accumulation := form(planner, node, reader is not None):
            finish(planner, node, accumulation, reader)
            return True
    return build_direct(planner, node, *scaling(op))


def finish(planner: Planner, node: IntNode, acc: Accumulation, reader: IntNode | None) -> None:
    """Store y, or fuse the threshold that alone reads it."""
    if reader is None:
        target = planner.result(node.output, Kind.INT32)
        sums, scalar = acc.ending
        table = channel_blocks(sums)[:, :, None]
        scalars = np.full(len(acc.weights), scalar)
        _sweep(planner, acc, target, acc.sweeps.ints, table, scalars, acc.block)
        return
    assert isinstance(reader.op, Threshold)
    planner.fuse(reader)
    constants = channel_constants(reader.op, node.output.type.range, acc.constants.shape[1])
    limits, base, step = _on_accumulator(acc, *constants)
    if narrowest(reader.output.type.range) is Kind.BITS and limits.shape[-1] == 1:
        _to_bits(planner, reader, acc, limits, base, step)
    else:
        _to_levels(planner, reader, acc, limits, base, step)


def fusable(planner: Planner, node: IntNode) -> IntNode | None:
    """The threshold that alone reads this node, if the micro-kernel can end in it."""
    reader = planner.only_reader(node.output)
    if reader is None or not isinstance(reader.op, Threshold):
        return None
    levels, count = reader.output.type.range, reader.op.thresholds.shape[1]
    if narrowest(levels) is Kind.BITS and count == 1:
        return reader
    pitch = storage_of(reader.output.type, Kind.BYTE).pitch
    return (
        reader
        if fits(levels, Kind.BYTE) and count <= LINEAR and pitch % block_size(reader.output.type.shape[0]) == 0
        else None
    )


def _on_accumulator(
    acc: Accumulation, table: IntArray, base: IntArray, step: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """The function base + step * #{y >= t} as thresholds on acc: (classes, M, L), base and step.

    With a negative factor, y >= t means acc <= q, which is what acc >= q + 1 is not: the count runs backwards.
    """
    wanted = table[None] * acc.divisor - acc.constants[:, :, None]
    if acc.factor > 0:
        return -(-wanted // acc.factor), base, step
    limits = (-wanted) // -acc.factor + 1
    return limits[:, :, ::-1], base + step * table.shape[1], -step


def _to_bits(
    planner: Planner, reader: IntNode, acc: Accumulation, limits: IntArray, base: IntArray, step: IntArray
) -> None:
    target = planner.result(reader.output, Kind.BITS)
    compared, inverted = as_comparison(limits[:, :, 0], base, step, reader.output.type.range.hi, NEVER)
    table = channel_blocks(_clipped(compared), fill=NEVER)[:, :, None]
    _sweep(planner, acc, target, acc.sweeps.bits, table, pack_bits(inverted[None])[0], 1)


def _to_levels(
    planner: Planner, reader: IntNode, acc: Accumulation, limits: IntArray, base: IntArray, step: IntArray
) -> None:
    target = planner.result(reader.output, Kind.BYTE)
    classes, channels, count = limits.shape
    ends = np.stack([np.stack([base - target.storage.bias, step])] * classes)
    rows = np.concatenate([ends, np.moveaxis(_clipped(limits), -1, 1)], axis=1).reshape(-1, channels)
    table = channel_blocks(rows).reshape(len(acc.weights), classes, count + 2, acc.block)
    _sweep(planner, acc, target, acc.sweeps.levels, table, np.full(len(acc.weights), count), acc.block)


def _clipped(limits: IntArray) -> IntArray:
    return np.clip(limits, -(2**31), NEVER)


def _sweep(
    planner: Planner,
    acc: Accumulation,
    target: Buffer,
    kernel: Kernel,
    table: AnyArray,
    scalars: AnyArray,
    block_pitch: int,
) -> None:
    """`table` is (blocks, classes, rows, channels of a block)."""
    geometry = acc.geometry
    class_words = table.shape[2] * acc.block
    params = SweepParams(
        base_at=planner.address(geometry.over_group(geometry.bases, geometry.sample)),
        classes_at=planner.address(geometry.over_group(acc.classes * class_words, 0)),
        words_at=planner.address(acc.words.astype(np.int32)),
        word_count=acc.words.size,
        weights_at=planner.address(acc.weights),
        block_weights=acc.weights[0].size,
        table_at=planner.address(table.astype(np.int32)),
        table_words=table[0].size,
        scalars_at=planner.address(scalars.astype(np.int32)),
        blocks=len(acc.weights),
        positions=geometry.positions,
        group=geometry.group,
        sample_words=geometry.sample,
        pitch=target.storage.pitch,
        block_pitch=block_pitch,
    )
    planner.call(kernel, acc.source.slot, target.slot, params)
