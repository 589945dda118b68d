"""AttentionalWeightConv in ONNX: what it means on floats, how it is imported, and its body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mulfree.compiler.families.aw_convolution.operator import check_expands, expanded
from mulfree.compiler.families.bodies import CONV_ATTRIBUTES, function
from mulfree.compiler.families.interface import Example, Form
from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.windows import window_of
from mulfree.compiler.frontends.real import Conv, Window
from mulfree.ir import AnyArray, RealOp, RealType

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

LEAST_OPSET = 11
"""The first that slices by operands and still has all that the body needs."""


@dataclass(frozen=True, slots=True)
class AttentionalWeightConv(RealOp):
    """Convolution of (N, C, spatial...) with kernels w (residual + 2^e) that every sample has for itself.

    w is (M, C / groups, kernel...); e is (N, M', C', kernel'...), each axis of which divides that of w.
    """

    window: Window
    groups: int = 1
    residual: bool = True

    name: ClassVar[str] = "attentional_weight_conv"

    def infer(self, *operands: RealType) -> RealType:
        x, weights, exponent = operands
        if exponent.shape[:1] != x.shape[:1]:
            raise ValueError(f"exponents of shape {exponent.shape} are not for {x.shape[0]} samples")
        check_expands(exponent.shape[1:], weights.shape)
        return Conv(self.window, self.groups).infer(x, weights)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, weights, exponent = operands
        factors = x.dtype.type(self.residual) + np.exp2(expanded(exponent, weights.shape))
        conv = Conv(self.window, self.groups)
        return np.concatenate([conv.evaluate(x[i : i + 1], weights * f) for i, f in enumerate(factors)])


def _conv(b: Builder, node: OnnxNode) -> list[Operand]:
    x, weights, exponent = (b.get(node, i) for i in range(3))
    window = window_of(node, x.shape[2:], node.integers("kernel_shape", weights.shape[2:]))
    op = AttentionalWeightConv(window, node.integer("group", 1), node.flag("residual", True))
    return [b.add(op, x, weights, exponent)]


SHAPES = """
    first = Constant <value = int64[1] {0}> () one = Constant <value = int64[1] {1}> ()
    two = Constant <value = int64[1] {2}> () three = Constant <value = int64[1] {3}> ()
    rest = Constant <value = int64[1] {-1}> () many = Constant <value = int64[1] {1000}> ()
    x_shape = Shape (x) w_shape = Shape (w) e_shape = Shape (exponent)
    batch = Slice (x_shape, first, one) channels = Slice (x_shape, one, two)
    outputs = Slice (w_shape, first, one) inputs = Slice (w_shape, one, two) kernel = Slice (w_shape, two, many)
    groups = Div (channels, inputs) group_outputs = Div (outputs, groups)
    row = Slice (w_shape, one, many) row_size = ReduceProd <keepdims = 1> (row)
"""
"""Of x (N, C, space), w (M, C / groups, kernel) and the exponents (N, M', C', kernel')."""
EXPANDED = """
    base = Constant <value = float[1] {2}> () powers = Pow (base, exponent)
    few_outputs = Slice (e_shape, one, two) few_inputs = Slice (e_shape, two, three)
    few_kernel = Slice (e_shape, three, many)
    outputs_each = Div (outputs, few_outputs) inputs_each = Div (inputs, few_inputs)
    apart_shape = Concat <axis = 0> (batch, few_outputs, one, few_inputs, one, few_kernel)
    full_shape = Concat <axis = 0> (batch, few_outputs, outputs_each, few_inputs, inputs_each, kernel)
    batch_shape = Concat <axis = 0> (batch, w_shape)
    apart = Reshape (powers, apart_shape) full = Expand (apart, full_shape) attention = Reshape (full, batch_shape)
    weighted = Mul (attention, w)
"""
"""A times w, with every element of A repeated along its axes (thesis eq. 7.8)."""
PATCHES = """
    square_shape = Concat <axis = 0> (row_size, row_size) square = ConstantOfShape (square_shape) eye = EyeLike (square)
    pick_shape = Concat <axis = 0> (one, row_size, row) pick = Reshape (eye, pick_shape)
    picks_shape = Concat <axis = 0> (groups, row_size, row) picks = Expand (pick, picks_shape)
    all_shape = Concat <axis = 0> (rest, row) all_picks = Reshape (picks, all_shape)
    patches = Conv <dilations: ints = @dilations, group: int = @group, kernel_shape: ints = @kernel_shape,
                    pads: ints = @pads, strides: ints = @strides> (x, all_picks)
    patches_shape = Shape (patches) space = Slice (patches_shape, two, many)
"""
"""The windows of every group, by a convolution that puts each of its elements into a channel of its own."""
PRODUCT = """
    left_shape = Concat <axis = 0> (batch, groups, group_outputs, row_size) left = Reshape (kernels, left_shape)
    right_shape = Concat <axis = 0> (batch, groups, row_size, rest) right = Reshape (patches, right_shape)
    sums = MatMul (left, right) y_shape = Concat <axis = 0> (batch, outputs, space) y = Reshape (sums, y_shape)
"""


def _body(node: NodeProto, opset: int) -> FunctionProto:
    """A body, told from that of the other kind by its overload."""
    residual = next((bool(a.i) for a in node.attribute if a.name == "residual"), True)
    kernels = "kernels = Add (weighted, w)" if residual else "kernels = Identity (weighted)"
    head = f"AttentionalWeightConv <residual, {CONV_ATTRIBUTES}> (x, w, exponent) => (y)"
    body = function(head, f"{SHAPES} {EXPANDED} {kernels} {PATCHES} {PRODUCT}", opset, LEAST_OPSET)
    body.overload = "residual" if residual else "product"
    return body


def _example(
    shape: tuple[int, ...],
    peak: int,
    weights: tuple[int, ...],
    attention: tuple[int, ...],
    **attributes: Any,
) -> Example:
    codes = np.random.default_rng(sum(weights) + peak).integers(-peak, peak + 1, weights)
    codes = np.where(codes == 0, 1, codes) if peak == 1 else codes
    return Example(shape, ((codes / 4).astype(np.float32),), attributes, (attention,))


SAME = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
EXAMPLES = (
    _example((2, 5, 5), 1, (4, 2, 3, 3), (4, 1, 3, 3), **SAME),
    _example((2, 5, 4), 3, (4, 2, 3, 3), (4, 2, 3, 3), **SAME, residual=0),
    _example((4, 6, 5), 2, (4, 2, 2, 2), (2, 1, 1, 1), strides=[2, 1], dilations=[1, 2], group=2),
    _example((3, 4, 4), 1, (3, 1, 3, 3), (3, 1, 1, 1), group=3),
    _example((4, 9), 2, (4, 4, 3), (1, 2, 3), kernel_shape=[3], pads=[1, 0]),
    _example((4, 3, 3), 1, (6, 4, 1, 1), (6, 4, 1, 1)),
)

FORMS = {"AttentionalWeightConv": Form(_conv, _body, EXAMPLES)}
"""By the name of the operator."""
