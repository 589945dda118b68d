"""Sum-max layers of few entries: by their list, 32 rows (samples, positions) side by side in short words.

The elements of 32 rows are turned over into a scratch memory, [element][row]. For each output the list of either term
is walked, both ends in registers, and 32 outputs at a time are turned back. A threshold that alone reads the result is
applied before that, where a comparison is for 32 rows, and all limits of an output are at hand.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numba.core.registry import cpu_target

from mulfree.ir import AnyArray, IntArray, IntOp, IntRange
from mulfree.ir.ops import Contraction, Threshold
from mulfree.sim.functional.geometry import Geometry
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.threshold import channel_constants
from mulfree.sim.functional.listed import HALF, SEARCHED, searches, spread, walk
from mulfree.sim.functional.plan import Buffer, Role
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits, narrowest, storage_of
from mulfree.sim.functional.transposition import SIDE
from mulfree.sim.functional.vector import int32s, shift

WORTH = 4
"""A list is walked where it holds at most one in so many of the entries of whole rows."""

FEWEST_SEARCHED = 12
"""Thresholds from which a search is worth its six steps."""


class ListParams(NamedTuple):
    """The numbers that the kernel reads, in this order; names ending in _at are addresses of int32 tables."""

    base_at: int
    """Offset in elements of each position's window, for `group` samples."""
    runs_at: int
    """Offset of every 32 elements of a window."""
    runs: int
    lists_at: int
    """For each output: entries of the maximum and of the minimum, each entry's place and weight, then its levels."""
    starts_at: int
    """Where the list of each output begins; those of every 32nd, and the end."""
    blocks: int
    bias: int
    """Added to every result: what the store leaves out."""
    levels: int
    """Thresholds of each output, after their base and step; 0: the results are stored as they are."""
    positions: int
    group: int
    sample: int
    """Elements from one sample of x to the next."""
    pitch: int
    """Elements from one position of the result to the next."""


Row = tuple[tuple[IntArray, IntArray], tuple[IntArray, IntArray]]
"""Of an output the places in the window as it is stored, and the weights, of the maximum and of the minimum."""


def is_worth_a_list(op: Contraction, kept: int, source: Buffer) -> bool:
    """Whether the layer has few entries, and channels that are read 32 at a time."""
    return 2 * op.weights.array.size >= WORTH * kept and source.storage.pitch % SIDE == 0


def build_listed(
    planner: Planner, node: IntNode, source: Buffer, geometry: Geometry, rows: list[Row], bias: int
) -> None:
    """Add the call; the caller knows that all sums and results fit short words."""
    reader = _fusable(planner, node)
    if reader is None:
        target, levels = planner.result(node.output, Kind.INT32), np.zeros((len(rows), 0), np.int64)
    else:
        planner.fuse(reader)
        target = planner.result(reader.output, Kind.BYTE)
        levels = _levels(reader.op, node.output.type.range, target, bias, len(rows))
    runs = np.add.outer(geometry.taps, np.arange(0, geometry.pitch, SIDE)).ravel()
    numbers, starts = _lists(rows, levels)
    params = ListParams(
        base_at=planner.address(geometry.over_group(geometry.bases, geometry.sample)),
        runs_at=planner.address(runs.astype(np.int32)),
        runs=len(runs),
        lists_at=planner.address(numbers),
        starts_at=planner.address(starts),
        blocks=len(starts) - 1,
        bias=bias,
        levels=max(0, levels.shape[1] - 2),
        positions=geometry.positions,
        group=geometry.group,
        sample=geometry.sample,
        pitch=target.storage.pitch,
    )
    scratch = planner.slot(Role.SCRATCH, "int16", 2 * len(runs) * SIDE * min(SIDE, geometry.positions))
    planner.call(LISTED, source.slot, target.slot, params, scratch)


def _fusable(planner: Planner, node: IntNode) -> IntNode | None:
    """The threshold that alone reads the node, if it gives bytes, 32 channels at a time."""
    reader = planner.only_reader(node.output)
    if reader is None or not isinstance(reader.op, Threshold) or not reader.op.thresholds.shape[1]:
        return None
    levels = reader.output.type
    is_in_bytes = fits(levels.range, Kind.BYTE) and narrowest(levels.range) is not Kind.BITS
    return reader if is_in_bytes and storage_of(levels, Kind.BYTE).pitch % SIDE == 0 else None


def _levels(op: IntOp, x: IntRange, target: Buffer, bias: int, outputs: int) -> IntArray:
    """(outputs, 2 + levels): base as it is stored, step, and the thresholds of sums without their bias."""
    assert isinstance(op, Threshold)
    table, base, step = channel_constants(op, x, outputs)
    limits = np.clip(table - bias, -HALF, HALF - 1)
    if FEWEST_SEARCHED <= limits.shape[1] < SEARCHED and searches(cpu_target.target_context):
        limits = np.pad(limits, ((0, 0), (0, SEARCHED - limits.shape[1])), constant_values=HALF - 1)
    return np.concatenate([(base - target.storage.bias)[:, None], step[:, None], limits], axis=1)


def _lists(rows: list[Row], levels: IntArray) -> tuple[AnyArray, AnyArray]:
    """The numbers of all outputs, of a whole number of blocks, and where each block begins."""
    parts = [_list(*row) + ends.tolist() for row, ends in zip(rows, levels, strict=True)]
    parts += [[0] * (2 + levels.shape[1])] * (-len(rows) % SIDE)
    starts = np.cumsum([0, *map(len, parts)])[::SIDE]
    return np.array(list(chain.from_iterable(parts)), np.int32), starts.astype(np.int32)


def _list(*terms: tuple[IntArray, IntArray]) -> list[int]:
    entries = [np.stack([places * SIDE, weights], axis=1).ravel().tolist() for places, weights in terms]
    return [len(places) for places, _ in terms] + list(chain.from_iterable(entries))


@njit
def _one(x: Any, run_at: Any, lists: Any, at: int) -> Any:
    """One output of one row: the sum of its ends, and where its levels or the next list begin."""
    most, least, counts = -HALF, HALF - 1, (lists[at], lists[at + 1])
    place = at + 2
    for _ in range(counts[0]):
        element = lists[place] // SIDE
        most = max(most, np.int64(x[run_at[element // SIDE] + element % SIDE]) + lists[place + 1])
        place += 2
    for _ in range(counts[1]):
        element = lists[place] // SIDE
        least = min(least, np.int64(x[run_at[element // SIDE] + element % SIDE]) + lists[place + 1])
        place += 2
    return most + least, place


@njit
def _stored(total: Any, lists: Any, place: Any, levels: Any, bias: Any) -> Any:
    """What is stored of a sum: its level, if there are levels, which begin at `place`."""
    if levels == 0:
        return total + bias
    count = 0
    for i in range(levels):
        count += total >= lists[place + 2 + i]
    return lists[place] + lists[place + 1] * count


def _sum_max_listed(params: Any, x: Any, scratch: Any, out: Any, n: int) -> None:
    base, run_at, runs, lists, starts = (
        int32s(params[0]),
        int32s(params[1]),
        params[2],
        int32s(params[3]),
        int32s(params[4]),
    )
    blocks, bias, levels, positions = params[5], params[6], params[7], params[8]
    group, sample, pitch = params[9], params[10], params[11]
    for first in range(0, n, group):
        rows = min(group, n - first) * positions
        xs, ys = shift(x, first * sample), shift(out, first * positions * pitch)
        if rows < SIDE:
            for r in range(rows):
                place = 0
                for m in range(blocks * SIDE):
                    total, place = _one(shift(xs, base[r]), run_at, lists, place)
                    ys[r * pitch + m] = _stored(total, lists, place, levels, bias)
                    place += levels + 2 if levels else 0
        else:
            for t in range(0, rows, SIDE):
                r = min(t, rows - SIDE)
                for i in range(runs):
                    spread(xs, shift(base, r), np.int64(run_at[i]), shift(scratch, i * SIDE * SIDE))
                for b in range(blocks):
                    y = shift(ys, r * pitch + b * SIDE)
                    walk(scratch, shift(lists, np.int64(starts[b])), bias, levels, y, pitch)


LISTED = Kernel(_sum_max_listed)
