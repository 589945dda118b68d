"""AND-popcount: integers of a few bits as bit planes (thesis section 3.3, eq. 3.20; signs added).

    sum_k x[k] w[k] = sum_i sum_j s_i t_j popcount(x_i & w_j)

with plane weights s_i = 2^i and t_j = 2^j, the top one negative where the word is in two's complement.
Ternary weights are two planes; planes that are zero everywhere do not exist, because widths follow from the ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import PlaneArithmetic, bit_planes, plane_of
from mulfree.compiler.families.interface import Family
from mulfree.ir import BIPOLAR, BIT, TERNARY, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window, contract
from mulfree.rtl import Circuit, Wire, cells


def _weights(lo: int, hi: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).integers(lo, hi + 1, shape))


PADDED = Window((3, 3), pads=(1, 1, 1, 1))


@dataclass(frozen=True, slots=True)
class AndPopcount(PlaneArithmetic):
    """y[m] = sum over planes i of x's words and j of w's of s_i t_j popcount(x_i & w_j)."""

    name: ClassVar[str] = "and_popcount"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((9,), BIT), MultiplyAccumulate(_weights(0, 1, 4, 9, 1, 1))),
        (TensorType((8,), TERNARY), MultiplyAccumulate(_weights(-1, 1, 3, 8, 1, 1))),
        (TensorType((4,), IntRange(-8, 7)), MultiplyAccumulate(_weights(-8, 7, 3, 4, 1, 1))),
        (TensorType((2, 4, 4), IntRange(0, 3)), MultiplyAccumulate(_weights(-4, 3, 2, 2, 3, 3), PADDED)),
        (TensorType((4, 4, 4), BIPOLAR), MultiplyAccumulate(_weights(-2, 1, 4, 1, 2, 2), Window((2, 2)), 4)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return True

    @property
    def factor(self) -> int:
        return self.operand.step if self.operand.is_coded else 1

    @property
    def offset(self) -> IntArray:
        """Stored words that are indices leave lo out."""
        least: IntArray = (self.operand.lo if self.operand.is_coded else 0) * self.rows.sum(axis=1)
        return least

    @property
    def value_range(self) -> IntRange:
        """The weights' own ends without a step: planes need plain binary or two's complement."""
        return IntRange(min(0, self.weights.range.lo), max(0, self.weights.range.hi))

    @property
    def weight_range(self) -> IntRange:
        return self.value_range

    def dot(self, taps: AnyArray) -> AnyArray:
        words, weights = self.operand, self.value_range
        pairs = [
            s * t * contract(plane_of(words, taps, i), plane_of(weights, self.weights.array, j), self.groups)
            for i, s in bit_planes(words)
            for j, t in bit_planes(weights)
        ]
        zero = contract(0 * taps, self.weights.array, self.groups)
        total: AnyArray = np.stack([zero, *pairs]).sum(axis=0)
        return total

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        return self.products(circuit, x, w, 0)

    def products(self, circuit: Circuit, x: Wire, w: Wire, low: int) -> list[tuple[Wire, int]]:
        """Planes of x with those of weights that stand in w from bit `low` on."""
        xs = [(circuit.drive(cells.bit(i), x), s) for i, s in bit_planes(self.operand)]
        ws = [(circuit.drive(cells.bit(low + j), w), t) for j, t in bit_planes(self.value_range)]
        return [(circuit.drive(cells.AND, a, b), s * t) for a, s in xs for b, t in ws]


FAMILY = Family("AND-popcount", arithmetics=(AndPopcount,))
