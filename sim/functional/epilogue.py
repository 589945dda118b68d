"""What becomes of the accumulators of one row of a block: integers, one bit each, or the level they reach.

An `Epilogue` emits the stores of one row. `table` points at the row's constants for the block's output channels
(vectors of int32, one after the other), `scalar` is one more number of the block, `out` where the row's results begin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mulfree.sim.functional.vector import (
    INDEX,
    LANES,
    VECTOR,
    WORD,
    at,
    cgutils,
    constant,
    load_vector,
    splat,
    store_vector,
)

Epilogue = Callable[[Any, list[Any], Any, Any, Any], None]
"""(builder, accumulators, table, scalar, out)."""

BYTES = ir.VectorType(ir.IntType(8), LANES)


def to_ints(builder: Any, accumulators: list[Any], table: Any, scalar: Any, out: Any) -> None:
    """out = table + scalar * acc, 32-bit."""
    factor = splat(builder, builder.trunc(scalar, WORD))
    for i, acc in enumerate(accumulators):
        offset = load_vector(builder, at(builder, table, i * LANES))
        store_vector(builder, builder.add(offset, builder.mul(factor, acc)), at(builder, out, i * LANES))


def to_shifted(builder: Any, accumulators: list[Any], table: Any, scalar: Any, out: Any) -> None:
    """out = (table + acc) >> scalar, 32-bit: what the accumulators hold 2^scalar times over."""
    places = splat(builder, builder.trunc(scalar, WORD))
    for i, acc in enumerate(accumulators):
        total = builder.add(load_vector(builder, at(builder, table, i * LANES)), acc)
        store_vector(builder, builder.ashr(total, places), at(builder, out, i * LANES))


def to_bits(builder: Any, accumulators: list[Any], table: Any, scalar: Any, out: Any) -> None:
    """Bit c of the word out is [acc[c] >= table[c]] xor bit c of the scalar."""
    reached = [
        builder.icmp_signed(">=", acc, load_vector(builder, at(builder, table, i * LANES)))
        for i, acc in enumerate(accumulators)
    ]
    if len(reached) == 2:
        pair = ir.Constant(ir.VectorType(WORD, 2 * LANES), list(range(2 * LANES)))
        bits = builder.bitcast(builder.shuffle_vector(*reached, pair), WORD)
    else:
        bits = builder.zext(builder.bitcast(*reached, ir.IntType(LANES)), WORD)
    builder.store(builder.xor(bits, builder.trunc(scalar, WORD)), out)


def to_levels(builder: Any, accumulators: list[Any], table: Any, scalar: Any, out: Any) -> None:
    """out = base + step * #{j : acc >= t[j]} as bytes; the scalar is the number of thresholds.

    The table holds base, step, t[0], t[1], ... as rows of the block's lanes.
    """
    width = LANES * len(accumulators)
    count = [cgutils.alloca_once_value(builder, constant(0)) for _ in accumulators]
    for slot in count:
        builder.store(constant(0), slot)
    with cgutils.for_range(builder, scalar, intp=INDEX) as loop:
        row = at(builder, table, builder.mul(builder.add(loop.index, ir.Constant(INDEX, 2)), ir.Constant(INDEX, width)))
        for i, (acc, slot) in enumerate(zip(accumulators, count, strict=True)):
            reached = builder.icmp_signed(">=", acc, load_vector(builder, at(builder, row, i * LANES)))
            builder.store(builder.add(builder.load(slot), builder.zext(reached, VECTOR)), slot)
    for i, slot in enumerate(count):
        base, step = (load_vector(builder, at(builder, table, r * width + i * LANES)) for r in (0, 1))
        level = builder.add(base, builder.mul(step, builder.load(slot)))
        store_vector(builder, builder.trunc(level, BYTES), at(builder, out, i * LANES), align=1)
