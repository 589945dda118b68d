"""Sums of products with a weight tensor, in the model's own number format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import broadcast, number_dtype
from mulfree.compiler.frontends.real.window import Window
from mulfree.ir import AnyArray, RealOp, RealType


@dataclass(frozen=True, slots=True)
class Conv(RealOp):
    """Convolution of (N, C, spatial...) with weights (M, C / groups, kernel...) and, as a third operand, a bias (M,).

    Floats, or integers of one type (then exact, wrapping as the type does).
    """

    window: Window
    groups: int = 1

    name: ClassVar[str] = "conv"

    def infer(self, *operands: RealType) -> RealType:
        x, weights = operands[:2]
        if len(x.shape) != self.window.rank + 2 or len(weights.shape) != len(x.shape):
            raise ValueError(f"an input of shape {x.shape} meets weights of shape {weights.shape}")
        if weights.shape[2:] != self.window.kernel:
            raise ValueError(f"kernel_shape {self.window.kernel} is not that of the weights {weights.shape}")
        channels, filters = x.shape[1], weights.shape[0]
        if self.groups < 1 or channels != self.groups * weights.shape[1] or filters % self.groups:
            raise ValueError(f"{channels} channels in {self.groups} groups do not fit weights of shape {weights.shape}")
        if len(operands) == 3 and operands[2].shape != (filters,):
            raise ValueError(f"a bias of shape {operands[2].shape} meets {filters} filters")
        return RealType((x.shape[0], filters, *self.window.output_size(x.shape[2:])), number_dtype(*operands))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, weights = operands[:2]
        rank, groups = self.window.rank, self.groups
        cut = self.window.cut(x, fill=0)
        n, positions = x.shape[0], cut.shape[2 : 2 + rank]
        rows = np.moveaxis(cut, 1, 1 + rank).reshape(n, -1, groups, weights.shape[1] * self.window.taps)
        kernels = weights.reshape(groups, weights.shape[0] // groups, -1)
        sums = np.moveaxis(rows, 2, 1) @ kernels.transpose(0, 2, 1)  # (n, groups, positions, filters / groups)
        y = np.moveaxis(sums, 3, 2).reshape(n, weights.shape[0], *positions)
        return y + operands[2].reshape(-1, *(1,) * rank) if len(operands) == 3 else y


@dataclass(frozen=True, slots=True)
class MatMul(RealOp):
    """y = a @ b by numpy's rules: the last two axes are multiplied, the others broadcast."""

    name: ClassVar[str] = "matmul"

    def infer(self, *operands: RealType) -> RealType:
        a, b = operands
        if not a.shape or not b.shape:
            raise ValueError("an operand is a scalar")
        inner = b.shape[-2:][0]  # of a vector, its only axis
        if a.shape[-1] != inner:
            raise ValueError(f"{a.shape} and {b.shape} do not multiply: {a.shape[-1]} is not {inner}")
        outer = broadcast(RealType(a.shape[:-2]), RealType(b.shape[:-2]))
        rows, columns = a.shape[-2:-1], b.shape[-1:] if len(b.shape) > 1 else ()
        return RealType((*outer, *rows, *columns), number_dtype(a, b))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        a, b = operands
        return np.asarray(a @ b)


@dataclass(frozen=True, slots=True)
class Gemm(RealOp):
    """y = alpha * a' @ b' + beta * c, with ' a transpose where asked; c is optional and broadcasts."""

    alpha: float = 1.0
    beta: float = 1.0
    transpose_a: bool = False
    transpose_b: bool = False

    name: ClassVar[str] = "gemm"

    def infer(self, *operands: RealType) -> RealType:
        a, b = operands[:2]
        if len(a.shape) != 2 or len(b.shape) != 2:
            raise ValueError(f"operands have shapes {a.shape} and {b.shape}; matrices are needed")
        left = a.shape[::-1] if self.transpose_a else a.shape
        right = b.shape[::-1] if self.transpose_b else b.shape
        product = MatMul().infer(RealType(left, a.dtype), RealType(right, b.dtype))
        if broadcast(product, *operands[2:]) != product.shape:
            raise ValueError(f"the third operand, {operands[2].shape}, does not broadcast to {product.shape}")
        return RealType(product.shape, number_dtype(*operands))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        a, b = operands[:2]
        # Copies, not views: the order of summation then does not depend on how the exporter wrote the transpose.
        left = np.ascontiguousarray(a.T) if self.transpose_a else a
        right = np.ascontiguousarray(b.T) if self.transpose_b else b
        y: AnyArray = left @ right
        if self.alpha != 1:
            y = np.asarray(y * y.dtype.type(self.alpha))
        if len(operands) == 2:
            return y
        c = operands[2]
        return np.asarray(y + (c if self.beta == 1 else c * c.dtype.type(self.beta)))
