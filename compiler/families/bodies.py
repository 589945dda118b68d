"""What bodies of forms share: the text of a function, and channels multiplied by the levels of the weights.

A term that depends on its weight's level (a magnitude, an exponent) is a product of a number for each channel and level
and of 0 or 1 for each weight and level: one plain convolution of as many times more channels as there are levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mulfree.compiler.families.interface import DOMAIN

if TYPE_CHECKING:
    from onnx import FunctionProto

CONV_ATTRIBUTES = "dilations, group, kernel_shape, pads, strides"
CONSTANTS = """
    zero = Constant <value = float[1] {0}> () none = Constant <value = int64[1] {0}> ()
    one = Constant <value = int64[1] {1}> () two = Constant <value = int64[1] {2}> ()
    last = Constant <value = int64[1] {-1}> () many = Constant <value = int64[1] {1000}> ()
"""
SPACE = """
    shape = Shape (x) space = Slice (shape, two, many) axes = Shape (space)
    ones = ConstantOfShape <value = int64[1] {1}> (axes) by_level = Concat <axis = 0> (last, ones)
    x_apart = Concat <axis = 0> (none, none, one, space) x_joined = Concat <axis = 0> (none, last, space)
    w_shape = Shape (w) kernel = Slice (w_shape, two, many)
    w_apart = Concat <axis = 0> (none, none, one, kernel) w_joined = Concat <axis = 0> (none, last, kernel)
"""
"""Shapes of x (N, C, space) and w (M, C, kernel) with an axis of levels behind the channels, and joined with them."""
CONVOLVED = """
    Conv <dilations: ints = @dilations, group: int = @group, kernel_shape: ints = @kernel_shape, pads: ints = @pads,
          strides: ints = @strides> (x_all, w_all)
"""


def function(head: str, body: str, opset: int, least: int) -> FunctionProto:
    """A function of domain `mulfree`; head is `Name <attributes> (operands) => (results)`.

    Raises ValueError where the model's opset is older than the `least` that the body needs.
    """
    from onnx import parser

    if opset < least:
        name = head.partition(" ")[0]
        raise ValueError(f"a body of {name} needs opset {least}; the model has {opset}: convert it first")
    return parser.parse_function(f'<domain: "{DOMAIN}", opset_import: ["" : {opset}]> {head} {{ {body} }}')
