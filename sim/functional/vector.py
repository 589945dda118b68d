"""LLVM vector IR for the hot loops: sixteen 32-bit lanes, portable to every CPU that LLVM knows.

The host's features are read from numba's target: `NUMBA_CPU_NAME` and `NUMBA_CPU_FEATURES` steer what is emitted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba import extending, types
from numba.core import cgutils as _cgutils

cgutils: Any = _cgutils
pointer_to: Any = types.CPointer

LANES = 16
WORD = ir.IntType(32)
INDEX = ir.IntType(64)
VECTOR = ir.VectorType(WORD, LANES)
INT32S = pointer_to(types.int32)
BYTES = ir.VectorType(ir.IntType(8), 4 * LANES)
FIRST_LLVM_WITH_BYTE_DOT = 22
"""Earlier versions give vpdpbusd words as operands, this and later ones bytes."""


def intrinsic(function: Callable[..., Any], prefer_literal: bool = False) -> Any:
    """numba's own: the function takes the types of the operands and answers a signature and what emits the code."""
    return extending.intrinsic(prefer_literal=prefer_literal)(function)


def constant(value: int) -> Any:
    """The same number in every lane."""
    return ir.Constant(VECTOR, [value] * LANES)


def splat(builder: Any, scalar: Any) -> Any:
    """A scalar in every lane."""
    empty = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(empty, scalar, ir.Constant(WORD, 0))
    return builder.shuffle_vector(first, empty, constant(0))


def at(builder: Any, pointer: Any, index: Any) -> Any:
    """The address of element `index`, a number or a value."""
    return builder.gep(pointer, [ir.Constant(INDEX, index) if isinstance(index, int) else index])


def load_vector(builder: Any, pointer: Any) -> Any:
    return builder.load(builder.bitcast(pointer, VECTOR.as_pointer()), align=4)


def store_vector(builder: Any, vector: Any, pointer: Any, align: int = 4) -> None:
    builder.store(vector, builder.bitcast(pointer, vector.type.as_pointer()), align=align)


def call_vector(builder: Any, name: str, *operands: Any) -> Any:
    """Call an LLVM intrinsic whose result is sixteen words."""
    kind = ir.FunctionType(VECTOR, [operand.type for operand in operands])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), operands)


def has_feature(context: Any, feature: str) -> bool:
    """Whether code for this target may use `feature`, by LLVM's name for it."""
    return f"+{feature}" in context.codegen().magic_tuple()[2].split(",")


def has_byte_dot(context: Any) -> bool:
    """Whether vpdpbusd on sixteen lanes may be emitted; elsewhere it would abort the process."""
    return has_feature(context, "avx512vnni")


def call_byte_dot(builder: Any, acc: Any, x: Any, w: Any) -> Any:
    """acc + sum over 4 bytes of (unsigned byte of x) * (signed byte of w), by vpdpbusd."""
    if binding.llvm_version_info[0] >= FIRST_LLVM_WITH_BYTE_DOT:
        x, w = builder.bitcast(x, BYTES), builder.bitcast(w, BYTES)
    return call_vector(builder, "llvm.x86.avx512.vpdpbusd.512", acc, x, w)


def rows_per_pass(context: Any) -> int:
    """How many rows of two vectors stay in the vector registers."""
    return 8 if has_feature(context, "avx512f") else 2


@intrinsic
def shift(typing: Any, pointer: Any, count: Any) -> Any:
    """The address `count` elements further on."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        return builder.gep(operands[0], [operands[1]])

    return pointer(pointer, types.int64), emit


@intrinsic
def int32s(typing: Any, address: Any) -> Any:
    """An address, as it stands among a kernel's parameters, as a pointer to int32."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        return builder.inttoptr(operands[0], WORD.as_pointer())

    return INT32S(types.int64), emit


@intrinsic
def compare_word(typing: Any, x: Any, limits: Any) -> Any:
    """32 bits, bit i being x[i] >= limits[i]; both are pointers to integers, x's not wider than the limits'."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        wide = ir.VectorType(context.get_data_type(limits.dtype), 32)
        narrow = ir.VectorType(context.get_data_type(x.dtype), 32)
        values, bounds = (
            builder.load(builder.bitcast(p, kind.as_pointer()), align=1)
            for p, kind in zip(operands, (narrow, wide), strict=True)
        )
        if narrow != wide:
            values = (builder.sext if x.dtype.signed else builder.zext)(values, wide)
        return builder.bitcast(builder.icmp_signed(">=", values, bounds), WORD)

    return types.int32(x, limits), emit


@intrinsic
def equal_word(typing: Any, x: Any, value: Any) -> Any:
    """32 bits, bit i being x[i] == value; x points at integers, compared in their own width."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        item = context.get_data_type(x.dtype)
        vector = ir.VectorType(item, 32)
        narrow = builder.trunc(operands[1], item) if item.width < 64 else operands[1]
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), narrow, ir.Constant(WORD, 0))
        sought = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(WORD, 32), [0] * 32))
        values = builder.load(builder.bitcast(operands[0], vector.as_pointer()), align=1)
        equal = builder.bitcast(builder.icmp_signed("==", values, sought), WORD)
        widen = builder.sext if x.dtype.signed else builder.zext
        fits = builder.icmp_signed("==", widen(narrow, INDEX) if item.width < 64 else narrow, operands[1])
        return builder.select(fits, equal, ir.Constant(WORD, 0))

    return types.int32(x, types.int64), emit


@intrinsic
def as_words(typing: Any, pointer: Any) -> Any:
    """A pointer to bytes as a pointer to words of four."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        return builder.bitcast(operands[0], WORD.as_pointer())

    return INT32S(pointer), emit
