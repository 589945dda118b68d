"""Shift-add: integer weights as signed digits, their sums shared over the whole matrix of a layer.

    w = sum_j d_j 2^j with digits d_j in {-1, 0, 1}     sum_k w[m, k] x[k] = sum over digits of ±x[k] 2^j

Where all outputs of a vector are computed at once the weights stand in the logic: sums that many outputs need are made
once where that is cheaper, and each output ends in one bit heap (`mulfree.rtl.constant_matrix`). Where weights are
stored they meet the inputs as bit planes, as in AND-popcount.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.and_popcount import AndPopcount
from mulfree.compiler.families.interface import Family
from mulfree.ir import BIPOLAR, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.constant_matrix import draw, plan_matrix


def _weights(lo: int, hi: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).integers(lo, hi + 1, shape))


@dataclass(frozen=True, slots=True)
class ShiftAdd(AndPopcount):
    """y[m] = sum of ±word[k] 2^j over the signed digits of row m, word being what is stored of x."""

    name: ClassVar[str] = "shift_add"
    needs_constants: ClassVar[bool] = True
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((6,), IntRange(-8, 7)), MultiplyAccumulate(_weights(-90, 90, 5, 6, 1, 1))),
        (TensorType((9,), BIPOLAR), MultiplyAccumulate(_weights(-1, 1, 6, 9, 1, 1))),
        (TensorType((2, 4, 4), IntRange(0, 7)), MultiplyAccumulate(_weights(-9, 9, 3, 2, 2, 2), Window((2, 2)))),
    )

    def unrolled(self, order: IntArray, target: str) -> Callable[[Circuit, Wire], Wire]:
        rows = self.rows[:, order]

        def outputs(circuit: Circuit, x: Wire) -> Wire:
            words = circuit.index(x)
            return draw(plan_matrix(rows, words.range, target), circuit, words)

        return outputs


FAMILY = Family("shift-add", arithmetics=(ShiftAdd,))
