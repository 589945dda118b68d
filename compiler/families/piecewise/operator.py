"""What piecewise approximation computes, in integers: a table of values, and sums of products with its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.ir import AnyArray, IntOp, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate

if TYPE_CHECKING:
    from mulfree.sim.functional.planner import IntNode, Planner


@dataclass(frozen=True, slots=True)
class Lookup(IntOp):
    """y = values[x], element by element; x is a piece, from 0 on."""

    values: Tensor

    name: ClassVar[str] = "lookup"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        return TensorType(x.shape, value_range(self.values, x.range))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        y: AnyArray = self.values.array[operands[0].astype(np.int64)]
        return y

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        from mulfree.sim.functional.kernels.lookup import build_lookup

        return build_lookup(planner, node, self.values.array)


@dataclass(frozen=True, slots=True)
class PiecewiseMultiplyAccumulate(Contraction):
    """y[m] = sum over k of values[x[k]] * w[m, k]: x[k] says in which piece an activation is (eq. 3.17, 3.19).

    `values` rise with the piece, from values[0] = 0 on: where a window is padded, the piece is 0.
    """

    values: Tensor = field(kw_only=True)

    name: ClassVar[str] = "piecewise_mac"

    def infer(self, *operands: TensorType) -> TensorType:
        if int(self.values.array[0]):
            raise ValueError(f"the first piece is worth {self.values.array[0]}; it must be 0")
        return Contraction.infer(self, *operands)

    def dot(self, taps: AnyArray) -> AnyArray:
        return self.of_values.dot(Lookup(self.values).evaluate(taps))

    @property
    def of_values(self) -> MultiplyAccumulate:
        """The layer that reads the values themselves."""
        return MultiplyAccumulate(self.weights, self.window, self.groups)

    def row_ranges(self, tap: IntRange) -> list[IntRange]:
        return self.of_values.row_ranges(value_range(self.values, tap))


def value_range(values: Tensor, pieces: IntRange) -> IntRange:
    """Of the values of these pieces. Raises ValueError for pieces that the table does not have."""
    count = len(values.array)
    if pieces.lo < 0 or pieces.hi >= count:
        raise ValueError(f"there are {count} pieces, and x is {pieces}")
    return IntRange.spanning(values.array[pieces.lo : pieces.hi + 1 : pieces.step].tolist())
