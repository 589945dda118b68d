"""What an arithmetic family is: an exact stand-in for multiply-accumulate, from the graph down to cells."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from mulfree.ir import BIT, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate
from mulfree.rtl import Circuit, Wire


@dataclass(frozen=True, slots=True)
class FamilyContraction(Contraction):
    """A contraction whose products need no multiplier.

    The exact dot product is `factor * y[m] + offset[m]`: what the arithmetic leaves out is constant per output
    channel, so it moves into the thresholds that follow. tests/compiler/families checks the whole contract.
    """

    operand: IntRange = field(default=BIT)
    """Range of an element of a window, padding included: its stored word is what the bit planes are cut from."""

    examples: ClassVar[tuple[tuple[TensorType, MultiplyAccumulate], ...]] = ()
    """Operand types and layers small enough to test often."""

    @classmethod
    @abstractmethod
    def accepts(cls, layer: MultiplyAccumulate, x: TensorType) -> bool:
        """Whether this arithmetic computes the layer exactly."""

    @property
    @abstractmethod
    def factor(self) -> int:
        """What one unit of y is worth in the dot product."""

    @property
    @abstractmethod
    def offset(self) -> IntArray:
        """What is added to factor * y, per output channel (M,)."""

    @property
    @abstractmethod
    def weight_range(self) -> IntRange:
        """How weights are stored; `weight_range.encode` gives the words of the memory."""

    @abstractmethod
    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        """The datapath up to the sum: one-bit lanes, and what a one in each is worth (plus or minus 2^i)."""

    def lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        """The words of x and w of one token to that token's share of y, for one output channel."""
        return circuit.dot(self.planes(circuit, x, w))

    def tap_lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        """As `lane`, but every lane is an output channel of its own: depthwise convolutions."""
        planes = self.planes(circuit, x, w)
        return circuit.total([bits for bits, _ in planes], [worth for _, worth in planes])

    @classmethod
    def replacing(cls, layer: MultiplyAccumulate, x: TensorType) -> FamilyContraction:
        return cls(layer.weights, layer.window, layer.groups, layer.tap_range(x.range))

    def result_range(self, tap: IntRange) -> IntRange:
        assert tap == self.operand, f"the layer was made for elements of {self.operand}, not {tap}"
        return _affine_inverse(self.row_ranges(tap), self.factor, self.offset)

    @property
    def rows(self) -> IntArray:
        """Weights as (M, K)."""
        rows: AnyArray = self.weights.array.reshape(self.weights.shape[0], -1)
        return rows


def bit_planes(words: IntRange) -> list[tuple[int, int]]:
    """(plane, weight) of a stored word: powers of two, the top one negative in two's complement.

    What is always 0 is stored in one bit all the same.
    """
    top = words.width - 1
    return [(i, -(2**i) if words.is_signed and i == top else 2**i) for i in range(max(1, words.width))]


def plane_of(words: IntRange, values: AnyArray, plane: int) -> IntArray:
    """Bit `plane` of every stored word, as 0 or 1."""
    bits: IntArray = (words.encode(values) >> plane) & 1
    return bits


def _affine_inverse(rows: list[IntRange], factor: int, offset: IntArray) -> IntRange:
    """Hull of (row - offset) / factor over the output channels."""
    ends = [((v - int(b)) // factor) for row, b in zip(rows, offset, strict=True) for v in (row.lo, row.hi)]
    return IntRange(min(ends), max(ends))


def ones(weights: Tensor) -> IntArray:
    """How many of each output channel's weights are positive (M,)."""
    count: IntArray = np.count_nonzero(weights.array.reshape(weights.shape[0], -1) > 0, axis=1).astype(np.int64)
    return count
