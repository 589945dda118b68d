"""Sum-max: the largest and the smallest sums of a block of 32 outputs in registers, in 16 bits where these suffice.

x is read as it is stored; what the store leaves out (its bias) is added once for each term at the end. An absent
entry is a number so far out that with any x it stays behind every sum that takes part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from mulfree.ir import AnyArray, IntArray, IntRange
from mulfree.ir.ops import Contraction
from mulfree.sim.functional.geometry import in_border
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.sum_max_listed import Row, build_listed, is_worth_a_list
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.sweep import SweepParams, sweep
from mulfree.sim.functional.vector import INDEX, INT32S, WORD, at, cgutils, intrinsic, rows_per_pass

BLOCK = 32
"""Outputs computed together."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term's weights and which of them take part, both like the weights of a contraction."""

    weights: IntArray
    kept: IntArray

    @property
    def range(self) -> IntRange:
        used = self.weights[self.kept != 0]
        return IntRange(int(used.min()), int(used.max()))

    @property
    def count(self) -> int:
        """Entries that take part."""
        return int(np.count_nonzero(self.kept))


def build_sum_max(planner: Planner, node: IntNode, most: Term, least: Term) -> bool:
    """In 16 or 32 bits; wider integers are left to the definition."""
    op, (x,) = node.op, node.inputs
    assert isinstance(op, Contraction)
    if not (fits(x.type.range, Kind.INT32) and fits(node.output.type.range, Kind.INT32)):
        return False
    stored = planner.operand(x, Kind.BYTE, Kind.INT32)
    bias = stored.storage.bias
    inside = IntRange(op.tap_range(x.type.range).lo - bias, op.tap_range(x.type.range).hi - bias)
    bits = next((bits for bits in (16, 32) if _fits(inside, bits, most, least)), None)
    if bits is None:
        return False
    source, geometry = in_border(planner, stored, x.type, op.window, fill=-bias)
    if bits == 16 and is_worth_a_list(op, most.count + least.count, source) and _is_short(node.output.type.range, bias):
        rows = [_listed(geometry.pitch, most, least, m) for m in range(op.weights.shape[0])]
        build_listed(planner, node, source, geometry, rows, 2 * bias)
        return True
    words = np.add.outer(geometry.taps, np.arange(op.weights.shape[1])).ravel()
    packed = _packed(inside, bits, most, least)
    target = planner.result(node.output, Kind.INT32)
    nothing = planner.address(np.zeros(geometry.positions * geometry.group, np.int32))
    params = SweepParams(
        base_at=planner.address(geometry.over_group(geometry.bases, geometry.sample)),
        classes_at=nothing,
        words_at=planner.address(words.astype(np.int32)),
        word_count=words.size,
        weights_at=planner.address(packed),
        block_weights=packed[0].size,
        table_at=nothing,
        table_words=0,
        scalars_at=planner.address(np.full(len(packed), 2 * bias, np.int32)),
        blocks=len(packed),
        positions=geometry.positions,
        group=geometry.group,
        sample_words=geometry.sample,
        pitch=target.storage.pitch,
        block_pitch=BLOCK,
    )
    planner.call(SHORT if bits == 16 else WIDE, source.slot, target.slot, params)
    return True


def _is_short(result: IntRange, bias: int) -> bool:
    """Whether a result fits 16 bits before the bias of its two operands is added, and stays below their upper end."""
    return result.lo - 2 * bias >= -(1 << 15) and result.hi - 2 * bias < (1 << 15) - 1


def _listed(pitch: int, most: Term, least: Term, output: int) -> Row:
    """The entries of an output: their places in a window as it is stored, and their weights."""

    def of(term: Term) -> tuple[IntArray, IntArray]:
        channel, *tap = np.nonzero(term.kept[output])
        place = np.ravel_multi_index((*tap,), term.kept.shape[2:]) * pitch + channel
        return place, term.weights[output][(channel, *tap)]

    return of(most), of(least)


def _absent(x: IntRange, bits: int) -> tuple[int, int]:
    """What stands for an absent entry of the maximum and of the minimum: no sum with it leaves the word."""
    half = 1 << (bits - 1)
    return -half - min(0, x.lo), half - 1 - max(0, x.hi)


def _fits(x: IntRange, bits: int, most: Term, least: Term) -> bool:
    """Whether every sum lies between those with absent entries, whichever term it is of."""
    low, high = _absent(x, bits)
    weights = most.range | least.range
    return low + x.hi < x.lo + weights.lo and x.hi + weights.hi < high + x.lo


def _packed(x: IntRange, bits: int, most: Term, least: Term) -> AnyArray:
    """[block][element][maximum, minimum][output] in words of so many bits, seen as int32."""
    ends = zip((most, least), _absent(x, bits), strict=True)
    terms = [_by_element(np.where(term.kept != 0, term.weights, end)) for term, end in ends]
    pairs = np.stack(terms, axis=1)
    blocks = np.moveaxis(pairs.reshape(*pairs.shape[:2], -1, BLOCK), 2, 0)
    return np.ascontiguousarray(blocks.astype(f"<i{bits // 8}")).view("<i4")


def _by_element(weights: IntArray) -> IntArray:
    """(elements of a window tap by tap, outputs up to a whole block)."""
    rows = np.moveaxis(weights, 1, -1).reshape(len(weights), -1).T
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % BLOCK)))


def _panel(bits: int) -> Any:
    """As `mulfree.sim.functional.panel.panel`, with an accumulator for each term; x of any integer type."""

    def block(
        typing: Any, rows: Any, x: Any, base: Any, words: Any, word_count: Any, weights: Any, table: Any,
        classes: Any, scalar: Any, out: Any, stride: Any,
    ) -> Any:  # fmt: skip
        if not isinstance(rows, types.IntegerLiteral):
            return None

        def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
            width = rows_per_pass(context)
            for first in range(0, rows.literal_value, width):
                chosen = range(first, min(first + width, rows.literal_value))
                _emit_pass(builder, bits, chosen, bool(x.dtype.signed), operands[1:])
            return context.get_dummy_value()

        size = types.int64
        return types.void(rows, x, INT32S, INT32S, size, INT32S, INT32S, INT32S, size, out, size), emit

    block.__name__ = f"sum_max_{bits}"  # one name for each, as in `panel`
    return intrinsic(block, prefer_literal=True)


def _emit_pass(builder: Any, bits: int, rows: range, is_signed: bool, operands: Any) -> None:
    x, base, words, word_count, weights, _, _, scalar, out, stride = operands
    vector = ir.VectorType(ir.IntType(bits), BLOCK)
    half = 1 << (bits - 1)
    slots = [[_filled(builder, vector, end) for end in (-half, half - 1)] for _ in rows]
    starts = [at(builder, x, _index(builder, base, row)) for row in rows]
    lanes = builder.bitcast(weights, vector.as_pointer())
    with cgutils.for_range(builder, word_count, intp=INDEX) as loop:
        offset = _index(builder, words, loop.index)
        place = builder.mul(loop.index, ir.Constant(INDEX, 2))
        pair = [builder.load(at(builder, lanes, builder.add(place, ir.Constant(INDEX, i))), align=4) for i in (0, 1)]
        for accumulators, start in zip(slots, starts, strict=True):
            word = _spread(builder, builder.load(at(builder, start, offset)), vector, is_signed)
            for slot, w, order in zip(accumulators, pair, (">", "<"), strict=True):
                total, before = builder.add(word, w), builder.load(slot)
                builder.store(builder.select(builder.icmp_signed(order, total, before), total, before), slot)
    for row, accumulators in zip(rows, slots, strict=True):
        _finish(builder, accumulators, scalar, builder.gep(out, [builder.mul(stride, ir.Constant(INDEX, row))]))


def _finish(builder: Any, accumulators: list[Any], scalar: Any, out: Any) -> None:
    """out = maximum + minimum + scalar, 32-bit."""
    wide = ir.VectorType(WORD, BLOCK)
    most, least = (_widened(builder, builder.load(slot), wide) for slot in accumulators)
    constant = _splat(builder, builder.trunc(scalar, WORD), wide)
    total = builder.add(builder.add(most, least), constant)
    builder.store(total, builder.bitcast(out, wide.as_pointer()), align=4)


def _widened(builder: Any, vector: Any, wide: Any) -> Any:
    return vector if vector.type == wide else builder.sext(vector, wide)


def _filled(builder: Any, vector: Any, value: int) -> Any:
    slot = cgutils.alloca_once(builder, vector)
    builder.store(ir.Constant(vector, [value] * BLOCK), slot)
    return slot


def _spread(builder: Any, scalar: Any, vector: Any, is_signed: bool) -> Any:
    """A stored element in every lane."""
    element = vector.element
    if scalar.type.width > element.width:
        scalar = builder.trunc(scalar, element)
    elif scalar.type.width < element.width:
        scalar = (builder.sext if is_signed else builder.zext)(scalar, element)
    return _splat(builder, scalar, vector)


def _splat(builder: Any, scalar: Any, vector: Any) -> Any:
    empty = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(empty, scalar, ir.Constant(WORD, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(WORD, BLOCK), [0] * BLOCK))


def _index(builder: Any, table: Any, position: Any) -> Any:
    """Element `position` of a table of int32, as an index."""
    return builder.sext(builder.load(at(builder, table, position)), INDEX)


_short, _wide = _panel(16), _panel(32)


def _sum_max_short(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_short, params, x, out, n)


def _sum_max_wide(params: Any, x: Any, _: Any, out: Any, n: int) -> None:
    sweep(_wide, params, x, out, n)


SHORT, WIDE = Kernel(_sum_max_short), Kernel(_sum_max_wide)
