"""Sums of shifted and rounded numbers: the bits that a shift keeps, then a dot product with powers of two.

In bytes: for a stored byte b and a right shift by s, (b & -2^s) = 2^s floor(b / 2^s). So with S the longest shift

    2^S sum ±floor(b / 2^s) = sum ±2^(S - s) (b & -2^s)

A stored byte b is v + 128 where values may be negative: floor(v / 2^s) is then floor(b / 2^s) less 128 / 2^s, and the
bits below the topmost are those of v. half_up adds 2^(s - 1) to b before the mask, or, where that may leave the byte,
takes a second pass: bit s - 1 with the weight of the bit above it. Halfwords are shifted one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntRange
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.geometry import in_border
from mulfree.sim.functional.kernels.accumulation import Accumulation, expanded
from mulfree.sim.functional.kernels.blocked import Sweeps
from mulfree.sim.functional.kernels.contraction import finish, fusable
from mulfree.sim.functional.kernels.shifted_sweeps import masked_sweeps, raised_sweeps, shifted_sweeps
from mulfree.sim.functional.pack import byte_weights
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, byte_bias, fits

PART = {Kind.BYTE: 64, Kind.INT16: 2**14}
"""Weights beyond it are given to several passes over the same operands."""
MOST_PARTS = 8

Term = tuple[IntArray, ...]
"""What meets each operand: a weight, and the sweep's further parts."""


@dataclass(frozen=True, slots=True)
class Passes:
    """Terms over the same operands, one after the other, which add up to divisor * y - constants."""

    kind: Kind
    sweeps: Callable[[int], Sweeps]
    terms: list[Term]
    constants: IntArray
    divisor: int = 1


def build_shifted_sum(planner: Planner, node: IntNode, exponents: IntArray, halves_go_up: bool) -> bool:
    """In bytes or halfwords, with exponents that lie close enough together for 32-bit sums."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    if not fits(node.output.type.range, Kind.INT32):
        return False
    for passes_of in (_in_bytes, _in_halfwords):
        passes = passes_of(op.tap_range(x.type.range), op.weights.array, -exponents, halves_go_up)
        terms = [part for term in passes.terms for part in _in_parts(term, PART[passes.kind])] if passes else []
        if passes and 0 < len(terms) <= MOST_PARTS:
            acc = _accumulation(planner, node, replace(passes, terms=terms))
            finish(planner, node, acc, fusable(planner, node))
            return True
    return False


def _in_bytes(x: IntRange, signs: IntArray, shifts: IntArray, halves_go_up: bool) -> Passes | None:
    if not fits(x, Kind.BYTE):
        return None
    bias = byte_bias(x)
    signs, shifts = _within(8, signs, shifts, halves_go_up, bias < 0)
    longest = int(shifts.max(initial=0))
    masks = 256 - (1 << np.clip(shifts, 0, 8))
    kept = np.where(masks == 0, 0, signs) << longest - shifts
    more = np.where(shifts > 0, 1 << np.maximum(shifts - 1, 0), 0)
    terms: list[Term] = [(kept, masks)]
    is_raised = halves_go_up and longest > 0 and x.hi - bias + int(more.max()) <= 255
    if is_raised:
        terms = [(kept, masks, more)]
    elif halves_go_up:
        terms.append((np.where(more > 0, signs, 0) << longest - shifts + 1, more))
    constants = bias * (signs << longest - shifts).sum(axis=(1, 2, 3))
    reached = 256 * sum(int(np.abs(w).sum(axis=(1, 2, 3)).max()) for w, *_ in terms)
    sweeps = raised_sweeps if is_raised else masked_sweeps
    return None if reached >= 2**31 - 1 else Passes(Kind.BYTE, sweeps, terms, constants, 2**longest)


def _in_halfwords(x: IntRange, signs: IntArray, shifts: IntArray, halves_go_up: bool) -> Passes | None:
    if not fits(x, Kind.INT16):
        return None
    signs, shifts = _within(16, signs, shifts, halves_go_up, True)
    is_cut = shifts > 0
    terms: list[Term] = [(signs << np.maximum(-shifts, 0), np.maximum(shifts, 0), np.full_like(shifts, -1))]
    if halves_go_up:
        terms.append((np.where(is_cut, signs, 0), np.where(is_cut, shifts - 1, 0), np.ones_like(shifts)))
    return Passes(Kind.INT16, shifted_sweeps, terms, np.zeros(len(signs), np.int64))


def _within(bits: int, signs: IntArray, shifts: IntArray, halves_go_up: bool, is_signed: bool) -> Term:
    """The same without shifts that leave nothing of so many bits: 0 where they round, -1 where they floor below 0."""
    longest = bits if halves_go_up and not is_signed else bits - 1
    if halves_go_up or not is_signed:
        signs = np.where(shifts > longest, 0, signs)
    return signs, np.where(signs != 0, np.minimum(shifts, longest), 0)


def _in_parts(term: Term, most: int) -> Iterator[Term]:
    weights, *others = term
    for done in range(0, int(np.abs(weights).max(initial=0)), most):
        yield np.sign(weights) * np.clip(np.abs(weights) - done, 0, most), *others


def _accumulation(planner: Planner, node: IntNode, passes: Passes) -> Accumulation:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    stored = planner.operand(x, passes.kind)
    source, elements = in_border(planner, stored, x.type, op.window, fill=-stored.storage.bias)
    geometry = elements.in_words(4 // passes.kind.itemsize)
    packed = np.concatenate([_packed(term, op.groups, elements.pitch, passes.kind) for term in passes.terms], axis=1)
    return Accumulation(
        sweeps=passes.sweeps(packed.shape[-1]),
        source=source,
        geometry=geometry,
        words=np.tile(geometry.words, len(passes.terms)),
        weights=packed,
        constants=passes.constants[None],
        classes=np.zeros(geometry.positions, np.int64),
        factor=1,
        divisor=passes.divisor,
    )


def _packed(term: Term, groups: int, pitch: int, kind: Kind) -> AnyArray:
    """(blocks, words, channels of a block): all that belongs to a word, part after part."""
    dtype = "int8" if kind is Kind.BYTE else "int16"
    parts = [byte_weights(expanded(part, groups), pitch, dtype) for part in term]
    blocks, words, channels = parts[0].shape
    return np.stack(parts, axis=2).reshape(blocks, len(parts) * words, channels)
