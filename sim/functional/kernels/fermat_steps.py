"""The steps of a convolution by Fermat number transforms, for each ring.

Tiles to spectra [point][tile][channel]; products with the weights' spectra [point][block][channel][COLUMNS] to sums
[block][point][tile][BLOCK]; back to integers [position][output]; and the results.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.ring_vector import (
    BLOCK,
    COLUMNS,
    HALF_BITS,
    forward_butterfly,
    int64s,
    inverse_butterfly,
    multiply_rows,
)
from mulfree.sim.functional.vector import int32s, shift

ROWS = 8
"""Tiles that meet the weights together."""
AT_ONCE = 128
"""Products of 2^31 and 2^15 that a double holds the sum of."""


class MapParams(NamedTuple):
    """Of a map and its tiles; what `_to_spectra` and `_from_spectra` read, in this order."""

    height: int
    width: int
    pitch: int
    channels: int
    """Padded to `BLOCK`."""
    bias: int
    length: int
    bits: int
    tile_rows: int
    tile_columns: int
    tile_height: int
    """Results of a tile, down and across."""
    tile_width: int
    top: int
    left: int


@njit
def _forward(work: Any, lines: Any, line_step: Any, length: Any, step: Any, bits: Any) -> None:
    """Transform `lines` sequences of blocks in their places."""
    half = length // 2
    while half > 0:
        for q in range(half):
            for first in range(q, length, 2 * half):
                for line in range(lines):
                    a = shift(work, first * step + line * line_step)
                    forward_butterfly(a, shift(a, half * step), q * (bits // half), bits)
        half //= 2


@njit
def _inverse(work: Any, lines: Any, line_step: Any, length: Any, step: Any, bits: Any) -> None:
    half = 1
    while half < length:
        for first in range(0, length, 2 * half):
            for line in range(lines):
                a = shift(work, first * step + line * line_step)
                b = shift(a, half * step)
                inverse_butterfly(a, b, a, b, 0, bits)
        for q in range(1, half):  # 2^-k = -2^(b - k)
            for first in range(q, length, 2 * half):
                for line in range(lines):
                    a = shift(work, first * step + line * line_step)
                    b = shift(a, half * step)
                    inverse_butterfly(a, b, b, a, bits - q * (bits // half), bits)
        half *= 2


@njit
def _centred(v: Any, bits: Any) -> Any:
    """The number nearest to 0 that is v modulo 2^bits + 1."""
    mask = (np.int64(1) << bits) - 1
    v = (v & mask) - (v >> bits)
    v = (v & mask) - (v >> bits)
    v = (v & mask) - (v >> bits)
    return v - (mask + 2) if v > mask // 2 + 1 else v


def _to_spectra(params: Any, x: Any, work: Any, out: Any, n: int) -> None:
    height, width, pitch, channels, bias, length = params[0], params[1], params[2], params[3], params[4], params[5]
    bits, tile_rows, tile_columns, tile_height, tile_width = params[6], params[7], params[8], params[9], params[10]
    top, left, used = params[11], params[12], params[13]
    tiles, row_step = tile_rows * tile_columns, (length + 1) * BLOCK
    for s in range(n):
        for t in range(tiles):
            first_row = t // tile_columns * tile_height - top
            first_column = t % tile_columns * tile_width - left
            begin, end = max(0, -first_row), min(length, height - first_row)
            for block in range(0, channels, BLOCK):
                lanes = min(BLOCK, used - block)
                for i in range(length * row_step):
                    work[i] = 0
                for r in range(begin, end):
                    for c in range(max(0, -first_column), min(length, width - first_column)):
                        source = shift(x, ((s * height + first_row + r) * width + first_column + c) * pitch + block)
                        target = shift(work, r * row_step + c * BLOCK)
                        for i in range(lanes):
                            target[i] = np.int64(source[i]) + bias
                if end > begin:
                    _forward(shift(work, begin * row_step), end - begin, row_step, length, BLOCK, bits)
                _forward(work, length, BLOCK, length, row_step, bits)
                for p in range(length * length):
                    source = shift(work, (p + p // length) * BLOCK)
                    spectrum = shift(out, ((p * n + s) * tiles + t) * channels + block)
                    for i in range(BLOCK):
                        spectrum[i] = _centred(source[i], bits)


def _from_spectra(params: Any, x: Any, work: Any, out: Any, n: int) -> None:
    height, width, channels, length, bits = params[0], params[1], params[3], params[5], params[6]
    tile_rows, tile_columns, tile_height, tile_width = params[7], params[8], params[9], params[10]
    tiles, row_step = tile_rows * tile_columns, (length + 1) * BLOCK
    for s in range(n):
        for t in range(tiles):
            first_row, first_column = t // tile_columns * tile_height, t % tile_columns * tile_width
            rows, columns = min(tile_height, height - first_row), min(tile_width, width - first_column)
            for block in range(0, channels, BLOCK):
                for p in range(length * length):
                    source = shift(x, (block * length * length + p * BLOCK) * n * tiles + (s * tiles + t) * BLOCK)
                    target = shift(work, (p + p // length) * BLOCK)
                    for i in range(BLOCK):
                        target[i] = source[i]
                _inverse(work, length, BLOCK, length, row_step, bits)
                _inverse(work, rows, row_step, length, BLOCK, bits)
                for r in range(rows):
                    for c in range(columns):
                        source = shift(work, r * row_step + c * BLOCK)
                        place = (s * height + first_row + r) * width + first_column + c
                        target = shift(out, place * channels + block)
                        for i in range(BLOCK):
                            target[i] = _centred(source[i], bits)


@njit
def _sums_at(p: Any, m: Any, points: Any, rows: Any, row: Any) -> Any:
    """Where, in [block][point][row][BLOCK], the sums of output m begin."""
    return ((m // BLOCK * points + p) * rows + row) * BLOCK + m % BLOCK


def _multiply_f4(params: Any, x: Any, w: Any, out: Any, n: int) -> None:
    points, rows, channels, outputs = params[0], params[1] * n, params[2], params[3]
    for p in range(points):
        for m in range(0, outputs, COLUMNS):
            ws = shift(w, (p * outputs + m) * channels)
            for r in range(0, rows, ROWS if rows >= ROWS else 1):
                first = min(r, rows - ROWS) if rows >= ROWS else r
                xs, ys = shift(x, (p * rows + first) * channels), shift(out, _sums_at(p, m, points, rows, first))
                if rows >= ROWS:
                    multiply_rows(8, 1, xs, channels, ws, channels, ys, BLOCK, 1)
                else:
                    multiply_rows(1, 1, xs, channels, ws, channels, ys, BLOCK, 1)


def _multiply_f5(params: Any, x: Any, w: Any, out: Any, n: int) -> None:
    points, rows, channels, outputs = params[0], params[1] * n, params[2], params[3]
    for p in range(points):
        for m in range(0, outputs, COLUMNS):
            for r in range(0, rows, ROWS if rows >= ROWS else 1):
                first = min(r, rows - ROWS) if rows >= ROWS else r
                ys = shift(out, _sums_at(p, m, points, rows, first))
                for c in range(0, channels, AT_ONCE):
                    xs = shift(x, (p * rows + first) * channels + c)
                    ws = shift(w, (p * outputs + m) * channels + c * COLUMNS)
                    count = min(AT_ONCE, channels - c)
                    if rows >= ROWS:
                        multiply_rows(8, 2, xs, channels, ws, count, ys, BLOCK, c == 0)
                    else:
                        multiply_rows(1, 2, xs, channels, ws, count, ys, BLOCK, c == 0)
    more = int32s(params[5])
    for i in range(params[4]):
        p, m, c = more[3 * i], more[3 * i + 1], more[3 * i + 2]
        for r in range(rows):
            out[_sums_at(p, m, points, rows, r)] += np.int64(x[(p * rows + r) * channels + c])


@njit
def _joined(a: Any, b: Any) -> Any:
    """The number that is a modulo F_4 and b modulo F_5: 1 / F_4 = -(2^16 - 1) / 2 modulo F_5."""
    five = (np.int64(1) << 32) + 1
    v = _centred(b - a, 32)
    v = _centred(v - (v << HALF_BITS), 32)
    digit = _centred((v + (v & 1) * five) >> 1, 32)
    return a + digit * ((np.int64(1) << 16) + 1)


def _store(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    rows, columns, down, across, outputs, lanes = params[0], params[1], params[2], params[3], params[4], params[5]
    pitch, divisor, offset = params[6], params[7], int64s(params[8])
    y = 0
    for s in range(n):
        for r in range(0, rows, down):
            for c in range(0, columns, across):
                source = shift(a, ((s * rows + r) * columns + c) * lanes)
                if divisor == 1:
                    for m in range(outputs):
                        out[y + m] = source[m] - offset[m]
                else:
                    for m in range(outputs):
                        out[y + m] = (source[m] - offset[m]) // divisor
                y += pitch


def _store_pair(params: Any, a: Any, b: Any, out: Any, n: int) -> None:
    rows, columns, down, across, outputs, lanes = params[0], params[1], params[2], params[3], params[4], params[5]
    pitch, divisor, offset = params[6], params[7], int64s(params[8])
    y = 0
    for s in range(n):
        for r in range(0, rows, down):
            for c in range(0, columns, across):
                place = ((s * rows + r) * columns + c) * lanes
                for m in range(outputs):
                    out[y + m] = (_joined(a[place + m], b[place + m]) - offset[m]) // divisor
                y += pitch


TO_SPECTRA, FROM_SPECTRA = Kernel(_to_spectra), Kernel(_from_spectra)
MULTIPLY = {16: Kernel(_multiply_f4), 32: Kernel(_multiply_f5)}
STORE, STORE_PAIR = Kernel(_store), Kernel(_store_pair)
