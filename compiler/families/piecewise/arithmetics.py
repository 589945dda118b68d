"""Three datapaths for layers of piecewise approximation; the cheapest in a folding is chosen by its price.

Weights take few values, too: a stored code says which, so that an entry meets one of M + 1 weights with one of N + 1
values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import LaneArithmetic, ListedEntries
from mulfree.compiler.families.piecewise.operator import Lookup, PiecewiseMultiplyAccumulate, value_range
from mulfree.compiler.families.shift_add import ShiftAdd
from mulfree.ir import AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, Window
from mulfree.rtl import Circuit, Wire, cells

MOST_WEIGHTS = 16
"""Different weights, up to which a code stands for each."""


def _layer(
    values: list[int], pieces: list[int], *shape: int, window: Window | None = None, groups: int = 1
) -> Contraction:
    weights = np.random.default_rng(sum(shape)).choice(pieces, shape)
    return PiecewiseMultiplyAccumulate(Tensor(weights), window or Window(), groups, values=Tensor(np.array(values)))


EIGHT = [-90, -60, -33, -17, 0, 15, 31, 64, 96]
EXAMPLES: tuple[tuple[TensorType, Contraction], ...] = (
    (TensorType((6,), IntRange(0, 1)), _layer([0, 3], [-5, 0, 4], 4, 6, 1, 1)),
    (TensorType((8,), IntRange(0, 7)), _layer([0, 9, 20, 33, 50, 71, 98, 127], EIGHT, 6, 8, 1, 1)),
    (TensorType((4,), IntRange(0, 5)), _layer([0, 1, 2, 7, 9, 12], [-3, -1, 0, 1, 4], 2, 4, 1, 1)),
    (
        TensorType((2, 4, 4), IntRange(0, 3)),
        _layer([0, 2, 5, 11], [-6, -2, 0, 3], 4, 2, 3, 3, window=Window((3, 3), pads=(1, 1, 1, 1))),
    ),
    (TensorType((4, 3, 3), IntRange(0, 2)), _layer([0, 4, 9], [-2, 0, 5], 4, 1, 2, 2, window=Window((2, 2)), groups=4)),
)


@dataclass(frozen=True, slots=True)
class Piecewise(LaneArithmetic):
    """What the datapaths have in common: the field of the operator."""

    values: Tensor = field(kw_only=True)

    replaces: ClassVar[type[Contraction]] = PiecewiseMultiplyAccumulate
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = EXAMPLES

    def dot(self, taps: AnyArray) -> AnyArray:
        return self.layer.dot(taps)


@dataclass(frozen=True, slots=True)
class CodedWeights(Piecewise):
    """A stored weight says which of the different weights it is, counted from the least."""

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return len(np.unique(layer.weights.array)) <= MOST_WEIGHTS

    @property
    def pieces(self) -> IntArray:
        """The different weights, ascending."""
        return np.unique(self.weights.array)

    @property
    def codes(self) -> IntArray:
        return np.searchsorted(self.pieces, self.weights.array).astype(np.int64)

    @property
    def weight_range(self) -> IntRange:
        return IntRange(0, max(1, len(self.pieces) - 1))

    def by_code(self, entries: IntArray) -> IntArray:
        """A table with an entry for every code, also where all weights are the same."""
        return np.concatenate([entries, np.zeros_like(entries[:1])]) if len(entries) == 1 else entries


@dataclass(frozen=True, slots=True)
class PiecewiseProducts(CodedWeights):
    """A table of the products phi = alpha_i beta_j for each lane, read by the weight's code and the piece."""

    name: ClassVar[str] = "piecewise_products"

    def lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        return circuit.drive(cells.SUM, self.tap_lane(circuit, x, w))

    def tap_lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        products = np.multiply.outer(self.pieces, self.values.array)
        return circuit.drive(cells.lookup(self.by_code(products)), w, x)


@dataclass(frozen=True, slots=True)
class PiecewisePlanes(CodedWeights):
    """sum over i, j of phi_ij popcount(T_i & V_j), phi_ij = alpha_i beta_j a constant of shifts and adds (eq. 3.19).

    T_i has a 1 where a weight is the i-th that is not 0, V_j where an activation is in piece j > 0.
    """

    name: ClassVar[str] = "piecewise_planes"

    def lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        planes = self.planes(circuit, x, w)
        return circuit.dot([(circuit.drive(cells.POPCOUNT, both), phi) for both, phi in planes])

    def tap_lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        planes = self.planes(circuit, x, w)
        return circuit.total([both for both, _ in planes], [phi for _, phi in planes])

    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        """T_i & V_j with phi_ij, for all pairs whose product is not 0."""
        masks = [(circuit.drive(cells.lookup(self.by_code(self.pieces == a) + 0), w), a) for a in self._factors(0)]
        bits = [(circuit.drive(cells.lookup((self.values.array == b) + 0), x), b) for b in self._factors(1)]
        both = [(circuit.drive(cells.AND, t, v), a * b) for t, a in masks for v, b in bits]
        return both or [(circuit.drive(cells.lookup(np.zeros(len(self.values.array), np.int64)), x), 0)]

    def _factors(self, operand: int) -> list[int]:
        """The different values of the weights (0) or of the pieces that occur (1), without 0."""
        occur = self.values.array[self.operand.lo : self.operand.hi + 1] if operand else self.pieces
        return [int(v) for v in np.unique(occur) if v]


@dataclass(frozen=True, slots=True)
class PiecewiseValues(Piecewise):
    """The pieces' values from a table, and weights and values as small integers, by shift-add."""

    name: ClassVar[str] = "piecewise_values"

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return True

    @property
    def inner(self) -> ShiftAdd:
        """The layer that reads values."""
        return ShiftAdd(self.weights, self.window, self.groups, operand=value_range(self.values, self.operand))

    def value(self, circuit: Circuit, x: Wire) -> Wire:
        """As `inner` reads it: the index in the range of the values."""
        words = self.inner.operand
        reached = np.clip(self.values.array, words.lo, words.hi)
        return circuit.drive(
            cells.from_index(words), circuit.drive(cells.lookup((reached - words.lo) // words.step), x)
        )

    @property
    def weight_range(self) -> IntRange:
        return self.inner.weight_range

    @property
    def factor(self) -> int:
        return self.inner.factor

    @property
    def offset(self) -> IntArray:
        return self.inner.offset

    def dot(self, taps: AnyArray) -> AnyArray:
        return self.inner.dot(Lookup(self.values).evaluate(taps))

    def lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        return self.inner.lane(circuit, self.value(circuit, x), w)

    def tap_lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        return self.inner.tap_lane(circuit, self.value(circuit, x), w)

    def unrolled(self, order: IntArray, target: str) -> Callable[[Circuit, Wire], Wire]:
        inner = self.inner.unrolled(order, target)

        def outputs(circuit: Circuit, x: Wire) -> Wire:
            return inner(circuit, self.value(circuit, x))

        return outputs

    def listed(self, order: IntArray, lanes: int, pe: int, sorts: bool) -> ListedEntries | None:
        entries = self.inner.listed(order, lanes, pe, sorts)
        if entries is None:
            return None
        inner = entries.lane

        def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
            return inner(circuit, self.value(circuit, x), w)

        return replace(entries, lane=lane)
