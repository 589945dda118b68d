"""The loops around a micro-kernel: every block of output channels, every position, every sample."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from mulfree.sim.functional.vector import int32s, shift

ROWS = 8
"""Output positions of one call of the micro-kernel."""


class SweepParams(NamedTuple):
    """The numbers that `sweep` reads, in this order; names ending in _at are addresses of int32 tables."""

    base_at: int
    """Offset in words of each position's window, for `group` samples."""
    classes_at: int
    """Offset of each position's constants in a block's table, for `group` samples."""
    words_at: int
    """Offset of each word within a window."""
    word_count: int
    weights_at: int
    """[block][word][lanes]."""
    block_weights: int
    """Words of one block's weights."""
    table_at: int
    """Constants of the epilogue: [block][class][...]."""
    table_words: int
    """Words of one block's constants."""
    scalars_at: int
    """The epilogue's number for each block."""
    blocks: int
    positions: int
    group: int
    """Samples whose positions are swept together."""
    sample_words: int
    """Words from one sample of x to the next."""
    pitch: int
    """Elements from one position of the result to the next."""
    block_pitch: int
    """Elements from one block of the result to the next."""


@njit
def sweep(block: Any, params: Any, x: Any, out: Any, n: int) -> None:
    """Call `block` (see `panel`) on all of n samples.

    The last rows of a group are reached by a call that overlaps the one before: results are written twice, not summed.
    """
    base, classes, words, word_count = int32s(params[0]), int32s(params[1]), int32s(params[2]), params[3]
    weights, block_weights, table, table_words = int32s(params[4]), params[5], int32s(params[6]), params[7]
    scalars, blocks, positions, group = int32s(params[8]), params[9], params[10], params[11]
    sample_words, pitch, block_pitch = params[12], params[13], params[14]
    for first in range(0, n, group):
        rows = min(group, n - first) * positions
        xs = shift(x, first * sample_words)
        for i in range(blocks):
            ws, ts, k = shift(weights, i * block_weights), shift(table, i * table_words), scalars[i]
            ys = shift(out, first * positions * pitch + i * block_pitch)
            if rows < ROWS:
                for r in range(rows):
                    bs, cs, y = shift(base, r), shift(classes, r), shift(ys, r * pitch)
                    block(1, xs, bs, words, word_count, ws, ts, cs, k, y, pitch)
            else:
                for t in range(0, rows, ROWS):
                    r = min(t, rows - ROWS)
                    bs, cs, y = shift(base, r), shift(classes, r), shift(ys, r * pitch)
                    block(ROWS, xs, bs, words, word_count, ws, ts, cs, k, y, pitch)
