"""Convolutions by Fermat number transforms, in int64 lanes of channels; the products of spectra in doubles.

The steps are in `mulfree.sim.functional.kernels.fermat_steps`.
"""

from __future__ import annotations

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.kernel import execute
from mulfree.sim.functional.kernels.fermat_steps import (
    FROM_SPECTRA,
    MULTIPLY,
    ROWS,
    STORE,
    STORE_PAIR,
    TO_SPECTRA,
    MapParams,
)
from mulfree.sim.functional.plan import Role
from mulfree.sim.functional.planner import IntNode, Planner, address_of
from mulfree.sim.functional.ring_vector import BLOCK, COLUMNS
from mulfree.sim.functional.storage import Kind, fits

INT32_MAX = 2**31 - 1
OUTPUTS_AT_ONCE = 32
"""Output channels whose spectra are made together."""


def padded(count: int, unit: int) -> int:
    return -(-count // unit) * unit


def build_fermat(planner: Planner, node: IntNode, conv: FermatConvolution, divisor: int, offset: IntArray) -> None:
    """divisor * y + offset = the convolution; the weights' spectra fit int32, see `packed_spectra`."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    assert conv.length <= 2 * conv.rings[0].bits, "these kernels know no root of 2"
    planner.plan.least_tile = max(planner.plan.least_tile, ROWS)  # spectra of weights are read once for each tile
    parts = [_integers(planner, node, conv, number) for number in range(len(conv.rings))]
    rows, columns = conv.tiles(*x.type.shape[1:])
    kind = next(kind for kind in (Kind.INT32, Kind.INT64) if fits(node.output.type.range, kind))
    target = planner.result(node.output, kind)
    outputs, (down, across) = op.weights.shape[0], op.window.stride
    params = (
        rows.results, columns.results, down, across, outputs, padded(outputs, BLOCK), target.storage.pitch, divisor,
        planner.address(offset.astype(np.int64)),
    )  # fmt: skip
    planner.call(STORE if len(parts) == 1 else STORE_PAIR, parts[0], target.slot, params, parts[-1])


def _integers(planner: Planner, node: IntNode, conv: FermatConvolution, number: int) -> int:
    """A slot of what the convolution leaves in one ring, between -F/2 and F/2: int64 [position][output]."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    ring, stored = conv.rings[number], planner.operand(x, Kind.BYTE, Kind.INT16, Kind.INT32)
    _, height, width = x.type.shape
    rows, columns = conv.tiles(height, width)
    tiles, points = rows.count * columns.count, conv.length**2
    channels, outputs = padded(op.weights.shape[1], BLOCK), padded(op.weights.shape[0], BLOCK)
    geometry = (rows.count, columns.count, rows.outputs, columns.outputs, rows.before, columns.before)
    work = planner.slot(Role.SCRATCH, "int64", (conv.length + 1) * conv.length * BLOCK * 8)
    spectra = planner.slot(Role.SCRATCH, "float64", points * tiles * channels * 8)
    sums = planner.slot(Role.SCRATCH, "int64", points * tiles * outputs * 8)
    results = planner.slot(Role.SCRATCH, "int64", rows.results * columns.results * outputs * 8)
    there = MapParams(
        height, width, stored.storage.pitch, channels, stored.storage.bias, conv.length, ring.bits, *geometry
    )
    back = MapParams(rows.results, columns.results, outputs, outputs, 0, conv.length, ring.bits, *geometry)
    planner.call(TO_SPECTRA, stored.slot, spectra, (*there, op.weights.shape[1]), work)
    weights, rest = packed_spectra(conv, ring, op.weights.array)
    params = (points, tiles, channels, outputs, len(rest), planner.address(rest))
    planner.call(MULTIPLY[ring.bits], spectra, sums, params, planner.constant(weights))
    planner.call(FROM_SPECTRA, sums, results, back, work)
    return results


def packed_spectra(conv: FermatConvolution, ring: FermatRing, weights: IntArray) -> tuple[AnyArray, AnyArray]:
    """int32 [point][block of COLUMNS outputs][channel][COLUMNS], and what int32 does not hold.

    2^31 of F_5 is stored as one less, and as a row (point, output, channel) of the second array: 1 to be added there.
    """
    outputs, channels = weights.shape[:2]
    blocks = padded(outputs, BLOCK) // COLUMNS
    packed = np.zeros((conv.length**2, blocks, padded(channels, BLOCK), COLUMNS), np.int32)
    rest = [np.zeros((0, 3), np.int32)]
    for first in range(0, outputs, OUTPUTS_AT_ONCE):
        spectra = _spectra(ring, conv.kernel_tiles(ring, weights[first : first + OUTPUTS_AT_ONCE]))
        for m, values in enumerate(np.moveaxis(spectra, 1, 0), first):
            points, at = np.nonzero(values > INT32_MAX)
            rest.append(np.stack([points, np.full(len(at), m), at], axis=1).astype(np.int32))
            packed[:, m // COLUMNS, :, m % COLUMNS] = np.minimum(values, INT32_MAX)
    return packed, np.concatenate(rest)


def _spectra(ring: FermatRing, tiles: IntArray) -> AnyArray:
    """(points, M, padded channels): what `TO_SPECTRA` makes of maps (M, C, length, length), nearest to 0."""
    count, channels, length, _ = tiles.shape
    lanes = padded(channels, BLOCK)
    maps = np.ascontiguousarray(np.moveaxis(ring.centred(tiles), 1, -1))
    work, spectra = np.empty((length + 1) * length * BLOCK, np.int64), np.empty((length**2, count, lanes))
    one_tile = (1, 1, length, length, 0, 0)
    params = np.array([*MapParams(length, length, channels, lanes, 0, length, ring.bits, *one_tile), channels])
    kernel = TO_SPECTRA.address("int64", "int64", "float64")
    slots = np.array([address_of(array) for array in (maps, work, spectra)])
    execute(np.array([[kernel, address_of(params), 0, 1, 2]]), slots, np.zeros(3, np.int64), 0, count, count)
    return spectra
