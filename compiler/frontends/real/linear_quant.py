"""QuantizeLinear and DequantizeLinear: the quantisers of plain ONNX, between floats and integer types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import (
    float_dtype,
    integer_bounds,
    is_integer,
    number_dtype,
    per_channel,
    positive_axis,
    storage,
)
from mulfree.ir import AnyArray, RealOp, RealType


@dataclass(frozen=True, slots=True)
class QuantizeLinear(RealOp):
    """y = clamp(rint(x / scale) + zero_point) to the integer type `dtype`.

    Operands (x, scale, zero_point); scale and zero point are scalars, or vectors along `axis`. A zero point that
    the model leaves out is imported as 0.
    """

    axis: int
    dtype: str

    name: ClassVar[str] = "quantize_linear"

    def infer(self, *operands: RealType) -> RealType:
        x, scale, _ = operands
        _check_parameters(self.axis, *operands)
        if not is_integer(self.dtype):
            raise ValueError(f"it quantises to {self.dtype}, not to an integer type")
        float_dtype(scale)
        number_dtype(x)
        return RealType(x.shape, self.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x = operands[0]
        scale, zero_point = (per_channel(p, self.axis, max(1, x.ndim)) for p in operands[1:])
        lo, hi = integer_bounds(self.dtype)
        with np.errstate(all="ignore"):
            # Doubles hold every 32-bit integer, so the sum with the zero point does not round.
            y = np.rint(x.astype(scale.dtype) / scale).astype(np.float64) + zero_point
            return np.asarray(np.clip(y, lo, hi)).astype(storage(self.dtype))


@dataclass(frozen=True, slots=True)
class DequantizeLinear(RealOp):
    """y = (x - zero_point) * scale, in the type of the scale. Operands as for QuantizeLinear."""

    axis: int

    name: ClassVar[str] = "dequantize_linear"

    def infer(self, *operands: RealType) -> RealType:
        x, scale, _ = operands
        _check_parameters(self.axis, *operands)
        if not is_integer(x.dtype):
            raise ValueError(f"it dequantises {x.dtype}, not an integer type")
        return RealType(x.shape, float_dtype(scale))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x = operands[0]
        scale, zero_point = (per_channel(p, self.axis, max(1, x.ndim)) for p in operands[1:])
        return np.asarray((x.astype(np.int64) - zero_point.astype(np.int64)).astype(scale.dtype) * scale)


def _check_parameters(axis: int, x: RealType, scale: RealType, zero_point: RealType) -> None:
    for name, p in (("scale", scale), ("zero point", zero_point)):
        if p.size == 1:
            continue
        channels = x.shape[positive_axis(axis, len(x.shape))]
        if p.shape != (channels,):
            raise ValueError(f"the {name} has shape {p.shape}, but axis {axis} of {x.shape} has {channels} elements")
