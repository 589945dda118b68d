"""Heaps: the bits of operands by weight, and a constant.

A bit of negative weight becomes its complement: -b 2^i = (1 - b) 2^i - 2^i, and the constants add up to one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mulfree.ir import IntRange
from mulfree.rtl.price import signed_digits
from mulfree.rtl.wires import WireType

Weights = tuple[int | tuple[int, ...], ...]
"""One per operand: for all of its lanes, or one for each."""


class Bit(NamedTuple):
    """A bit of a stored word, or a 1 where `operand` is None."""

    operand: int | None
    lane: int = 0
    place: int = 0
    is_inverted: bool = False


ONE = Bit(None)


@dataclass(frozen=True)
class Heap:
    """Columns of bits, the lowest first: their sum modulo 2^len(columns), its top bit perhaps complemented."""

    columns: tuple[tuple[Bit, ...], ...]
    is_top_inverted: bool = False
    """A constant 1 in the top column only complements the top bit of the sum."""

    @property
    def heights(self) -> tuple[int, ...]:
        return tuple(len(column) for column in self.columns)


def heap(operands: Sequence[WireType], weights: Weights, constant: int, width: int) -> Heap:
    """constant + sum of weight times number over all lanes of all operands, modulo 2^width.

    Each bit's total weight is taken in signed digits, so that a product with a constant needs the fewest bits.
    """
    columns: list[list[Bit]] = [[] for _ in range(width)]
    for bit, weight in _weighted(operands, weights):
        for column, is_negative in _digits(weight, width):
            columns[column].append(bit._replace(is_inverted=is_negative))
            constant -= is_negative << column
    constant += sum(_least(type.range, of_lane) for type, of_lane in _per_lane(operands, weights))
    for column in range(width - 1):
        columns[column] += [ONE] * (constant >> column & 1)
    return Heap(tuple(tuple(column) for column in columns), bool(constant >> width - 1 & 1))


def free_constant(operands: Sequence[WireType], weights: Weights) -> int:
    """The constant with which no bit of the heap is always 1, whatever its width; no sum with it is negative."""
    below = sum(_least(type.range, of_lane) for type, of_lane in _per_lane(operands, weights))
    worth = [weight for _, weight in _weighted(operands, weights)]
    return -below + sum(
        1 << shift for weight in worth for sign, shift in signed_digits(abs(weight)) if (sign == "-") != (weight < 0)
    )


def weight_lanes(type: WireType, weight: int | tuple[int, ...]) -> tuple[int, ...]:
    """One weight per lane."""
    lanes = (weight,) * type.lanes if isinstance(weight, int) else weight
    assert len(lanes) == type.lanes, f"{len(lanes)} weights for {type.lanes} lanes"
    return lanes


def _per_lane(operands: Sequence[WireType], weights: Weights) -> Iterator[tuple[WireType, int]]:
    for type, weight in zip(operands, weights, strict=True):
        yield from ((type, of_lane) for of_lane in weight_lanes(type, weight))


def _weighted(operands: Sequence[WireType], weights: Weights) -> Iterator[tuple[Bit, int]]:
    """Every bit with what a one in it is worth."""
    for operand, (type, weight) in enumerate(zip(operands, weights, strict=True)):
        for lane, of_lane in enumerate(weight_lanes(type, weight)):
            for place, worth in enumerate(_places(type.range)):
                yield Bit(operand, lane, place), of_lane * worth


def _places(range_: IntRange) -> list[int]:
    """What the bits of a stored word are worth, the lowest first."""
    step = range_.step if range_.is_coded else 1
    worth = [step << place for place in range(range_.width)]
    return [*worth[:-1], -worth[-1]] if range_.is_signed else worth


def _least(range_: IntRange, weight: int) -> int:
    """What a stored word of zeros stands for, weighed."""
    return weight * range_.lo if range_.is_coded else 0


def _digits(weight: int, width: int) -> Iterator[tuple[int, bool]]:
    """(column, is negative); in the top column both signs are the same."""
    for sign, shift in signed_digits(abs(weight)):
        if shift < width:
            yield shift, shift < width - 1 and (sign == "-") != (weight < 0)
