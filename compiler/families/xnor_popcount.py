"""XNOR-popcount: weights of -1 and +1 meet each bit plane of the activations (thesis section 3.4, eq. 3.21 corrected).

With bits b = (v + 1) / 2 for v in {-1, +1}, the dot product of two bipolar vectors of length K is
2 * popcount(x XNOR w) - K. An activation of several bits is a sum of planes s_i * x_i (s_i = 2^i, the top one
negative in two's complement), and with kappa = sum of the s_i:

    sum_k x[k] w[k] = sum_i s_i * popcount(x_i XNOR w) + kappa * (ones(w) - K)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import PlaneArithmetic, bit_planes, ones, plane_of
from mulfree.compiler.families.interface import Family
from mulfree.ir import BIPOLAR, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window, contract
from mulfree.rtl import Circuit, Wire, cells


def _signs(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).choice([-1, 1], shape))


@dataclass(frozen=True, slots=True)
class XnorPopcount(PlaneArithmetic):
    """y[m] = sum over planes i of s_i * popcount(x_i XNOR w[m])."""

    name: ClassVar[str] = "xnor_popcount"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((12,), BIPOLAR), MultiplyAccumulate(_signs(4, 12, 1, 1))),
        (TensorType((6,), IntRange(-8, 7)), MultiplyAccumulate(_signs(3, 6, 1, 1))),
        (TensorType((2, 4, 4), BIPOLAR), MultiplyAccumulate(_signs(2, 2, 3, 3), Window((3, 3), pads=(1, 1, 1, 1)))),
        (TensorType((4, 5, 5), IntRange(0, 3)), MultiplyAccumulate(_signs(4, 2, 2, 2), Window((2, 2), (2, 2)), 2)),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return bool((np.abs(layer.weights.array) == 1).all())

    @property
    def factor(self) -> int:
        return self.operand.step if self.operand.is_coded else 1

    @property
    def offset(self) -> IntArray:
        """From the equation above for stored words, plus what lo adds where the word is an index."""
        words = self.operand
        matched: IntArray = sum(weight for _, weight in bit_planes(words)) * (ones(self.weights) - self.rows.shape[1])
        least: IntArray = (words.lo if words.is_coded else 0) * self.rows.sum(axis=1)
        return self.factor * matched + least

    @property
    def weight_range(self) -> IntRange:
        return BIPOLAR

    def dot(self, taps: AnyArray) -> AnyArray:
        planes = [s * self._matches(plane_of(self.operand, taps, i)) for i, s in bit_planes(self.operand)]
        total: AnyArray = np.stack(planes).sum(axis=0)
        return total

    def _matches(self, plane: IntArray) -> IntArray:
        """popcount(plane XNOR w) by its definition on signs: (K + sum of products of signs) / 2."""
        matches: IntArray = (self.rows.shape[1] + contract(2 * plane - 1, self.weights.array, self.groups)) // 2
        return matches

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        bits = [(circuit.drive(cells.bit(i), x), worth) for i, worth in bit_planes(self.operand)]
        return [(circuit.drive(cells.XNOR, plane, w), worth) for plane, worth in bits]


FAMILY = Family("XNOR-popcount", arithmetics=(XnorPopcount,))
