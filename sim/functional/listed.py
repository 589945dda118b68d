"""Outputs by lists of their entries: 32 rows side by side in short words, turned over on the way in and out.

A list holds, for each output, how many entries its maximum and its minimum have, each entry's place in the scratch
memory [element][row] and its weight, and then, where results are levels, base, step and limits.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from mulfree.sim.functional.transposition import (
    SHORTS,
    SIDE,
    WORDS,
    load_shorts,
    splat_short,
    store_vector_at,
    table_entry,
    transposed,
)
from mulfree.sim.functional.vector import INDEX, INT32S, WORD, at, cgutils, has_feature, intrinsic, pointer_to

HALF = 1 << 15
SEARCHED = 64
"""Limits of an output that are searched by halving where the processor can; the last one is out of reach."""
ITEM = ir.IntType(8)
ITEMS = ir.VectorType(ITEM, SIDE)
SHORT_POINTER = pointer_to(types.int16)


@intrinsic
def spread(typing: Any, x: Any, base: Any, run: Any, scratch: Any) -> Any:
    """32 elements of each of 32 rows, turned over."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        x_pointer, bases, run_offset, out = operands
        rows = []
        for row in range(SIDE):
            place = builder.add(table_entry(builder, bases, ir.Constant(INDEX, row)), run_offset)
            rows.append(load_shorts(builder, at(builder, x_pointer, place), bool(x.dtype.signed)))
        for i, vector in enumerate(transposed(builder, rows)):
            store_vector_at(builder, vector, at(builder, out, i * SIDE))
        return context.get_dummy_value()

    return types.void(x, INT32S, types.int64, SHORT_POINTER), emit


@intrinsic
def walk(typing: Any, scratch: Any, numbers: Any, bias: Any, levels: Any, out: Any, stride: Any) -> Any:
    """32 outputs of 32 rows, from the lists of the outputs; bytes are levels, words are the results themselves."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        elements, lists, offset, levels, results, pitch = operands
        ends = cgutils.alloca_once(builder, ir.ArrayType(SHORTS, SIDE))
        cursor = cgutils.alloca_once_value(builder, ir.Constant(INDEX, 0))
        is_bytes = out.dtype.bitwidth == ITEM.width
        with cgutils.for_range(builder, ir.Constant(INDEX, SIDE), intp=INDEX) as loop:
            total = _output(builder, elements, lists, cursor)
            if is_bytes:
                total = _level(context, builder, total, lists, cursor, levels)
            builder.store(total, builder.gep(ends, [ir.Constant(WORD, 0), loop.index]))
        rows = [builder.load(builder.gep(ends, [ir.Constant(WORD, 0), ir.Constant(WORD, i)])) for i in range(SIDE)]
        constant = _in_words(builder, offset)
        for i, vector in enumerate(transposed(builder, rows)):
            stored = builder.trunc(vector, ITEMS) if is_bytes else builder.add(builder.sext(vector, WORDS), constant)
            store_vector_at(builder, stored, at(builder, results, builder.mul(pitch, ir.Constant(INDEX, i))))
        return context.get_dummy_value()

    return types.void(SHORT_POINTER, INT32S, types.int64, types.int64, out, types.int64), emit


def _output(builder: Any, elements: Any, lists: Any, cursor: Any) -> Any:
    """The sum of both ends of the output whose list begins at the cursor, which moves on."""
    begin = builder.load(cursor)
    counts = [table_entry(builder, lists, builder.add(begin, ir.Constant(INDEX, i))) for i in range(2)]
    builder.store(builder.add(begin, ir.Constant(INDEX, 2)), cursor)
    ends = zip(counts, (-HALF, HALF - 1), (">", "<"), strict=True)
    most, least = (_end(builder, elements, lists, cursor, *end) for end in ends)
    return builder.add(most, least)


def _end(builder: Any, elements: Any, lists: Any, cursor: Any, count: Any, neutral: int, order: str) -> Any:
    slot = cgutils.alloca_once(builder, SHORTS)
    builder.store(ir.Constant(SHORTS, [neutral] * SIDE), slot)
    begin = builder.load(cursor)
    with cgutils.for_range(builder, count, intp=INDEX) as loop:
        place = builder.add(begin, builder.mul(loop.index, ir.Constant(INDEX, 2)))
        pointer = at(builder, elements, table_entry(builder, lists, place))
        x = builder.load(builder.bitcast(pointer, SHORTS.as_pointer()), align=2)
        weight = builder.load(at(builder, lists, builder.add(place, ir.Constant(INDEX, 1))))
        total, before = builder.add(x, splat_short(builder, weight)), builder.load(slot)
        builder.store(builder.select(builder.icmp_signed(order, total, before), total, before), slot)
    builder.store(builder.add(begin, builder.mul(count, ir.Constant(INDEX, 2))), cursor)
    return builder.load(slot)


def _level(context: Any, builder: Any, total: Any, lists: Any, cursor: Any, levels: Any) -> Any:
    """base + step * #{limit <= total}; the cursor, at the base, moves past the limits."""
    begin = builder.load(cursor)
    base, step = (
        splat_short(builder, builder.load(at(builder, lists, builder.add(begin, ir.Constant(INDEX, i)))))
        for i in (0, 1)
    )
    first = builder.add(begin, ir.Constant(INDEX, 2))
    slot = cgutils.alloca_once(builder, SHORTS)
    if searches(context):
        is_tree = builder.icmp_signed("==", levels, ir.Constant(INDEX, SEARCHED))
        with builder.if_else(is_tree) as (search, count):
            with search:
                _search(builder, total, at(builder, lists, first), slot)
            with count:
                _count(builder, total, at(builder, lists, first), levels, slot)
    else:
        _count(builder, total, at(builder, lists, first), levels, slot)
    builder.store(builder.add(first, levels), cursor)
    return builder.add(base, builder.mul(step, builder.load(slot)))


def searches(context: Any) -> bool:
    """Whether code for this target finds each lane's own word among two vectors in one instruction."""
    return has_feature(context, "avx512bw")


def _count(builder: Any, total: Any, limits: Any, levels: Any, slot: Any) -> None:
    """slot = #{limit <= total}, one limit after the other."""
    builder.store(ir.Constant(SHORTS, [0] * SIDE), slot)
    with cgutils.for_range(builder, levels, intp=INDEX) as loop:
        limit = splat_short(builder, builder.load(at(builder, limits, loop.index)))
        reached = builder.sext(builder.icmp_signed(">=", total, limit), SHORTS)
        builder.store(builder.sub(builder.load(slot), reached), slot)


def _search(builder: Any, total: Any, limits: Any, slot: Any) -> None:
    """The same by halving, all limits in two vectors; the last limit is not looked at."""
    low, high = (load_shorts(builder, at(builder, limits, i * SIDE), is_signed=True) for i in range(2))
    count = ir.Constant(SHORTS, [0] * SIDE)
    for half in (32, 16, 8, 4, 2, 1):
        limit = _picked(builder, low, high, builder.add(count, ir.Constant(SHORTS, [half - 1] * SIDE)))
        further = builder.add(count, ir.Constant(SHORTS, [half] * SIDE))
        count = builder.select(builder.icmp_signed(">=", total, limit), further, count)
    builder.store(count, slot)


def _picked(builder: Any, low: Any, high: Any, places: Any) -> Any:
    """In lane i word places[i] of both vectors."""
    kind = ir.FunctionType(SHORTS, [SHORTS] * 3)
    permute = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.vpermi2var.hi.512")
    return builder.call(permute, [low, places, high])


def _in_words(builder: Any, scalar: Any) -> Any:
    empty = ir.Constant(WORDS, ir.Undefined)
    first = builder.insert_element(empty, builder.trunc(scalar, WORD), ir.Constant(WORD, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(WORDS, [0] * SIDE))
