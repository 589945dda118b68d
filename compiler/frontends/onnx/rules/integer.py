"""Operators on integer types: taken apart into differences from the zero point, an exact contraction, a rescaling."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.contraction import conv_op
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.real import Binary, Cast, MatMul, QuantizeLinear, Reshape


def centred(b: Builder, x: Operand, zero_point: Operand | None, along: int) -> Operand:
    """x - zero_point in int32; a vector of zero points lies along that axis."""
    wide = b.add(Cast("int32"), x)
    if zero_point is None or (zero_point.constant is not None and not zero_point.constant.array.any()):
        return wide
    return b.add(Binary("sub"), wide, b.add(Cast("int32"), _along(b, zero_point, along, x.rank)))


def _along(b: Builder, p: Operand, axis: int, rank: int) -> Operand:
    """A vector shaped to broadcast along the axis; a single number as a scalar; anything else as it is."""
    if p.type.size == 1:
        return b.add(Reshape(()), p) if p.rank else p
    if p.rank != 1:
        return p
    return b.add(Reshape(tuple(p.shape[0] if i == axis % rank else 1 for i in range(rank))), p)


def _conv_integer(b: Builder, node: OnnxNode) -> list[Operand]:
    x, weights = b.get(node, 0), b.get(node, 1)
    op = conv_op(node, x, weights)
    return [b.add(op, centred(b, x, b.find(node, 2), 1), centred(b, weights, b.find(node, 3), 0))]


def _matmul_integer(b: Builder, node: OnnxNode) -> list[Operand]:
    left, right = b.get(node, 0), b.get(node, 1)
    return [b.add(MatMul(), centred(b, left, b.find(node, 2), -2), centred(b, right, b.find(node, 3), -1))]


def _qlinear_conv(b: Builder, node: OnnxNode) -> list[Operand]:
    x, weights, bias = b.get(node, 0), b.get(node, 3), b.find(node, 8)
    centred_x, centred_w = centred(b, x, b.get(node, 2), 1), centred(b, weights, b.get(node, 5), 0)
    sums = b.add(conv_op(node, x, weights), centred_x, centred_w, *([bias] if bias else []))
    scales = [_along(b, b.get(node, i), 1, x.rank) for i in (1, 4, 6)]
    return [_rescaled(b, sums, scales, b.get(node, 7), 1)]


def _qlinear_matmul(b: Builder, node: OnnxNode) -> list[Operand]:
    left, right = b.get(node, 0), b.get(node, 3)
    sums = b.add(MatMul(), centred(b, left, b.get(node, 2), -2), centred(b, right, b.get(node, 5), -1))
    scales = [_along(b, b.get(node, i), axis, sums.rank) for i, axis in ((1, -2), (4, -1), (6, -2))]
    return [_rescaled(b, sums, scales, b.get(node, 7), -2)]


def _rescaled(b: Builder, sums: Operand, scales: list[Operand], zero_point: Operand, axis: int) -> Operand:
    """clamp(rint(sums * (x_scale * w_scale / y_scale)) + zero_point): one float32 multiplier, as runtimes have it."""
    x_scale, w_scale, y_scale = (b.add(Cast("float32"), s) for s in scales)
    multiplier = b.add(Binary("div"), b.add(Binary("mul"), x_scale, w_scale), y_scale)
    real = b.add(Binary("mul"), b.add(Cast("float32"), sums), multiplier)
    unit = b.constant(np.ones((), dtype=np.float32))
    return b.add(QuantizeLinear(axis, zero_point.dtype), real, unit, zero_point)


RULES: Rules = {
    "ConvInteger": _conv_integer,
    "MatMulInteger": _matmul_integer,
    "QLinearConv": _qlinear_conv,
    "QLinearMatMul": _qlinear_matmul,
}
