"""The blocked micro-kernel: some rows of activations times a block of output channels, in registers, then an epilogue.

Rows are output positions (or samples of a dense layer). The window is not copied out: row r reads its taps at
`x + base[r] + words[i]`. Weights lie as [word][lanes].
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from mulfree.sim.functional.combine import Combine
from mulfree.sim.functional.epilogue import Epilogue
from mulfree.sim.functional.vector import (
    INDEX,
    INT32S,
    LANES,
    at,
    cgutils,
    constant,
    intrinsic,
    load_vector,
    rows_per_pass,
    splat,
)


def panel(combine: Combine, epilogue: Epilogue, vectors: int = 2) -> Any:
    """An intrinsic (rows, x, base, words, word_count, weights, table, classes, scalar, out, stride).

    `rows` is a literal; a block has `vectors` times sixteen output channels. Row r's constants begin at
    `table + classes[r]` and its results at `out + r * stride`.
    Make panels at module level only: numba then finds the kernels that use them in its cache.
    """

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
                _emit_pass(context, builder, combine, epilogue, chosen, vectors, operands[1:])
            return context.get_dummy_value()

        size = types.int64
        pointers = (INT32S, INT32S, INT32S, size, INT32S, INT32S, INT32S, size)
        return types.void(rows, *pointers, out, size), emit

    # numba makes the names of machine code of it: two panels of one name, compiled in two processes and fetched from
    # numba's cache in a third, would be taken for the same.
    block.__name__ = f"panel_{combine.__name__}_{epilogue.__name__}_{vectors}"
    return intrinsic(block, prefer_literal=True)


def _emit_pass(
    context: Any, builder: Any, combine: Combine, epilogue: Epilogue, rows: range, vectors: int, operands: Any
) -> None:
    x, base, words, word_count, weights, table, classes, scalar, out, stride = operands
    sums = _zeroed(builder, len(rows), vectors)
    starts = [at(builder, x, _index(builder, base, row)) for row in rows]
    with cgutils.for_range(builder, word_count, intp=INDEX) as loop:
        offset = _index(builder, words, loop.index)
        here = at(builder, weights, builder.mul(loop.index, ir.Constant(INDEX, vectors * LANES)))
        lanes = [load_vector(builder, at(builder, here, i * LANES)) for i in range(vectors)]
        for accumulators, start in zip(sums, starts, strict=True):
            word = splat(builder, builder.load(at(builder, start, offset)))
            for slot, w in zip(accumulators, lanes, strict=True):
                builder.store(combine(context, builder, builder.load(slot), word, w), slot)
    for row, accumulators in zip(rows, sums, strict=True):
        target = at(builder, out, builder.mul(stride, ir.Constant(INDEX, row)))
        constants = at(builder, table, _index(builder, classes, row))
        epilogue(builder, [builder.load(a) for a in accumulators], constants, scalar, target)


def _zeroed(builder: Any, rows: int, vectors: int) -> list[list[Any]]:
    """Accumulators of each row; LLVM keeps these slots in registers."""
    slots = [[cgutils.alloca_once(builder, constant(0).type) for _ in range(vectors)] for _ in range(rows)]
    for slot in (slot for row in slots for slot in row):
        builder.store(constant(0), slot)
    return slots


def _index(builder: Any, table: Any, position: Any) -> Any:
    """Element `position` of a table of int32, as an index."""
    return builder.sext(builder.load(at(builder, table, position)), INDEX)
