"""Values of cells' results in exact integers: numbers in, numbers out, (..., lanes)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mulfree.ir import AnyArray, IntRange
from mulfree.rtl.wires import WireType

Types = tuple[WireType, ...]
Evaluate = Callable[..., Any]
Unary = Callable[[AnyArray], Any]
Binary = Callable[[AnyArray, AnyArray], Any]


def number(function: Unary) -> Evaluate:
    """A function of one operand's numbers."""

    def evaluate(types: Types, a: AnyArray) -> Any:
        del types
        return function(a)

    return evaluate


def numbers(function: Binary) -> Evaluate:
    """A function of two operands' numbers."""

    def evaluate(types: Types, a: AnyArray, b: AnyArray) -> Any:
        del types
        return function(a, b)

    return evaluate


def word(function: Unary) -> Evaluate:
    """A function of one operand's stored words."""

    def evaluate(types: Types, a: AnyArray) -> Any:
        return function(types[0].range.encode(a))

    return evaluate


def words(function: Binary) -> Evaluate:
    """A function of two operands' stored words."""

    def evaluate(types: Types, a: AnyArray, b: AnyArray) -> Any:
        return function(types[0].range.encode(a), types[1].range.encode(b))

    return evaluate


def indices(types: Types, a: AnyArray) -> AnyArray:
    (type,) = types
    return (a - type.range.lo) // type.range.step


def from_index(range: IntRange) -> Evaluate:
    return number(lambda index: range.lo + range.step * index)


def member_of(range: IntRange) -> Evaluate:
    """The same numbers; it is a bug if one does not belong to the range."""

    def evaluate(types: Types, a: AnyArray) -> AnyArray:
        del types
        assert ((a >= range.lo) & (a <= range.hi) & ((a - range.lo) % range.step == 0)).all(), f"not all in {range}"
        return a

    return evaluate


def constant(values: Sequence[int]) -> Evaluate:
    array = np.array(values, dtype=np.int64 if max(map(abs, values)) < 2**63 else object)

    def evaluate(types: Types) -> AnyArray:
        del types
        return array

    return evaluate


def pick(lanes: Sequence[int]) -> Evaluate:
    return number(lambda a: a[..., list(lanes)])


def join(types: Types, *arrays: AnyArray) -> AnyArray:
    del types
    shape = np.broadcast_shapes(*(a.shape[:-1] for a in arrays))
    return np.concatenate([np.broadcast_to(a, (*shape, a.shape[-1])) for a in arrays], axis=-1)


def across(function: Callable[..., Any]) -> Unary:
    """A reduction over the lanes, to one lane."""

    def reduce(a: AnyArray) -> Any:
        return function(a, axis=-1, keepdims=True)

    return reduce


def mux(types: Types, select: AnyArray, a: AnyArray, b: AnyArray) -> AnyArray:
    return np.where(types[0].range.encode(select) == 1, a, b)
