"""Blocks of sixteen by sixteen elements turned in registers: from channel by channel to position by position."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types

from mulfree.sim.functional.vector import INDEX, WORD, intrinsic, shift

SIDE = 16


@intrinsic
def _turn_block(typing: Any, source: Any, from_pitch: Any, target: Any, to_pitch: Any, delta: Any) -> Any:
    """target[c * to_pitch + r] = source[r * from_pitch + c] + delta for r, c < SIDE; pointers to integers."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        a, from_pitch, b, to_pitch, delta = operands
        before, after = context.get_data_type(source.dtype), context.get_data_type(target.dtype)
        rows = [_row(builder, a, from_pitch, r) for r in range(SIDE)]
        if after.width < before.width:
            turned = _turned(builder, [_cast(builder, row, after, source.dtype.signed) for row in rows])
        else:
            turned = [_cast(builder, row, after, source.dtype.signed) for row in _turned(builder, rows)]
        added = _splat(builder, builder.trunc(delta, after) if after.width < INDEX.width else delta)
        for c, column in enumerate(turned):
            place = builder.gep(b, [builder.mul(to_pitch, ir.Constant(INDEX, c))])
            pointer = builder.bitcast(place, added.type.as_pointer())
            builder.store(builder.add(column, added), pointer, align=after.width // 8)
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64, types.int64), emit


def _row(builder: Any, a: Any, pitch: Any, r: int) -> Any:
    place = builder.gep(a, [builder.mul(pitch, ir.Constant(INDEX, r))])
    item = place.type.pointee
    return builder.load(builder.bitcast(place, ir.VectorType(item, SIDE).as_pointer()), align=item.width // 8)


def _turned(builder: Any, rows: list[Any]) -> list[Any]:
    """The columns: row i meets row i + SIDE / 2, element by element, as often as it takes."""
    half = SIDE // 2
    low, high = (
        ir.Constant(ir.VectorType(WORD, SIDE), [start + i // 2 + SIDE * (i % 2) for i in range(SIDE)])
        for start in (0, half)
    )
    for _ in range(SIDE.bit_length() - 1):
        pairs = zip(rows[:half], rows[half:], strict=True)
        rows = [builder.shuffle_vector(a, b, order) for a, b in pairs for order in (low, high)]
    return rows


def _cast(builder: Any, row: Any, item: Any, is_signed: bool) -> Any:
    wanted = ir.VectorType(item, SIDE)
    if row.type == wanted:
        return row
    if row.type.element.width > item.width:
        return builder.trunc(row, wanted)
    return (builder.sext if is_signed else builder.zext)(row, wanted)


def _splat(builder: Any, scalar: Any) -> Any:
    empty = ir.Constant(ir.VectorType(scalar.type, SIDE), ir.Undefined)
    first = builder.insert_element(empty, scalar, ir.Constant(WORD, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(WORD, SIDE), [0] * SIDE))


@njit
def turn(a: Any, from_pitch: int, out: Any, to_pitch: int, rows: int, columns: int, delta: int) -> None:
    """out[c * to_pitch + r] = a[r * from_pitch + c] + delta for all rows and columns."""
    whole, full = rows // SIDE * SIDE, columns // SIDE * SIDE
    for r in range(0, whole, SIDE):
        for c in range(0, full, SIDE):
            _turn_block(shift(a, r * from_pitch + c), from_pitch, shift(out, c * to_pitch + r), to_pitch, delta)
    for r in range(rows):
        for c in range(full if r < whole else 0, columns):
            out[c * to_pitch + r] = a[r * from_pitch + c] + delta
