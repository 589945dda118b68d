"""Squares turned over in registers: rows of a map become lanes of a vector, and back. Here also: 32 short words."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mulfree.sim.functional.vector import INDEX, WORD, at

SIDE = 32
SHORT = ir.IntType(16)
SHORTS = ir.VectorType(SHORT, SIDE)
WORDS = ir.VectorType(WORD, SIDE)


def transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Row i's element j becomes row j's element i, for as many rows as a row has elements, a power of two.

    In each round row i and the row half a square further on are taken element by element in turn.
    """
    half = len(rows) // 2
    low, high = (_in_turn(len(rows), start) for start in (0, half))
    for _ in range(half.bit_length()):
        pairs = zip(rows[:half], rows[half:], strict=True)
        rows = [builder.shuffle_vector(a, b, order) for a, b in pairs for order in (low, high)]
    return rows


def _in_turn(count: int, start: int) -> Any:
    """From `start` on, an element of the first vector and one of the second."""
    return ir.Constant(ir.VectorType(WORD, count), [start + i // 2 + count * (i % 2) for i in range(count)])


def load_shorts(builder: Any, pointer: Any, is_signed: bool) -> Any:
    """32 stored integers of any width as short words; the caller knows that they fit."""
    item = pointer.type.pointee
    stored = builder.load(builder.bitcast(pointer, ir.VectorType(item, SIDE).as_pointer()), align=1)
    if item.width > SHORT.width:
        return builder.trunc(stored, SHORTS)
    return stored if item.width == SHORT.width else (builder.sext if is_signed else builder.zext)(stored, SHORTS)


def store_vector_at(builder: Any, vector: Any, pointer: Any) -> None:
    builder.store(vector, builder.bitcast(pointer, vector.type.as_pointer()), align=2)


def splat_short(builder: Any, scalar: Any) -> Any:
    """A word's lower half in every lane."""
    empty = ir.Constant(SHORTS, ir.Undefined)
    first = builder.insert_element(empty, builder.trunc(scalar, SHORT), ir.Constant(WORD, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(WORDS, [0] * SIDE))


def table_entry(builder: Any, table: Any, position: Any) -> Any:
    """Element `position` of a table of int32, as an index."""
    return builder.sext(builder.load(at(builder, table, position)), INDEX)
