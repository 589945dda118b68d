"""Squares of 32 by 32 short words turned over in registers: rows of a map become lanes of a vector, and back."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from mulfree.sim.functional.vector import INDEX, WORD, at

SIDE = 32
SHORT = ir.IntType(16)
SHORTS = ir.VectorType(SHORT, SIDE)
WORDS = ir.VectorType(WORD, SIDE)


def transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Row i's element j becomes row j's element i: in five rounds halves of ever smaller squares change places."""
    for distance in (16, 8, 4, 2, 1):
        for i in (i for i in range(SIDE) if not i & distance):
            a, b = rows[i], rows[i + distance]
            rows[i] = builder.shuffle_vector(a, b, _mask(distance, 0))
            rows[i + distance] = builder.shuffle_vector(a, b, _mask(distance, distance))
    return rows


def _mask(distance: int, start: int) -> Any:
    """Runs of `distance` lanes, in turn of the first and of the second of two vectors, from `start` on."""
    lanes = [j + start if not j & distance else SIDE + j - distance + start for j in range(SIDE)]
    return ir.Constant(ir.VectorType(WORD, SIDE), lanes)


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
