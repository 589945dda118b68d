"""Two datapaths for min-select. In both a weight is stored as its magnitude, as it is needed, and its sign.

With s = 1 where the signs of x and w differ and n bits b_i of a magnitude, the signed number is
sum_i 2^i (b_i ^ s) - (2^n - 1) s: bits are complemented, and one correction per lane is added with its sign.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import PlaneArithmetic, signed
from mulfree.compiler.families.min_select.operator import MinSelect
from mulfree.ir import BIPOLAR, TERNARY, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, Window, by_output
from mulfree.rtl import Circuit, Wire, cells

MOST_LEVELS = 16
"""Thermometer codes longer than this are never smaller than magnitudes."""


def _weights(lo: int, hi: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).integers(lo, hi + 1, shape))


PADDED = Window((3, 3), pads=(1, 1, 1, 1))
EXAMPLES: tuple[tuple[TensorType, Contraction], ...] = (
    (TensorType((6,), IntRange(-8, 7)), MinSelect(_weights(-7, 7, 4, 6, 1, 1))),
    (TensorType((8,), IntRange(0, 3)), MinSelect(_weights(0, 3, 3, 8, 1, 1))),
    (TensorType((4,), BIPOLAR), MinSelect(_weights(-2, 2, 2, 4, 1, 1))),
    (TensorType((2, 4, 4), IntRange(0, 7)), MinSelect(_weights(-4, 3, 2, 2, 3, 3), PADDED)),
    (TensorType((4, 4, 4), IntRange(-4, 3)), MinSelect(_weights(-3, 3, 4, 2, 2, 2), Window((2, 2), (2, 2)), 2)),
    (TensorType((4, 4, 4), TERNARY), MinSelect(_weights(0, 2, 4, 1, 2, 2), Window((2, 2)), 4)),
)
WIDE = (TensorType((6,), IntRange(-128, 127)), MinSelect(_weights(-128, 127, 3, 6, 1, 1)))


@dataclass(frozen=True, slots=True)
class MagnitudeSelect(PlaneArithmetic):
    """What both have in common: magnitudes that count up to `levels`, signs apart."""

    replaces: ClassVar[type[Contraction]] = MinSelect

    @property
    def levels(self) -> int:
        """The largest magnitude that is ever selected; a larger weight selects as this one does."""
        return max(1, min(_peak(self.operand), _peak(self.weights.range)))

    @property
    @abstractmethod
    def magnitude_bits(self) -> int:
        """Bits of a stored magnitude."""

    @abstractmethod
    def magnitude_codes(self, magnitudes: IntArray) -> IntArray:
        """How magnitudes up to `levels` are stored."""

    @property
    def codes(self) -> IntArray:
        w = self.weights.array
        codes = self.magnitude_codes(np.minimum(np.abs(w), self.levels))
        return codes + ((w < 0).astype(np.int64) << self.magnitude_bits)

    @property
    def weight_range(self) -> IntRange:
        return IntRange(0, 2 ** (self.magnitude_bits + int(self.weights.range.lo < 0)) - 1)

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        x = circuit.plain(x)
        chosen = self.selected(circuit, magnitude(circuit, x), w)
        return signed(circuit, chosen, self.sign(circuit, negative(circuit, x), w))

    @abstractmethod
    def selected(self, circuit: Circuit, size: Wire, w: Wire) -> list[tuple[Wire, int]]:
        """The planes of the smaller magnitude, from |x| and the codes."""

    def sign(self, circuit: Circuit, negative: Wire | None, w: Wire) -> Wire | None:
        """Whether the signs differ, from x's; None if neither operand is ever negative."""
        if self.weights.range.lo >= 0:
            return negative
        sign = circuit.drive(cells.bit(self.magnitude_bits), w)
        return sign if negative is None else circuit.drive(cells.XOR, negative, sign)


@dataclass(frozen=True, slots=True)
class MinSelectClamp(MagnitudeSelect):
    """mins(x, w) = sgn(w) clamp(x, -|w|, |w|): the smaller of two magnitudes, and a sign."""

    name: ClassVar[str] = "min_select_clamp"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (*EXAMPLES, WIDE)

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return True

    @property
    def magnitude_bits(self) -> int:
        return self.levels.bit_length()

    def magnitude_codes(self, magnitudes: IntArray) -> IntArray:
        return magnitudes

    def dot(self, taps: AnyArray) -> AnyArray:
        rows = self.rows

        def clamped(m: int, lanes: AnyArray) -> AnyArray:
            limit = np.abs(rows[m])
            sums: AnyArray = (np.sign(rows[m]) * np.clip(lanes, -limit, limit)).sum(axis=-1)
            return sums

        return by_output(taps, len(rows), self.groups, clamped)

    def selected(self, circuit: Circuit, size: Wire, w: Wire) -> list[tuple[Wire, int]]:
        limit = circuit.drive(cells.field(0, IntRange(0, 2**self.magnitude_bits - 1)), w)
        least = circuit.drive(cells.MIN, size, limit)
        return [(circuit.drive(cells.bit(i), least), 2**i) for i in range(least.type.element_bits)]


@dataclass(frozen=True, slots=True)
class MinSelectThermometer(MagnitudeSelect):
    """mins(x, w) = sum over t = 1, 2, ... of T_t(x) T_t(w) with T_t(v) = sgn(v) [|v| >= t]: AND-popcounts of planes."""

    name: ClassVar[str] = "min_select_thermometer"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = EXAMPLES

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return min(_peak(x.range), _peak(layer.weights.range)) <= MOST_LEVELS

    @property
    def magnitude_bits(self) -> int:
        return self.levels

    def magnitude_codes(self, magnitudes: IntArray) -> IntArray:
        """As many ones as the magnitude says."""
        return (1 << magnitudes) - 1

    def dot(self, taps: AnyArray) -> AnyArray:
        planes = [self._plane(taps, t) for t in range(1, self.levels + 1)]
        total: AnyArray = np.stack(planes).sum(axis=0)
        return total

    def _plane(self, taps: AnyArray, t: int) -> AnyArray:
        """popcount of the products that are +1, less that of those that are -1."""
        x, rows = _ternary(taps, t), _ternary(self.rows, t)

        def difference(m: int, lanes: AnyArray) -> AnyArray:
            agree = (lanes == rows[m]) & (lanes != 0)
            differ = (lanes == -rows[m]) & (lanes != 0)
            counted: AnyArray = agree.sum(axis=-1) - differ.sum(axis=-1)
            return counted

        return by_output(x, len(rows), self.groups, difference)

    def selected(self, circuit: Circuit, size: Wire, w: Wire) -> list[tuple[Wire, int]]:
        steps = [
            circuit.drive(cells.AND, reached(circuit, size, t), circuit.drive(cells.bit(t - 1), w))
            for t in range(1, self.levels + 1)
        ]
        return [(step, 1) for step in steps]


def magnitude(circuit: Circuit, x: Wire) -> Wire:
    """|x| of plain numbers."""
    sign = negative(circuit, x)
    if sign is None:
        return x
    either = circuit.drive(cells.MUX, sign, circuit.drive(cells.NEGATE, x), x)
    return circuit.cast(either, IntRange(0, _peak(x.range)))


def negative(circuit: Circuit, x: Wire) -> Wire | None:
    """Whether plain numbers are below 0; None if none ever is."""
    return circuit.drive(cells.bit(x.type.element_bits - 1), x) if x.range.lo < 0 else None


def reached(circuit: Circuit, size: Wire, level: int) -> Wire:
    """Whether each lane is at least the level."""
    return circuit.drive(cells.GE, size, circuit.constant([level]))


def _ternary(values: AnyArray, t: int) -> IntArray:
    """T_t: the sign where the magnitude reaches t, else 0."""
    return np.where(np.abs(values) >= t, np.sign(values), 0)


def _peak(range: IntRange) -> int:
    """The largest magnitude."""
    return max(abs(range.lo), abs(range.hi))
