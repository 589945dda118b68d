"""SumMax and SumMaxConv in ONNX: what they mean on floats, how they are imported, and their bodies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.compiler.families.interface import DOMAIN, Example, Form
from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode, Unsupported
from mulfree.compiler.frontends.onnx.windows import window_of
from mulfree.compiler.frontends.real import Conv, Window
from mulfree.ir import AnyArray, RealOp, RealType

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

LEAST_OPSET = 11
"""The first in which Slice, Reshape and the reductions are as the bodies use them."""
AXES_ARE_OPERANDS = 18
"""Of ReduceMax and ReduceMin."""


def _combined(x: AnyArray, w_max: AnyArray, w_min: AnyArray) -> AnyArray:
    """(..., M) for x (..., K) and both weights (M, K)."""
    return np.stack([(x + a).max(axis=-1) + (x + b).min(axis=-1) for a, b in zip(w_max, w_min, strict=True)], axis=-1)


def _check_pair(w_max: RealType, w_min: RealType) -> None:
    if w_max.shape != w_min.shape:
        raise ValueError(f"the weights have shapes {w_max.shape} and {w_min.shape}")


@dataclass(frozen=True, slots=True)
class SumMaxDense(RealOp):
    """y[n, m] = max over k of (x[n, k] + w_max[m, k]) + min over k of (x[n, k] + w_min[m, k])."""

    name: ClassVar[str] = "sum_max_dense"

    def infer(self, *operands: RealType) -> RealType:
        x, w_max, w_min = operands
        _check_pair(w_max, w_min)
        if len(x.shape) != 2 or len(w_max.shape) != 2 or x.shape[1] != w_max.shape[1]:
            raise ValueError(f"an input of shape {x.shape} meets weights of shape {w_max.shape}")
        return RealType((x.shape[0], w_max.shape[0]), x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return _combined(*operands)


@dataclass(frozen=True, slots=True)
class SumMaxConv(RealOp):
    """The same over windows of (N, C, spatial...), with weights (M, C, kernel...); padding is 0."""

    window: Window

    name: ClassVar[str] = "sum_max_conv"

    def infer(self, *operands: RealType) -> RealType:
        x, w_max, w_min = operands
        _check_pair(w_max, w_min)
        return Conv(self.window).infer(x, w_max)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, w_max, w_min = operands
        rank = self.window.rank
        cut = np.moveaxis(self.window.cut(x, fill=0), 1, 1 + rank)
        rows = cut.reshape(*cut.shape[: 1 + rank], -1)
        return np.moveaxis(_combined(rows, *(w.reshape(len(w), -1) for w in (w_max, w_min))), -1, 1)


def _dense(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.add(SumMaxDense(), *(b.get(node, i) for i in range(3)))]


def _conv(b: Builder, node: OnnxNode) -> list[Operand]:
    x, w_max, w_min = (b.get(node, i) for i in range(3))
    if node.integer("group", 1) != 1:
        raise Unsupported("it has groups", "write one layer for each group")
    window = window_of(node, x.shape[2:], node.integers("kernel_shape", w_max.shape[2:]))
    return [b.add(SumMaxConv(window), x, w_max, w_min)]


CONSTANTS = """
    none = Constant <value = int64[1] {0}> () one = Constant <value = int64[1] {1}> ()
    two = Constant <value = int64[1] {2}> () last = Constant <value = int64[1] {-1}> ()
    many = Constant <value = int64[1] {1000}> () column = Constant <value = int64[3] {0, -1, 1}> ()
    flat = Constant <value = int64[3] {0, 0, -1}> () between = Constant <value = int64[3] {0, 1, -1}> ()
"""
UNFOLDED = """
    w_shape = Shape (w_max) filter = Slice (w_shape, one, many) count = ReduceProd <keepdims = 1> (filter)
    square = Concat <axis = 0> (count, count) zeros = ConstantOfShape (square) eye = EyeLike (zeros)
    eye_shape = Concat <axis = 0> (count, filter) taps = Reshape (eye, eye_shape)
    cut = Conv <dilations: ints = @dilations, kernel_shape: ints = @kernel_shape, pads: ints = @pads,
                strides: ints = @strides> (x, taps)
    cut_shape = Shape (cut) space = Slice (cut_shape, two, many) rows = Reshape (cut, flat)
    apart = Concat <axis = 0> (none, one, count, last) xs = Reshape (rows, apart)
    a_max = Reshape (w_max, column) a_min = Reshape (w_min, column)
"""
"""Every window as a column, by a convolution that only picks elements: (N, 1, C x taps, positions)."""
ENDS = "sum_max = Add (xs, a_max) sum_min = Add (xs, a_min)"


def _ends(opset: int) -> str:
    """The largest and the smallest sum along axis 2, added up."""
    if opset >= AXES_ARE_OPERANDS:
        most, least = (f"Reduce{end} <keepdims = 0> (sum_{end.lower()}, two)" for end in ("Max", "Min"))
    else:
        most, least = (f"Reduce{end} <axes = [2], keepdims = 0> (sum_{end.lower()})" for end in ("Max", "Min"))
    return f"{ENDS} most = {most} least = {least}"


def _dense_body(node: NodeProto, opset: int) -> FunctionProto:
    operands = "xs = Reshape (x, between) a_max = Identity (w_max) a_min = Identity (w_min)"
    return _function("SumMax", f"{operands} {_ends(opset)} y = Add (most, least)", opset)


def _conv_body(node: NodeProto, opset: int) -> FunctionProto:
    end = "shape = Concat <axis = 0> (none, none, space) sums = Add (most, least) y = Reshape (sums, shape)"
    head = "SumMaxConv <dilations, kernel_shape, pads, strides>"
    return _function(head, f"{UNFOLDED} {_ends(opset)} {end}", opset)


def _function(head: str, body: str, opset: int) -> FunctionProto:
    from onnx import parser

    if opset < LEAST_OPSET:
        raise ValueError(f"a body of {head} needs opset {LEAST_OPSET}; the model has {opset}: convert it first")
    legal = f'<domain: "{DOMAIN}", opset_import: ["" : {opset}]>'
    return parser.parse_function(f"{legal} {head} (x, w_max, w_min) => (y) {{ {CONSTANTS} {body} }}")


def _weights(absent: float, *shape: int) -> tuple[AnyArray, ...]:
    """Of which so many are absent, but none of the first input channel."""
    random = np.random.default_rng(sum(shape))

    def term(nothing: float) -> AnyArray:
        w = (random.integers(-9, 10, shape) / 4).astype(np.float32)
        w[:, 1:][random.random(w[:, 1:].shape) < absent] = nothing
        return w

    return term(-np.inf), term(np.inf)


Rule = Callable[[Builder, OnnxNode], list[Operand]]
FORMS = {
    "SumMax": Form(_dense, _dense_body, (Example((7,), _weights(0.0, 4, 7)), Example((9,), _weights(0.7, 5, 9)))),
    "SumMaxConv": Form(
        _conv,
        _conv_body,
        (
            Example((2, 5, 5), _weights(0.4, 3, 2, 3, 3), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
            Example((2, 6, 5), _weights(0.0, 4, 2, 2, 2), {"strides": [2, 1], "dilations": [1, 2]}),
            Example((3, 9), _weights(0.3, 4, 3, 3), {"kernel_shape": [3], "pads": [1, 0]}),
        ),
    ),
}
"""By the names of the operators."""
