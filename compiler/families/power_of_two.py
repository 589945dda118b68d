"""Weights that are powers of two: every product is a shift, and a layer is a sum of shifted numbers.

    y[m] = sum over k of s[m,k] 2^e[m,k] x[k],   s in {-1, 0, 1}, e >= 0

Exact. A weight is stored as its exponent, whether it is 0, and its sign; a few multiplexers shift the operand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import PlaneArithmetic, bit_planes, signed
from mulfree.compiler.families.interface import Family
from mulfree.ir import BIPOLAR, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window, contract
from mulfree.rtl import Circuit, Wire, cells


def _weights(exponents: int, *shape: int, zeros: bool = True) -> Tensor:
    random = np.random.default_rng(sum(shape) + exponents)
    signs = random.integers(-1, 2, shape) if zeros else random.choice([-1, 1], shape)
    return Tensor(signs << random.integers(0, exponents, shape))


PADDED = Window((3, 3), pads=(1, 1, 1, 1))


@dataclass(frozen=True, slots=True)
class PowerOfTwo(PlaneArithmetic):
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
    def exponents(self) -> IntArray:
        """Of the weights; 0 where a weight is 0."""
        return np.array([max(1, abs(int(w))).bit_length() - 1 for w in self.weights.array.ravel()]).reshape(
            self.weights.shape
        )

    @property
    def exponent_bits(self) -> int:
        return int(self.exponents.max(initial=0)).bit_length()

    @property
    def has_zeros(self) -> bool:
        return bool((self.weights.array == 0).any())

    @property
    def codes(self) -> IntArray:
        w, bits, used = self.weights.array, self.exponent_bits, int(self.has_zeros)
        codes: IntArray = self.exponents + ((w != 0) * used << bits) + ((w < 0).astype(np.int64) << bits + used)
        return codes

    @property
    def weight_range(self) -> IntRange:
        width = self.exponent_bits + int(self.has_zeros) + int(self.weights.range.lo < 0)
        return IntRange(0, 2 ** max(1, width) - 1)

    def dot(self, taps: AnyArray) -> AnyArray:
        w, exponents = self.weights.array, self.exponents
        shares = [
            contract(taps << e, np.where(exponents == e, np.sign(w), 0), self.groups) for e in np.unique(exponents)
        ]
        total: AnyArray = np.stack(shares).sum(axis=0)
        return total

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        shifted, bits = circuit.plain(x), self.exponent_bits
        for i in range(bits):
            further = circuit.drive(cells.shift_left(2**i), shifted)
            shifted = circuit.drive(cells.MUX, circuit.drive(cells.bit(i), w), further, shifted)
        planes = [(circuit.drive(cells.bit(i), shifted), worth) for i, worth in bit_planes(shifted.range)]
        if self.has_zeros:
            is_used = circuit.drive(cells.bit(bits), w)
            planes = [(circuit.drive(cells.AND, plane, is_used), worth) for plane, worth in planes]
        negative = self.weights.range.lo < 0
        return signed(circuit, planes, circuit.drive(cells.bit(bits + int(self.has_zeros)), w) if negative else None)


FAMILY = Family("power of two", arithmetics=(PowerOfTwo,))
