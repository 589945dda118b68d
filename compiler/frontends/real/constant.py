"""Constant tensors: initialisers, Constant nodes and everything folded from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import storage
from mulfree.ir import AnyArray, RealOp, RealType


@dataclass(frozen=True, eq=False)
class Constant(RealOp):
    """y = array; no operands. Immutable; two are equal if format, shape and every bit are.

    `dtype` is the number format where it is not the array's own (int4 and the like, held in int8).
    """

    array: AnyArray
    dtype: str = ""

    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        # ascontiguousarray would turn a scalar into a vector.
        array = np.array(self.array, dtype=storage(self.dtype) if self.dtype else None, order="C")
        array.setflags(write=False)
        object.__setattr__(self, "array", array)
        object.__setattr__(self, "dtype", self.dtype or array.dtype.name)

    def infer(self, *operands: RealType) -> RealType:
        if operands:
            raise ValueError("a constant takes no operands")
        return RealType(self.array.shape, self.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return self.array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, tuple[int, ...], bytes]:
        return self.dtype, self.array.shape, self.array.tobytes()

    def __repr__(self) -> str:
        return f"Constant({self.infer()})"
