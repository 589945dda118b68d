"""What a micro-kernel leaves of a contraction that equals the dot product, and how to get the result from it.

bits:  x = lo or hi, d w = u sum_j t_j with t_j = -1 or +1, so with K taps inside the map and P_j = popcount(x ^ t_j)
       d sum x w = u sum_j ((lo + hi) / 2 * sum t_j + (hi - lo) / 2 * (K - 2 P_j));
       a tap outside reads bits 0 and adds popcount(t_j) to P_j, which depends only on which taps are outside
bytes: x = v + bias, so sum x w = bias * sum w + sum v w
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntRange
from mulfree.ir.ops import Contraction, MultiplyAccumulate, as_map
from mulfree.sim.functional.geometry import Geometry, in_border, valid_taps
from mulfree.sim.functional.kernels.blocked import Sweeps, bit_sweeps, byte_sweeps
from mulfree.sim.functional.pack import bit_weights, byte_weights
from mulfree.sim.functional.plan import Buffer
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.signs import SignTerms, sign_terms
from mulfree.sim.functional.storage import Kind, fits

MAX_TERMS = 4
"""Up to this many sign terms are faster than one pass over bytes."""


@runtime_checkable
class StandsForDot(Protocol):
    """An arithmetic: the result of the operator that it replaces is factor * y[m] + offset[m]."""

    @property
    def replaces(self) -> type[Contraction]: ...

    @property
    def factor(self) -> int: ...

    @property
    def offset(self) -> IntArray: ...


@dataclass(frozen=True, slots=True)
class Accumulation:
    """divisor * y[m] = constants[classes[position], m] + factor * acc[m]."""

    sweeps: Sweeps
    source: Buffer
    geometry: Geometry
    words: AnyArray
    """Offsets of the words of a window, in the order of the weights."""
    weights: AnyArray
    """(blocks, words, channels of a block)."""
    constants: IntArray
    classes: AnyArray
    factor: int
    divisor: int

    @property
    def block(self) -> int:
        """Output channels of a block."""
        return int(self.weights.shape[-1])

    @property
    def ending(self) -> tuple[IntArray, int]:
        """The constants and the scalar with which `sweeps.ints` stores y."""
        if self.sweeps.ints_shift:
            return self.constants, self.divisor.bit_length() - 1
        assert self.divisor == 1 or self.factor % self.divisor == 0
        return self.constants // self.divisor, self.factor // self.divisor


def stands_for_dot(op: Contraction) -> bool:
    """Whether what it replaces is the dot product."""
    return isinstance(op, StandsForDot) and op.replaces is MultiplyAccumulate


def scaling(op: Contraction) -> tuple[int, IntArray]:
    """(factor, offset) such that dot[m] = factor * y[m] + offset[m]."""
    if isinstance(op, StandsForDot):
        return op.factor, op.offset
    return 1, np.zeros(op.weights.shape[0], np.int64)


def from_bits(planner: Planner, node: IntNode, is_fused: bool) -> Accumulation | None:
    """Packed bits, if x has two values and the weights are few signs each."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    if op.groups > 1 or not fits(x.type.range, Kind.BITS):
        return None
    terms = sign_terms(op.weights.array, MAX_TERMS)
    factor = -(x.type.range.hi - x.type.range.lo) * (terms.unit if terms else 0)
    if terms is None or not _is_exact(node, factor, terms.divisor, is_fused):
        return None
    divisor, offset = scaling(op)
    source, geometry = in_border(planner, planner.operand(x, Kind.BITS), x.type, op.window, fill=0)
    _, height, width = as_map(x.type.shape)
    masks, classes = np.unique(valid_taps(op.window, height, width), axis=0, return_inverse=True)
    constants = _bit_constants(terms, masks, x.type.range) - offset * terms.divisor
    words = np.tile(geometry.words, len(terms.signs))
    packed = np.concatenate([bit_weights(t) for t in terms.signs], axis=1)
    return Accumulation(
        bit_sweeps(packed.shape[-1]),
        source,
        geometry,
        words,
        packed,
        constants,
        classes.ravel(),
        factor,
        divisor * terms.divisor,
    )


def _bit_constants(terms: SignTerms, masks: AnyArray, x: IntRange) -> IntArray:
    """(classes, M): what is to be added to -(hi - lo) * u * P, for each set of taps inside the map."""
    inside = masks.astype(np.int64).reshape(len(masks), -1)
    sums, ones = (t.sum(axis=(0, 2)).reshape(t.shape[1], -1).T for t in (terms.signs, terms.signs > 0))
    elements = (inside.sum(axis=1) * terms.signs.shape[2] * len(terms.signs))[:, None]
    doubled = (x.lo + x.hi) * (inside @ sums) + (x.hi - x.lo) * elements
    constants: IntArray = terms.unit * (doubled // 2 + (x.hi - x.lo) * ((1 - inside) @ ones))
    return constants


def from_bytes(planner: Planner, node: IntNode, is_fused: bool) -> Accumulation | None:
    """Bytes, if x and the weights have at most 8 bits."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    if op.weights.range.lo < -128 or op.weights.range.hi > 127 or not fits(x.type.range, Kind.BYTE):
        return None
    weights = expanded(op.weights.array, op.groups)
    peak = 255 * int(np.abs(weights).sum(axis=(1, 2, 3)).max())
    if peak >= 2**31 - 1 or not _is_exact(node, 1, 1, is_fused):
        return None
    divisor, offset = scaling(op)
    stored = planner.operand(x, Kind.BYTE)
    source, geometry = in_border(planner, stored, x.type, op.window, fill=-stored.storage.bias)
    in_words = geometry.in_words()
    constants = (stored.storage.bias * weights.sum(axis=(1, 2, 3)) - offset)[None]
    classes = np.zeros(geometry.positions, np.int64)
    packed = byte_weights(weights, geometry.pitch)
    return Accumulation(
        byte_sweeps(packed.shape[-1]), source, in_words, in_words.words, packed, constants, classes, 1, divisor
    )


def expanded(weights: IntArray, groups: int) -> IntArray:
    """The weights of a grouped layer as those of a full one, zero between groups."""
    if groups == 1:
        return weights
    out_channels, per_group, *kernel = weights.shape
    full = np.zeros((out_channels, per_group * groups, *kernel), np.int64)
    for m in range(out_channels):
        first = m * groups // out_channels * per_group
        full[m, first : first + per_group] = weights[m]
    return full


def _is_exact(node: IntNode, factor: int, divisor: int, is_fused: bool) -> bool:
    """Whether 32 bits hold the result and its constants; and y comes out without a division, if it is stored."""
    assert isinstance(node.op, Contraction)
    scale, offset = scaling(node.op)
    y, x = node.output.type.range, node.inputs[0].type.range
    dot = y.times(scale) + IntRange(int(offset.min()), int(offset.max()))
    products = (x | IntRange(0, 0)) * (node.op.weights.range | IntRange(-abs(factor), abs(factor)))
    undivided = factor % (scale * divisor) == 0 or is_fused
    return undivided and fits(y | (dot | products.scaled(4 * node.op.weights.array[0].size)).times(divisor), Kind.INT32)
