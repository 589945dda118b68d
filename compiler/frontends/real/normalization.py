"""Batch normalisation and softmax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import float_dtype, positive_axis
from mulfree.ir import AnyArray, RealOp, RealType


@dataclass(frozen=True, slots=True)
class BatchNormalization(RealOp):
    """y = x * s + (bias - mean * s) with s = scale * (1 / sqrt(variance + epsilon)), per channel (axis 1).

    Operands (x, scale, bias, mean, variance). Each step rounds to the type: ONNX leaves the order open, and this
    is onnxruntime's, so a value that sits on a threshold falls on the same side.
    """

    epsilon: float = 1e-5

    name: ClassVar[str] = "batch_normalization"

    def infer(self, *operands: RealType) -> RealType:
        x = operands[0]
        channels = x.shape[1] if len(x.shape) > 1 else 1
        if any(p.shape != (channels,) for p in operands[1:]):
            raise ValueError(f"parameters of shapes {[p.shape for p in operands[1:]]} meet {channels} channels")
        return RealType(x.shape, float_dtype(*operands))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x = operands[0]
        multiplier, offset = (p.reshape(-1, *(1,) * max(0, x.ndim - 2)) for p in self.affine(*operands[1:]))
        return np.asarray(x * multiplier + offset)

    def affine(self, scale: AnyArray, bias: AnyArray, mean: AnyArray, variance: AnyArray) -> tuple[AnyArray, AnyArray]:
        """The two vectors (multiplier, offset) with y = x * multiplier + offset, as `evaluate` rounds them."""
        one = variance.dtype.type(1)
        multiplier = (one / np.sqrt(variance + variance.dtype.type(self.epsilon))) * scale
        return multiplier, bias - mean * multiplier


@dataclass(frozen=True, slots=True)
class Softmax(RealOp):
    """y = exp(x) / sum(exp(x)) over the axes together, or its logarithm; it keeps the order of the elements."""

    axes: tuple[int, ...]
    logarithm: bool = False

    name: ClassVar[str] = "softmax"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        float_dtype(x)
        for axis in self.axes:
            positive_axis(axis, len(x.shape))
        return x

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        shifted = x - x.max(axis=self.axes, keepdims=True)
        total = np.exp(shifted).sum(axis=self.axes, keepdims=True)
        return np.asarray(shifted - np.log(total) if self.logarithm else np.exp(shifted) / total)
