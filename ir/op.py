"""What every operator answers: the type of its result, and the result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar

import numpy.typing as npt

from mulfree.ir.types import RealType, TensorType

AnyArray = npt.NDArray[Any]
TypeT = TypeVar("TypeT", TensorType, RealType)


class Op(ABC, Generic[TypeT]):
    """Base of the frozen dataclasses whose fields are an operation's attributes.

    Two dialects share it: exact integers (`IntOp`) and the ONNX operators as imported (`RealOp`).
    """

    name: ClassVar[str]
    """Stem of the operator everywhere: text form, reports, Verilog module (dots become underscores)."""

    @abstractmethod
    def infer(self, *operands: TypeT) -> TypeT:
        """Type of the result; an integer range is exact or the tightest known bound.

        Raises ValueError, without the node's name, if the operands do not fit; the graph adds the place.
        """

    @abstractmethod
    def evaluate(self, *operands: AnyArray) -> AnyArray:
        """Value of the result. This is the definition; everything else is tested against it."""


IntOp = Op[TensorType]
"""Operators on exact integers; arrays have one batch axis in front of the type's shape."""
RealOp = Op[RealType]
"""Operators as ONNX defines them, batch axis included."""
