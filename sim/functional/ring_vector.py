"""Vector code modulo 2^b + 1: numbers of either sign, reduced by what overflows b bits, negated, as 2^b = -1.

Butterflies reduce only what they shift. A stage leaves less than twice what it takes and 2^b more, so twenty stages
stay within int64.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from mulfree.sim.functional.vector import INDEX, INT32S, WORD, at, cgutils, intrinsic, pointer_to

BLOCK = 16
"""Channels that a butterfly takes together."""
COLUMNS = 8
"""Outputs of a product of matrices that are added up together."""
HALF_BITS = 16

INT64S, DOUBLES = pointer_to(types.int64), pointer_to(types.float64)
_WIDE = ir.VectorType(INDEX, BLOCK)
_SUMS, _WORDS = ir.VectorType(INDEX, COLUMNS), ir.VectorType(WORD, COLUMNS)
_DOUBLES = ir.VectorType(ir.DoubleType(), COLUMNS)
_FUSED = ("contract",)
"""Every product and sum is exact, so that fusing them changes nothing."""


def _all(builder: Any, kind: Any, scalar: Any) -> Any:
    """A scalar in every lane."""
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, scalar, ir.Constant(WORD, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(WORD, kind.count), [0] * kind.count))


def _load(builder: Any, kind: Any, pointer: Any) -> Any:
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=4)


def _store(builder: Any, vector: Any, pointer: Any) -> None:
    builder.store(vector, builder.bitcast(pointer, vector.type.as_pointer()), align=4)


def _low(builder: Any, v: Any, bits: Any) -> Any:
    """v without all above so many bits."""
    one = ir.Constant(v.type, [1] * v.type.count)
    return builder.and_(v, builder.sub(builder.shl(one, bits), one))


def _shifted(builder: Any, v: Any, places: Any, bits: Any) -> Any:
    """v * 2^places for 0 <= places < bits; a reduction for none."""
    kept = builder.sub(bits, places)
    return builder.sub(builder.shl(_low(builder, v, kept), places), builder.ashr(v, kept))


def _reduced(builder: Any, v: Any, bits: Any) -> Any:
    return builder.sub(_low(builder, v, bits), builder.ashr(v, bits))


@intrinsic
def forward_butterfly(typing: Any, a: Any, b: Any, places: Any, bits: Any) -> Any:
    """(a, b) becomes (a + b, (a - b) 2^places), for `BLOCK` numbers at each address."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        k, b_ = (_all(builder, _WIDE, operand) for operand in operands[2:])
        x, y = (_load(builder, _WIDE, operand) for operand in operands[:2])
        _store(builder, builder.add(x, y), operands[0])
        _store(builder, _shifted(builder, builder.sub(x, y), k, b_), operands[1])
        return context.get_dummy_value()

    return types.void(INT64S, INT64S, types.int64, types.int64), emit


@intrinsic
def inverse_butterfly(typing: Any, a: Any, b: Any, plus: Any, minus: Any, places: Any, bits: Any) -> Any:
    """a + 2^places b goes to `plus`, a - 2^places b to `minus`, which may be where a and b are."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        k, b_ = (_all(builder, _WIDE, operand) for operand in operands[4:])
        x, y = (_load(builder, _WIDE, operand) for operand in operands[:2])
        turned = _shifted(builder, y, k, b_)
        _store(builder, builder.add(x, turned), operands[2])
        _store(builder, builder.sub(x, turned), operands[3])
        return context.get_dummy_value()

    return types.void(INT64S, INT64S, INT64S, INT64S, types.int64, types.int64), emit


@intrinsic
def multiply_rows(
    typing: Any, rows: Any, halves: Any, x: Any, x_step: Any, w: Any, count: Any, y: Any, y_step: Any, is_first: Any
) -> Any:
    """y[r, j] = sum of x[r, c] w[c, j] modulo 2^(16 halves) + 1 over `count` c, for `COLUMNS` j; added unless first.

    `rows` and `halves` are literals. x are doubles of at most 2^(16 halves - 1) in magnitude, w int32 [c][COLUMNS];
    a weight of two halves meets x twice, so that doubles hold 128 products exactly.
    """
    if not (isinstance(rows, types.IntegerLiteral) and isinstance(halves, types.IntegerLiteral)):
        return None

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        *_, y_, y_step_, first = operands
        sums = _products(builder, rows.literal_value, halves.literal_value, operands[2:6])
        keep = builder.icmp_signed("==", first, ir.Constant(INDEX, 0))
        for row, parts in enumerate(sums):
            target = at(builder, y_, builder.mul(y_step_, ir.Constant(INDEX, row)))
            before = builder.select(keep, _load(builder, _SUMS, target), ir.Constant(_SUMS, [0] * COLUMNS))
            _store(builder, builder.add(_joined(builder, parts), before), target)
        return context.get_dummy_value()

    size = types.int64
    return types.void(rows, halves, DOUBLES, size, INT32S, size, INT64S, size, size), emit


def _products(builder: Any, rows: int, halves: int, operands: Any) -> list[list[Any]]:
    """The sums of each row for each half of the weights."""
    x, x_step, w, count = operands
    slots = [[cgutils.alloca_once(builder, _DOUBLES) for _ in range(halves)] for _ in range(rows)]
    for slot in (slot for row in slots for slot in row):
        builder.store(ir.Constant(_DOUBLES, [0.0] * COLUMNS), slot)
    starts = [at(builder, x, builder.mul(x_step, ir.Constant(INDEX, row))) for row in range(rows)]
    with cgutils.for_range(builder, count, intp=INDEX) as loop:
        here = at(builder, w, builder.mul(loop.index, ir.Constant(INDEX, COLUMNS)))
        weights = _halves(builder, _load(builder, _WORDS, here), halves)
        for parts, start in zip(slots, starts, strict=True):
            value = _all(builder, _DOUBLES, builder.load(at(builder, start, loop.index)))
            for slot, weight in zip(parts, weights, strict=True):
                product = builder.fmul(value, weight, flags=_FUSED)
                builder.store(builder.fadd(builder.load(slot), product, flags=_FUSED), slot)
    return [[builder.fptosi(builder.load(slot), _SUMS) for slot in row] for row in slots]


def _halves(builder: Any, w: Any, halves: int) -> list[Any]:
    """As doubles: the number, or w = upper 2^16 + lower with both between -2^15 and 2^15."""
    if halves == 1:
        return [builder.sitofp(w, _DOUBLES)]
    half = ir.Constant(_WORDS, [HALF_BITS] * COLUMNS)
    lower = builder.ashr(builder.shl(w, half), half)
    upper = builder.sub(builder.ashr(w, half), builder.ashr(lower, half))
    return [builder.sitofp(part, _DOUBLES) for part in (lower, upper)]


def _joined(builder: Any, parts: list[Any]) -> Any:
    bits = ir.Constant(_SUMS, [HALF_BITS * len(parts)] * COLUMNS)
    if len(parts) == 1:
        return _reduced(builder, _reduced(builder, parts[0], bits), bits)
    upper = builder.shl(_reduced(builder, parts[1], bits), ir.Constant(_SUMS, [HALF_BITS] * COLUMNS))
    return _reduced(builder, builder.add(parts[0], upper), bits)


@intrinsic
def int64s(typing: Any, address: Any) -> Any:
    """An address, as it stands among a kernel's parameters, as a pointer to int64."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        return builder.inttoptr(operands[0], INDEX.as_pointer())

    return INT64S(types.int64), emit
