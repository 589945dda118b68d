"""MinSelectConv and MinSelectMatMul in ONNX: what they mean on floats, how they are imported, and their bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.compiler.families.bodies import CONSTANTS, CONV_ATTRIBUTES, CONVOLVED, SPACE, function
from mulfree.compiler.families.interface import Example, Form
from mulfree.compiler.families.min_select.operator import mins
from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.windows import window_of
from mulfree.compiler.frontends.real import Conv, MatMul, Window
from mulfree.ir import AnyArray, RealOp, RealType

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

LEAST_OPSET = 11
"""The first with Unique."""


@dataclass(frozen=True, slots=True)
class MinSelectConv(RealOp):
    """Convolution of (N, C, spatial...) with weights (M, C / groups, kernel...), with mins in the place of products."""

    window: Window
    groups: int = 1

    name: ClassVar[str] = "min_select_conv"

    def infer(self, *operands: RealType) -> RealType:
        return Conv(self.window, self.groups).infer(*operands)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, weights = operands
        rank, groups = self.window.rank, self.groups
        cut = self.window.cut(x, fill=0)
        n, positions = x.shape[0], cut.shape[2 : 2 + rank]
        rows = np.moveaxis(cut, 1, 1 + rank).reshape(n, -1, groups, weights.shape[1] * self.window.taps)
        kernels = weights.reshape(groups, weights.shape[0] // groups, -1)
        sums = [mins(rows[:, :, g], w).sum(axis=-1) for g in range(groups) for w in kernels[g]]
        return np.stack(sums, axis=1).reshape(n, weights.shape[0], *positions)


@dataclass(frozen=True, slots=True)
class MinSelectMatMul(RealOp):
    """y[n, m] = sum over k of mins(x[n, k], w[k, m])."""

    name: ClassVar[str] = "min_select_matmul"

    def infer(self, *operands: RealType) -> RealType:
        if [len(o.shape) for o in operands] != [2, 2]:
            raise ValueError(f"operands have shapes {operands[0].shape} and {operands[1].shape}; matrices are needed")
        return MatMul().infer(*operands)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, weights = operands
        return np.stack([mins(x, row).sum(axis=-1) for row in weights.T], axis=1)


def _conv(b: Builder, node: OnnxNode) -> list[Operand]:
    x, weights = b.get(node, 0), b.get(node, 1)
    window = window_of(node, x.shape[2:], node.integers("kernel_shape", weights.shape[2:]))
    return [b.add(MinSelectConv(window, node.integer("group", 1)), x, weights)]


def _matmul(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.add(MinSelectMatMul(), b.get(node, 0), b.get(node, 1))]


LEVELS = """
    w_size = Abs (w) flat = Reshape (w_size, last) levels = Unique (flat)
    but_last = Slice (levels, none, last) below = Concat <axis = 0> (zero, but_last) rise = Sub (levels, below)
"""
"""The distinct magnitudes of the weights, ascending, each with the one before it and how far it is from there."""
SIZES = """
    lower = Reshape (below, by_level) upper = Reshape (levels, by_level) step = Reshape (rise, by_level)
"""
SEGMENTS = """
    xs = Reshape (x, x_apart) x_size = Abs (xs) x_sign = Sign (xs) above = Sub (x_size, lower)
    started = Max (above, zero) part = Min (started, step)
    x_part = Mul (part, x_sign) x_all = Reshape (x_part, x_joined)
"""
"""What of |x| lies between two neighbouring levels, with the sign of x: C x levels channels."""
REACHED = """
    ws = Reshape (w, w_apart) ws_size = Abs (ws) w_sign = Sign (ws) is_less = Less (ws_size, upper)
    is_reached = Not (is_less) reached = Cast <to = 1> (is_reached)
    w_part = Mul (reached, w_sign) w_all = Reshape (w_part, w_joined)
"""
"""Whether |w| reaches the level, with the sign of w."""
CONV_BODY = f"{CONSTANTS} {LEVELS} {SPACE} {SIZES} {SEGMENTS} {REACHED} y = {CONVOLVED}"
"""min(|x|, |w|) = sum over the levels u of [|w| >= u] times what of |x| lies between u and the level before it."""
MATMUL_BODY = """
    apart = Constant <value = int64[3] {0, 0, 1}> () xs = Reshape (x, apart) x_sign = Sign (xs) w_sign = Sign (w)
    x_size = Abs (xs) w_size = Abs (w) least = Min (x_size, w_size) sign = Mul (x_sign, w_sign) each = Mul (least, sign)
"""


def _conv_body(node: NodeProto, opset: int) -> FunctionProto:
    return function(f"MinSelectConv <{CONV_ATTRIBUTES}> (x, w) => (y)", CONV_BODY, opset, LEAST_OPSET)


def _matmul_body(node: NodeProto, opset: int) -> FunctionProto:
    total = (
        "axes = Constant <value = int64[1] {1}> () y = ReduceSum <keepdims = 0> (each, axes)"
        if opset >= 13
        else "y = ReduceSum <axes = [1], keepdims = 0> (each)"
    )
    return function("MinSelectMatMul (x, w) => (y)", f"{MATMUL_BODY} {total}", opset, LEAST_OPSET)


def _weights(*shape: int) -> AnyArray:
    codes = np.random.default_rng(sum(shape)).integers(-5, 6, shape)
    return (codes / 4).astype(np.float32)


FORMS = {
    "MinSelectConv": Form(
        _conv,
        _conv_body,
        (
            Example((2, 5, 5), (_weights(3, 2, 3, 3),), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
            Example(
                (4, 6, 5),
                (_weights(4, 2, 2, 2),),
                {"kernel_shape": [2, 2], "strides": [2, 1], "dilations": [1, 2], "group": 2},
            ),
            Example((3, 4, 4), (_weights(3, 1, 3, 3),), {"group": 3}),
            Example((2, 9), (_weights(4, 2, 3),), {"kernel_shape": [3], "pads": [1, 0]}),
            Example((2, 3, 3), (np.full((2, 2, 1, 1), 0.75, np.float32),)),
        ),
    ),
    "MinSelectMatMul": Form(_matmul, _matmul_body, (Example((7,), (_weights(7, 4),)),)),
}
"""By the names of the operators."""
