"""Datapaths for weights ±2^e: a stored exponent steers a few multiplexers, a constant one only wires.

With rounding, the numbers are shifted right from the largest exponent down, so that no multiplexer is wider than what
is kept: what floor drops is not there, and half_up keeps one bit more, which joins the sum as a 1.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import PlaneArithmetic, bit_planes, signed
from mulfree.compiler.families.power_of_two.operator import Rounding, ShiftedSum
from mulfree.ir import BIPOLAR, BIT, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window, contract
from mulfree.rtl import Circuit, Wire, cells

Planes = list[tuple[Wire, int]]
PADDED = Window((3, 3), pads=(1, 1, 1, 1))


@dataclass(frozen=True, slots=True)
class ShiftingLanes(PlaneArithmetic):
    """What both have in common: of each weight a shift by so many places, whether it is used, and its sign."""

    @property
    @abstractmethod
    def powers(self) -> IntArray:
        """The exponents of the weights; any number where a weight is 0."""

    @property
    @abstractmethod
    def amounts(self) -> IntArray:
        """By how much a lane shifts for each weight, from 0 on, in its own direction; 0 where a weight is 0."""

    @abstractmethod
    def shifted_planes(self, circuit: Circuit, x: Wire, steps: Sequence[Wire]) -> Planes:
        """Plain numbers shifted by the amount whose bits are the steps."""

    @abstractmethod
    def constant_planes(self, circuit: Circuit, x: Wire, exponent: int) -> Planes:
        """round(x 2^e) as a sum of wires; no logic."""

    @property
    def amount_bits(self) -> int:
        return int(self.amounts.max(initial=0)).bit_length()

    @property
    def has_zeros(self) -> bool:
        return bool((self.weights.array == 0).any())

    @property
    def codes(self) -> IntArray:
        w, bits, used = self.weights.array, self.amount_bits, int(self.has_zeros)
        codes: IntArray = self.amounts + ((w != 0) * used << bits) + ((w < 0).astype(np.int64) << bits + used)
        return codes

    @property
    def weight_range(self) -> IntRange:
        width = self.amount_bits + int(self.has_zeros) + int(self.weights.range.lo < 0)
        return IntRange(0, 2 ** max(1, width) - 1)

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> Planes:
        bits, used = self.amount_bits, int(self.has_zeros)
        steps = [circuit.drive(cells.bit(i), w) for i in range(bits)]
        planes = self.shifted_planes(circuit, circuit.plain(x), steps)
        if used:
            is_used = circuit.drive(cells.bit(bits), w)
            planes = [(circuit.drive(cells.AND, plane, is_used), worth) for plane, worth in planes]
        negative = self.weights.range.lo < 0
        return signed(circuit, planes, circuit.drive(cells.bit(bits + used), w) if negative else None)

    def unrolled(self, order: IntArray, target: str) -> Callable[[Circuit, Wire], Wire]:
        """One heap for each output; a weight is a choice of wires."""
        del target
        signs, exponents = (a.reshape(len(a), -1)[:, order] for a in (np.sign(self.weights.array), self.powers))

        def outputs(circuit: Circuit, x: Wire) -> Wire:
            plain = circuit.plain(x)
            planes = {int(e): self.constant_planes(circuit, plain, int(e)) for e in np.unique(exponents[signs != 0])}
            sums = [
                circuit.dot([(circuit.constant([0]), 1), *_chosen(planes, *row)])
                for row in zip(signs, exponents, strict=True)
            ]
            return circuit.drive(cells.JOIN, *sums)

        return outputs


def _chosen(planes: dict[int, Planes], signs: IntArray, exponents: IntArray) -> list[tuple[Wire, tuple[int, ...]]]:
    """What one output adds up: every wire with a weight for each of its lanes."""
    chosen = {e: np.where(exponents == e, signs, 0) for e in planes}
    return [
        (wire, tuple((worth * chosen[e]).tolist()))
        for e, terms in planes.items()
        for wire, worth in terms
        if chosen[e].any()
    ]


def _weights(exponents: int, *shape: int, zeros: bool = True) -> Tensor:
    random = np.random.default_rng(sum(shape) + exponents)
    signs = random.integers(-1, 2, shape) if zeros else random.choice([-1, 1], shape)
    return Tensor(signs << random.integers(0, exponents, shape))


@dataclass(frozen=True, slots=True)
class PowerOfTwo(ShiftingLanes):
    """y[m] = sum of x[k] shifted left by an exponent, negated or left out."""

    name: ClassVar[str] = "power_of_two"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((6,), IntRange(-8, 7)), MultiplyAccumulate(_weights(3, 4, 6, 1, 1))),
        (TensorType((5,), IntRange(0, 15)), MultiplyAccumulate(_weights(6, 3, 5, 1, 1, zeros=False))),
        (TensorType((4,), BIPOLAR), MultiplyAccumulate(_weights(2, 2, 4, 1, 1))),
        (TensorType((2, 4, 4), IntRange(0, 7)), MultiplyAccumulate(_weights(4, 2, 2, 3, 3), PADDED)),
        (TensorType((4, 4, 4), IntRange(-4, 3)), MultiplyAccumulate(_weights(2, 4, 1, 2, 2), Window((2, 2)), 4)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        magnitudes = np.abs(layer.weights.array)
        return bool(((magnitudes & (magnitudes - 1)) == 0).all())

    @property
    def powers(self) -> IntArray:
        magnitudes = np.maximum(1, np.abs(self.weights.array))
        # Every power of two is exact in a double.
        exponents: IntArray = np.frexp(magnitudes.astype(np.float64))[1].astype(np.int64) - 1
        return exponents

    @property
    def amounts(self) -> IntArray:
        return self.powers

    def dot(self, taps: AnyArray) -> AnyArray:
        w, exponents = self.weights.array, self.powers
        shares = [
            contract(taps << e, np.where(exponents == e, np.sign(w), 0), self.groups) for e in np.unique(exponents)
        ]
        total: AnyArray = np.stack(shares).sum(axis=0)
        return total

    def shifted_planes(self, circuit: Circuit, x: Wire, steps: Sequence[Wire]) -> Planes:
        for i, step in enumerate(steps):
            x = circuit.drive(cells.MUX, step, circuit.drive(cells.shift_left(2**i), x), x)
        return _bits(circuit, x)

    def constant_planes(self, circuit: Circuit, x: Wire, exponent: int) -> Planes:
        return [(x, 2**exponent)]


def _rounded(
    least: int, most: int, rounding: Rounding, *shape: int, window: Window | None = None, groups: int = 1
) -> ShiftedSum:
    """Random signs and exponents, the least exponent among them."""
    random = np.random.default_rng(sum(shape) - least)
    signs, exponents = random.integers(-1, 2, shape), random.integers(least, most + 1, shape)
    signs.flat[0], exponents.flat[0] = -1, least
    return ShiftedSum(Tensor(signs), window or Window(), groups, exponents=Tensor(exponents), rounding=rounding)


QUARTERS = Window((2, 2), (2, 2))


@dataclass(frozen=True, slots=True)
class RoundedShift(ShiftingLanes):
    """y[m] = sum of ±round(x[k] 2^e): every lane is shifted right from the largest exponent down."""

    exponents: Tensor = field(kw_only=True)
    rounding: str = field(kw_only=True)

    name: ClassVar[str] = "rounded_shift"
    replaces: ClassVar[type[Contraction]] = ShiftedSum
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((6,), IntRange(-8, 7)), _rounded(-3, 0, "floor", 4, 6, 1, 1)),
        (TensorType((5,), IntRange(0, 15)), _rounded(-5, 2, "half_up", 3, 5, 1, 1)),
        (TensorType((4,), BIPOLAR), _rounded(-1, -1, "half_up", 2, 4, 1, 1)),
        (TensorType((2, 4, 4), IntRange(0, 7)), _rounded(-2, 1, "floor", 2, 2, 3, 3, window=PADDED)),
        (TensorType((4, 4, 4), IntRange(-8, 7)), _rounded(-2, 0, "half_up", 4, 2, 2, 2, window=QUARTERS, groups=2)),
        (TensorType((4, 4, 4), IntRange(-8, 7)), _rounded(-3, 0, "half_up", 4, 1, 2, 2, window=QUARTERS, groups=4)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return True

    @property
    def powers(self) -> IntArray:
        return self.exponents.array

    @property
    def greatest(self) -> int:
        """Of the exponents in use."""
        used = self.powers[self.weights.array != 0]
        return int(used.max()) if used.size else 0

    @property
    def amounts(self) -> IntArray:
        amounts: IntArray = np.where(self.weights.array != 0, self.greatest - self.powers, 0)
        return amounts

    @property
    def guard(self) -> int:
        """Bits kept below the point: the one that half_up rounds by."""
        return int(self.rounding == "half_up")

    def dot(self, taps: AnyArray) -> AnyArray:
        return self.layer.dot(taps)

    def shifted_planes(self, circuit: Circuit, x: Wire, steps: Sequence[Wire]) -> Planes:
        x = _moved(circuit, x, self.greatest + self.guard)
        for i, step in enumerate(steps):
            x = circuit.drive(cells.MUX, step, _moved(circuit, x, -(2**i)), x)
        return self._rounded(circuit, x)

    def constant_planes(self, circuit: Circuit, x: Wire, exponent: int) -> Planes:
        return (
            [(x, 2**exponent)] if exponent >= 0 else self._rounded(circuit, _moved(circuit, x, exponent + self.guard))
        )

    def _rounded(self, circuit: Circuit, x: Wire) -> Planes:
        """The bits of a number that is followed by its guard, which is worth as much as the bit above it."""
        planes = _bits(circuit, x)
        if not self.guard:
            return planes
        guard, *kept = planes
        return [(guard[0], 1), *((bits, worth // 2) for bits, worth in (kept or [guard]))]


def _bits(circuit: Circuit, x: Wire) -> Planes:
    return [(circuit.drive(cells.bit(i), x), worth) for i, worth in bit_planes(x.range)]


def _moved(circuit: Circuit, x: Wire, exponent: int) -> Wire:
    """floor(x 2^e) of plain numbers: wires."""
    if exponent >= 0:
        return circuit.drive(cells.shift_left(exponent), x) if exponent else x
    if x.range.lo >= 0 and x.range.hi >> -exponent == 0:
        return circuit.drive(cells.AND, circuit.drive(cells.bit(0), x), circuit.constant([0], BIT))
    kept = IntRange(x.range.lo >> -exponent, x.range.hi >> -exponent)
    return circuit.drive(cells.field(min(-exponent, x.type.element_bits - kept.width), kept), x)
