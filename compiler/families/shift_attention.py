"""Shift attention: a convolution that keeps one tap for each pair of output and input channel.

    y[m] = sum over c of w[m, c] x[c, l + tap(m, c)]          (Shift Attention Layer, algorithm 1, after training)

Each weight is a value and the index of its tap, not an offset per channel. It is a convolution whose kernels hold one
number each; as such it is imported. `OneTap` computes it by the taps' indices, or whatever is cheaper does.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mulfree.compiler.families.interface import DOMAIN, Example, Family, Form
from mulfree.compiler.families.one_tap import OneTap
from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.windows import window_of
from mulfree.compiler.frontends.real import Conv
from mulfree.ir import AnyArray, IntArray

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

LEAST_OPSET = 11
"""The first whose OneHot counts axes from the end."""
BODY = """
    off_on = Constant <value = float[2] {0, 1}> () apart = Constant <value = int64[3] {0, 0, 1}> ()
    taps_in_all = ReduceProd <keepdims = 1> (kernel)
    chosen = OneHot <axis = -1> (taps, taps_in_all, off_on) value = Reshape (w, apart) flat = Mul (chosen, value)
    pairs = Shape (w) shape = Concat <axis = 0> (pairs, kernel) kernels = Reshape (flat, shape)
    y = Conv <dilations: ints = @dilations, group: int = @group, kernel_shape: ints = @kernel_shape, pads: ints = @pads,
              strides: ints = @strides> (x, kernels)
"""


def import_shift_attention(builder: Builder, node: OnnxNode) -> list[Operand]:
    """A convolution with the kernels written out."""
    x, kernel = builder.get(node, 0), node.integers("kernel_shape")
    weights, taps = builder.array(node, 1, "the weights"), builder.array(node, 2, "the taps")
    kernels = kernels_of(weights, taps, kernel)
    conv = Conv(window_of(node, x.shape[2:], kernel), node.integer("group", 1))
    return [builder.add(conv, x, builder.constant(kernels))]


def kernels_of(weights: AnyArray, taps: IntArray, kernel: tuple[int, ...]) -> AnyArray:
    """(M, C / groups, *kernel), each value at its tap, by raster order; raises Unsupported for a tap outside."""
    if weights.ndim != 2 or taps.shape != weights.shape:
        raise Unsupported(
            f"weights of shape {weights.shape} meet taps of shape {taps.shape}", "give both as output by input channels"
        )
    count = prod(kernel)
    if taps.size and not (taps.min() >= 0 and taps.max() < count):
        raise Unsupported(f"a tap is outside the {count} of the kernel", "count taps from 0 in raster order")
    kernels = np.zeros((*weights.shape, count), weights.dtype)
    np.put_along_axis(kernels, taps[..., None].astype(np.int64), weights[..., None], axis=2)
    return kernels.reshape(*weights.shape, *kernel)


def shift_attention_body(node: NodeProto, opset: int) -> FunctionProto:
    from onnx import parser

    if opset < LEAST_OPSET:
        raise ValueError(f"a body of {node.op_type} needs opset {LEAST_OPSET}; the model has {opset}: convert it first")
    kernel = next(list(a.ints) for a in node.attribute if a.name == "kernel_shape")
    constant = f"kernel = Constant <value = int64[{len(kernel)}] {{{', '.join(map(str, kernel))}}}> ()"
    head = "ShiftAttentionConv <dilations, group, kernel_shape, pads, strides> (x, w, taps) => (y)"
    text = f'<domain: "{DOMAIN}", opset_import: ["" : {opset}]> {head} {{ {constant} {BODY} }}'
    body = parser.parse_function(text)
    body.overload = "x".join(map(str, kernel))
    return body


def _layer(outputs: int, inputs: int, taps: int) -> tuple[AnyArray, AnyArray]:
    random = np.random.default_rng(outputs)
    weights = random.integers(-7, 8, (outputs, inputs)).astype(np.float32) / 4
    return weights, random.integers(0, taps, (outputs, inputs))


EXAMPLES = (
    Example((3, 4, 5), _layer(4, 3, 9), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    Example((2, 5, 5), _layer(3, 2, 4), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    Example((2, 9), _layer(3, 2, 3), {"kernel_shape": [3], "dilations": [2]}),
    Example((4, 5, 4), _layer(6, 2, 9), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "group": 2}),
    Example((3, 8), _layer(3, 1, 5), {"kernel_shape": [5], "group": 3}),
)

FAMILY = Family(
    "shift attention",
    arithmetics=(OneTap,),
    forms={"ShiftAttentionConv": Form(import_shift_attention, shift_attention_body, EXAMPLES)},
)
