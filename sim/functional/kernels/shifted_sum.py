"""Sums of shifted and rounded bytes: the bits that a shift keeps, by a mask, then a dot product with powers of two.

For a stored byte b and a right shift by s, (b & -2^s) = 2^s floor(b / 2^s). So with S the longest shift

    2^S sum ±floor(b / 2^s) = sum ±2^(S - s) (b & -2^s)

half_up adds bit s - 1 with the weight of the bit above it. A stored byte b is v + 128 where values may be negative:
floor(v / 2^s) is then floor(b / 2^s) less 128 / 2^s, and the bits below the topmost are those of v.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.combine import masked_dot
from mulfree.sim.functional.epilogue import to_bits, to_levels, to_shifted
from mulfree.sim.functional.geometry import in_border
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.accumulation import Accumulation, expanded
from mulfree.sim.functional.kernels.blocked import Sweeps
from mulfree.sim.functional.kernels.contraction import finish, fusable
from mulfree.sim.functional.pack import NARROW, byte_weights
from mulfree.sim.functional.panel import panel
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, byte_bias, fits
from mulfree.sim.functional.sweep import sweep
from mulfree.sim.functional.vector import as_words

PART = 64
"""Weights beyond it are given to several passes over the same bytes."""
MOST_PARTS = 8

Term = tuple[IntArray, IntArray]
"""Weights and the masks of the bytes that they meet."""


def build_shifted_sum(planner: Planner, node: IntNode, exponents: IntArray, halves_go_up: bool) -> bool:
    """Operands of 8 bits, with exponents that lie close enough together for 32-bit sums."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    if not (fits(x.type.range, Kind.BYTE) and fits(node.output.type.range, Kind.INT32)):
        return False
    signs, bias = op.weights.array, byte_bias(x.type.range)
    signs, shifts = _within_a_byte(signs, -exponents, bias < 0, halves_go_up)
    longest = int(shifts.max(initial=0))
    terms = [_kept(signs, shifts, longest), *([_halves(signs, shifts, longest)] if halves_go_up else [])]
    parts = [part for term in terms for part in _in_parts(term)]
    reached = 256 * sum(int(np.abs(w).sum(axis=(1, 2, 3)).max()) for w, _ in parts)
    if not 0 < len(parts) <= MOST_PARTS or reached >= 2**31 - 1:
        return False
    constants = bias * (signs << longest - shifts).sum(axis=(1, 2, 3))
    finish(planner, node, _accumulation(planner, node, parts, constants, 2**longest), fusable(planner, node))
    return True


def _within_a_byte(signs: IntArray, shifts: IntArray, is_signed: bool, halves_go_up: bool) -> Term:
    """The same terms without shifts that leave nothing of a byte: 0 where they round, -1 where they floor below 0."""
    longest = 8 if halves_go_up and not is_signed else 7
    if halves_go_up or not is_signed:
        signs = np.where(shifts > longest, 0, signs)
    return signs, np.where(signs != 0, np.minimum(shifts, longest), 0)


def _kept(signs: IntArray, shifts: IntArray, longest: int) -> Term:
    """What floor keeps."""
    masks = 256 - (1 << np.clip(shifts, 0, 8))
    return np.where(masks == 0, 0, signs) << longest - shifts, masks


def _halves(signs: IntArray, shifts: IntArray, longest: int) -> Term:
    """The topmost of the bits that are dropped, if any are."""
    is_cut = shifts > 0
    masks = np.where(is_cut, 1 << np.maximum(shifts - 1, 0), 0)
    return np.where(is_cut, signs, 0) << longest - shifts + 1, masks


def _in_parts(term: Term) -> Iterator[Term]:
    weights, masks = term
    for done in range(0, int(np.abs(weights).max(initial=0)), PART):
        yield np.sign(weights) * np.clip(np.abs(weights) - done, 0, PART), masks


def _accumulation(
    planner: Planner, node: IntNode, parts: list[Term], constants: IntArray, divisor: int
) -> Accumulation:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    stored = planner.operand(x, Kind.BYTE)
    source, bytes_ = in_border(planner, stored, x.type, op.window, fill=-stored.storage.bias)
    geometry = bytes_.in_words()
    packed = np.concatenate([_packed(part, op.groups, bytes_.pitch) for part in parts], axis=1)
    return Accumulation(
        sweeps=_NARROW if packed.shape[-1] == NARROW else _WIDE,
        source=source,
        geometry=geometry,
        words=np.tile(geometry.words, len(parts)),
        weights=packed,
        constants=constants[None],
        classes=np.zeros(geometry.positions, np.int64),
        factor=1,
        divisor=divisor,
    )


def _packed(part: Term, groups: int, pitch: int) -> AnyArray:
    """(blocks, words, channels of a block): weights and masks, word by word."""
    weights, masks = (byte_weights(expanded(a, groups), pitch) for a in part)
    blocks, words, channels = weights.shape
    return np.stack([weights, masks], axis=2).reshape(blocks, 2 * words, channels)


_masked_ints = panel(masked_dot, to_shifted, 2, parts=2)
_masked_ints_narrow = panel(masked_dot, to_shifted, 1, parts=2)
_masked_bits = panel(masked_dot, to_bits, 2, parts=2)
_masked_bits_narrow = panel(masked_dot, to_bits, 1, parts=2)
_masked_levels = panel(masked_dot, to_levels, 2, parts=2)
_masked_levels_narrow = panel(masked_dot, to_levels, 1, parts=2)


def _masked_to_ints(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_ints, params, as_words(x), out, n)


def _masked_to_ints_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_ints_narrow, params, as_words(x), out, n)


def _masked_to_bits(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_bits, params, as_words(x), out, n)


def _masked_to_bits_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_bits_narrow, params, as_words(x), out, n)


def _masked_to_levels(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_levels, params, as_words(x), out, n)


def _masked_to_levels_narrow(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_masked_levels_narrow, params, as_words(x), out, n)


_WIDE = Sweeps(Kernel(_masked_to_ints), Kernel(_masked_to_bits), Kernel(_masked_to_levels), ints_shift=True)
_NARROW = Sweeps(
    Kernel(_masked_to_ints_narrow), Kernel(_masked_to_bits_narrow), Kernel(_masked_to_levels_narrow), ints_shift=True
)
