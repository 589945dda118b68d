"""Operators that move elements and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mulfree.ir.op import AnyArray, IntOp
from mulfree.ir.ops.arithmetic import hull
from mulfree.ir.types import IntRange, TensorType


@dataclass(frozen=True, slots=True)
class Reshape(IntOp):
    """The same elements in C order under another shape."""

    shape: tuple[int, ...]

    name: ClassVar[str] = "reshape"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if prod(self.shape) != x.size:
            raise ValueError(f"{x.shape} cannot become {self.shape}")
        return TensorType(self.shape, x.range)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        return x.reshape(x.shape[0], *self.shape)


@dataclass(frozen=True, slots=True)
class Transpose(IntOp):
    """y's axis i is x's axis permutation[i] (batch axis not counted)."""

    permutation: tuple[int, ...]

    name: ClassVar[str] = "transpose"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if sorted(self.permutation) != list(range(len(x.shape))):
            raise ValueError(f"{self.permutation} does not permute the axes of {x.shape}")
        return TensorType(tuple(x.shape[i] for i in self.permutation), x.range)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return np.transpose(operands[0], (0, *(i + 1 for i in self.permutation)))


@dataclass(frozen=True, slots=True)
class Concat(IntOp):
    """Operands one after the other along an axis of the sample."""

    axis: int = 0

    name: ClassVar[str] = "concat"

    def infer(self, *operands: TensorType) -> TensorType:
        rest = {x.shape[: self.axis] + x.shape[self.axis + 1 :] for x in operands}
        if len(rest) != 1 or len({len(x.shape) for x in operands}) != 1:
            raise ValueError(f"{[x.shape for x in operands]} do not join along axis {self.axis}")
        first = operands[0].shape
        length = sum(x.shape[self.axis] for x in operands)
        shape = (*first[: self.axis], length, *first[self.axis + 1 :])
        return TensorType(shape, hull([x.range for x in operands]))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return np.concatenate(operands, axis=self.axis + 1)


@dataclass(frozen=True, slots=True)
class Pad(IntOp):
    """A (C, H, W) map with `value` around it; pads are (top, left, bottom, right)."""

    pads: tuple[int, int, int, int]
    value: int = 0

    name: ClassVar[str] = "pad"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if len(x.shape) != 3:
            raise ValueError(f"a map (C, H, W) is needed, not {x.shape}")
        top, left, bottom, right = self.pads
        shape = (x.shape[0], x.shape[1] + top + bottom, x.shape[2] + left + right)
        return TensorType(shape, x.range | IntRange(self.value, self.value))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        top, left, bottom, right = self.pads
        edges = ((0, 0), (0, 0), (top, bottom), (left, right))
        return np.pad(operands[0], edges, constant_values=self.value)


@dataclass(frozen=True, slots=True)
class ChannelGather(IntOp):
    """y[i] = x[indices[i]] along the channel axis."""

    indices: tuple[int, ...]

    name: ClassVar[str] = "channel_gather"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if not all(0 <= i < x.shape[0] for i in self.indices):
            raise ValueError(f"an index is outside the {x.shape[0]} channels")
        return TensorType((len(self.indices), *x.shape[1:]), x.range)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return operands[0][:, list(self.indices)]
