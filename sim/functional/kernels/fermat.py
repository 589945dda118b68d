"""Convolutions by Fermat number transforms, in int64 lanes of channels; the products of spectra in doubles.

The steps are in `mulfree.sim.functional.kernels.fermat_steps`.
"""

from __future__ import annotations

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.ir.ops import Contraction
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
from mulfree.sim.functional.planner import IntNode, Planner
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
    one, rest = FermatConvolution((ring,), conv.length, conv.window), [np.zeros((0, 3), np.int32)]
    for first in range(0, outputs, OUTPUTS_AT_ONCE):
        (spectra,) = one.kernel_spectra(weights[first : first + OUTPUTS_AT_ONCE])
        for m, values in enumerate(np.moveaxis(ring.centred(spectra[:, 0]), 2, 0), first):
            points, at = np.nonzero(values > INT32_MAX)
            rest.append(np.stack([points, np.full(len(at), m), at], axis=1).astype(np.int32))
            packed[:, m // COLUMNS, :channels, m % COLUMNS] = np.minimum(values, INT32_MAX)
    return packed, np.concatenate(rest)
