"""QONNX quantisers: values stay floats and lie on the quantiser's grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.frontends.real.number_format import broadcast, float_dtype, positive_axis
from mulfree.compiler.frontends.real.rounding import ROUNDING
from mulfree.ir import AnyArray, RealOp, RealType


@dataclass(frozen=True, slots=True)
class Quant(RealOp):
    """y = (round(clamp(x / scale + zero_point, lo, hi)) - zero_point) * scale: the clamp comes before the rounding.

    Operands (x, scale, zero_point, bit_width). lo and hi are those of a signed or unsigned integer of bit_width
    bits; `narrow` gives up the least value if signed, the greatest if not. Signed with one bit is bipolar: the
    integer is +1 where x / scale + zero_point >= 0, else -1. (QONNX specification, operator Quant.)
    """

    signed: bool
    narrow: bool
    rounding_mode: str = "ROUND"

    name: ClassVar[str] = "quant"

    def infer(self, *operands: RealType) -> RealType:
        x, scale, zero_point, bits = operands
        if bits.size != 1:
            raise ValueError(f"the bit width has shape {bits.shape}; a scalar is needed")
        _check_rounding(self.rounding_mode)
        return RealType(broadcast(x, scale, zero_point), float_dtype(x, scale, zero_point))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, scale, zero_point, bits = operands
        with np.errstate(all="ignore"):
            y = np.asarray(x / scale + zero_point)
            y = _bipolar(y) if self.signed and bits.item() == 1 else self._rounded(y, bits)
            return np.asarray((y - zero_point) * scale).astype(x.dtype)

    def bounds(self, bits: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Least and greatest integer of this quantiser at a bit width, in the bit width's own type."""
        return integer_limits(bits, self.signed, self.narrow)

    def _rounded(self, y: AnyArray, bits: AnyArray) -> AnyArray:
        lo, hi = (b.astype(y.dtype).reshape(()) for b in self.bounds(bits))
        return np.asarray(ROUNDING[self.rounding_mode](np.asarray(np.maximum(np.minimum(y, hi), lo))))


@dataclass(frozen=True, slots=True)
class BipolarQuant(RealOp):
    """y = scale where x >= 0, -scale elsewhere; operands (x, scale). (QONNX specification, operator BipolarQuant.)"""

    name: ClassVar[str] = "bipolar_quant"

    def infer(self, *operands: RealType) -> RealType:
        x, scale = operands
        return RealType(broadcast(x, scale), float_dtype(x, scale))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, scale = operands
        return np.asarray(_bipolar(x) * scale).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class Trunc(RealOp):
    """Drop low bits of an integer: with q = rint(x / scale + zero_point) (QONNX specification, operator Trunc),

    version 1, operands (x, scale, zero_point, in_bits, out_bits), s = 2^(in_bits - out_bits):
        y = (round(q / s) - zero_point) * scale
    version 2, operands (x, scale, zero_point, in_bits, out_scale, out_bits), s = 2^rint(log2(out_scale / scale)):
        y = (round(clamp(q / s, lo, hi)) - zero_point / s) * out_scale, with lo and hi as in Quant at out_bits.
    """

    version: int
    rounding_mode: str = "FLOOR"
    signed: bool = True
    narrow: bool = False

    name: ClassVar[str] = "trunc"

    def infer(self, *operands: RealType) -> RealType:
        if len(operands) != (5 if self.version == 1 else 6):
            raise ValueError(f"version {self.version} does not take {len(operands)} operands")
        _check_rounding(self.rounding_mode)
        return RealType(broadcast(*operands[:3]), float_dtype(*operands[:3]))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, scale, zero_point = operands[:3]
        with np.errstate(all="ignore"):
            q = np.rint(x / scale + zero_point)
            y = self._first(q, *operands) if self.version == 1 else self._second(q, *operands)
        return np.asarray(y).astype(x.dtype)

    def _first(self, q: AnyArray, *operands: AnyArray) -> AnyArray:
        _, scale, zero_point, in_bits, out_bits = operands
        y = ROUNDING[self.rounding_mode](np.asarray(q / np.exp2(in_bits - out_bits)))
        return np.asarray((y - zero_point) * scale)

    def _second(self, q: AnyArray, *operands: AnyArray) -> AnyArray:
        _, scale, zero_point, _, out_scale, out_bits = operands
        shift = np.exp2(np.rint(np.log2(out_scale / scale)))
        lo, hi = (b.astype(q.dtype).reshape(()) for b in integer_limits(out_bits, self.signed, self.narrow))
        y = ROUNDING[self.rounding_mode](np.asarray(np.maximum(np.minimum(q / shift, hi), lo)))
        return np.asarray((y - zero_point / shift) * out_scale)


@dataclass(frozen=True, slots=True)
class MultiThreshold(RealOp):
    """y = out_scale * #{j : x >= thresholds[c, j]} + out_bias, c the index along `axis` (or 0 if there is one row).

    Operands (x, thresholds (C, L) or (1, L)), not necessarily sorted. `out_dtype` is QONNX's name of the set the
    result belongs to (BIPOLAR, UINT2, ...). (QONNX specification, operator MultiThreshold.)
    """

    out_dtype: str
    out_scale: float = 1.0
    out_bias: float = 0.0
    axis: int = 1

    name: ClassVar[str] = "multi_threshold"

    def infer(self, *operands: RealType) -> RealType:
        x, thresholds = operands
        float_dtype(x)
        channels = x.shape[positive_axis(self.axis, len(x.shape))]
        if len(thresholds.shape) != 2 or thresholds.shape[0] not in (1, channels):
            raise ValueError(f"thresholds of shape {thresholds.shape} meet {channels} channels")
        return x

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, thresholds = operands
        along = [1] * x.ndim
        along[self.axis] = -1
        count: AnyArray = np.zeros(x.shape, x.dtype)
        for j in range(thresholds.shape[1]):
            count += x >= thresholds[:, j].reshape(along)
        scale, bias = x.dtype.type(self.out_scale), x.dtype.type(self.out_bias)
        return np.asarray(scale * count + bias)


def integer_limits(bits: AnyArray, signed: bool, narrow: bool) -> tuple[AnyArray, AnyArray]:
    """Least and greatest integer of `bits` bits; a fractional width gives the limits that QONNX gives."""
    bits = bits.reshape(()).astype(np.float64)
    if signed:
        half = np.exp2(bits - 1)
        return np.asarray(-half + int(narrow)), np.asarray(half - 1)
    return np.asarray(0.0), np.asarray(np.exp2(bits) - 1 - int(narrow))


def _bipolar(x: AnyArray) -> AnyArray:
    y: AnyArray = np.where(x >= 0, x.dtype.type(1), x.dtype.type(-1))
    return y


def _check_rounding(mode: str) -> None:
    if mode not in ROUNDING:
        raise ValueError(f"rounding mode {mode} is unknown; use one of {', '.join(ROUNDING)}")
