"""Which element is largest: the last step of a classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.ir.op import AnyArray, IntOp
from mulfree.ir.types import IntRange, TensorType


@dataclass(frozen=True, slots=True)
class TopK(IntOp):
    """Indices of the k largest elements of a vector, largest first; among equals the lowest index comes first.

    With k = 1 this is arg-max.
    """

    k: int = 1

    name: ClassVar[str] = "top_k"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if len(x.shape) != 1:
            raise ValueError(f"a vector is needed, not {x.shape}")
        if not 1 <= self.k <= x.shape[0]:
            raise ValueError(f"k = {self.k} of {x.shape[0]} elements")
        return TensorType((self.k,), IntRange(0, x.shape[0] - 1))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        return np.argsort(-x, axis=1, kind="stable")[:, : self.k].astype(np.int64)
