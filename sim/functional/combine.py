"""How a word of activations meets a vector of weights: the arithmetic inside the blocked micro-kernel.

A `Combine` emits acc + f(x, w): x is one 32-bit word of activations in every lane, w holds a word of weights per lane.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from mulfree.sim.functional.vector import BYTES, LANES, VECTOR, WORD, call_byte_dot, call_vector, has_byte_dot

Combine = Callable[[Any, Any, Any, Any, Any], Any]
"""(context, builder, acc, x, w) to the new accumulator, all vectors of 32-bit lanes."""

HALVES = ir.VectorType(ir.IntType(16), 2 * LANES)
PRODUCTS = ir.VectorType(WORD, 2 * LANES)


def xor_popcount(context: Any, builder: Any, acc: Any, x: Any, w: Any) -> Any:
    """acc + popcount(x ^ w): how many of 32 bits differ."""
    return builder.add(acc, call_vector(builder, f"llvm.ctpop.v{LANES}i32", builder.xor(x, w)))


def byte_dot(context: Any, builder: Any, acc: Any, x: Any, w: Any) -> Any:
    """acc + sum over 4 bytes of (unsigned byte of x) * (signed byte of w)."""
    if has_byte_dot(context):
        return call_byte_dot(builder, acc, x, w)
    even = _pair_dot(
        builder, _low_bytes(builder, x), _signed_bytes(builder, builder.shl(_halves(builder, w), _halfword(8)))
    )
    odd = _pair_dot(
        builder, builder.lshr(_halves(builder, x), _halfword(8)), _signed_bytes(builder, _halves(builder, w))
    )
    return builder.add(acc, builder.add(even, odd))


def _halves(builder: Any, words: Any) -> Any:
    return builder.bitcast(words, HALVES)


def _halfword(value: int) -> Any:
    return ir.Constant(HALVES, [value] * (2 * LANES))


def _low_bytes(builder: Any, words: Any) -> Any:
    """The even bytes, unsigned, in halfwords."""
    return builder.and_(_halves(builder, words), _halfword(255))


def _signed_bytes(builder: Any, halves: Any) -> Any:
    """The odd bytes, with their sign, in halfwords."""
    return builder.ashr(halves, _halfword(8))


def _pair_dot(builder: Any, x: Any, w: Any) -> Any:
    """Sums of two neighbouring products of halfwords; LLVM makes pmaddwd of it."""
    product = builder.mul(builder.sext(x, PRODUCTS), builder.sext(w, PRODUCTS))
    nothing = ir.Constant(PRODUCTS, ir.Undefined)
    even, odd = (ir.Constant(VECTOR, list(range(start, 2 * LANES, 2))) for start in (0, 1))
    return builder.add(builder.shuffle_vector(product, nothing, even), builder.shuffle_vector(product, nothing, odd))


def clamped_dot(context: Any, builder: Any, acc: Any, x: Any, w: Any) -> Any:
    """acc + sum over 4 bytes of sign * clamp(x, 256 - high, high) for unsigned bytes; w is (sign, high)."""
    sign, high = w[0], builder.bitcast(w[1], BYTES)
    chosen = _unsigned("<", builder, _unsigned(">", builder, builder.bitcast(x, BYTES), builder.neg(high)), high)
    return byte_dot(context, builder, acc, builder.bitcast(chosen, VECTOR), sign)


def least_dot(context: Any, builder: Any, acc: Any, x: Any, w: Any) -> Any:
    """acc + sum over 4 bytes of sign * min(x, high) for unsigned bytes; w is (sign, high)."""
    sign, high = w
    chosen = _unsigned("<", builder, builder.bitcast(x, BYTES), builder.bitcast(high, BYTES))
    return byte_dot(context, builder, acc, builder.bitcast(chosen, VECTOR), sign)


def masked_dot(context: Any, builder: Any, acc: Any, x: Any, w: Any) -> Any:
    """acc + sum over 4 bytes of weight * (x & mask) for unsigned bytes; w is (weight, mask)."""
    weight, mask = w
    return byte_dot(context, builder, acc, builder.and_(x, mask), weight)


def clamped_halves(context: Any, builder: Any, acc: Any, x: Any, w: Any) -> Any:
    """acc + sum over 2 halfwords of sign * clamp(x, -size, size) for signed halfwords; w is (sign, size)."""
    sign, size, value = (_halves(builder, word) for word in (*w, x))
    least = builder.neg(size)
    raised = builder.select(builder.icmp_signed(">", value, least), value, least)
    chosen = builder.select(builder.icmp_signed("<", raised, size), raised, size)
    return builder.add(acc, _pair_dot(builder, chosen, sign))


def _unsigned(order: str, builder: Any, a: Any, b: Any) -> Any:
    """The smaller ("<") or larger (">") of unsigned bytes."""
    return builder.select(builder.icmp_unsigned(order, a, b), a, b)
