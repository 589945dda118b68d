"""PowerOfTwoConv and PowerOfTwoMatMul in ONNX: what they mean on floats, how they are imported, and their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.compiler.families.bodies import CONSTANTS, CONV_ATTRIBUTES, CONVOLVED, SPACE, function
from mulfree.compiler.families.interface import Example, Form
from mulfree.compiler.families.power_of_two.operator import ROUNDINGS
from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.windows import window_of
from mulfree.compiler.frontends.real import Conv, MatMul, Window
from mulfree.ir import AnyArray, RealOp, RealType

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

LEAST_OPSET = 11
"""The first with Round and Unique."""
MOST_EXPONENT = 31
"""Of either sign."""


@dataclass(frozen=True, slots=True)
class PowerOfTwoConv(RealOp):
    """Convolution of x = scale k with weights sign 2^exponent, every product k 2^exponent rounded to an integer."""

    window: Window
    rounding: str
    groups: int = 1

    name: ClassVar[str] = "power_of_two_conv"

    def infer(self, *operands: RealType) -> RealType:
        return Conv(self.window, self.groups).infer(operands[0], _like_weights(*operands))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return _by_exponent(self.rounding, Conv(self.window, self.groups), *operands)


@dataclass(frozen=True, slots=True)
class PowerOfTwoMatMul(RealOp):
    """y[n, m] = scale * sum over k of sign[k, m] round(x[n, k] / scale * 2^exponent[k, m])."""

    rounding: str

    name: ClassVar[str] = "power_of_two_matmul"

    def infer(self, *operands: RealType) -> RealType:
        weights = _like_weights(*operands)
        if [len(o.shape) for o in (operands[0], weights)] != [2, 2]:
            raise ValueError(f"operands have shapes {operands[0].shape} and {weights.shape}; matrices are needed")
        return MatMul().infer(operands[0], weights)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return _by_exponent(self.rounding, MatMul(), *operands)


def _like_weights(x: RealType, scale: RealType, sign: RealType, exponent: RealType) -> RealType:
    """The type of the weights that sign and exponent amount to."""
    if sign.shape != exponent.shape:
        raise ValueError(f"signs of shape {sign.shape} meet exponents of shape {exponent.shape}")
    if scale.size != 1:
        raise ValueError(f"the scale has shape {scale.shape}; one number is needed")
    return RealType(sign.shape, x.dtype)


def _by_exponent(
    rounding: str, product: RealOp, x: AnyArray, scale: AnyArray, sign: AnyArray, exponent: AnyArray
) -> AnyArray:
    """For each exponent the sum of what is rounded for it; integers, so that floats hold every sum exactly."""
    half = x.dtype.type(0.5 if rounding == "half_up" else 0)
    unit = x.dtype.type(scale.item())
    codes = np.rint(x / unit)
    shares = [
        product.evaluate(
            np.floor(codes * x.dtype.type(2.0**e) + half), np.where(exponent == e, sign, 0).astype(x.dtype)
        )
        for e in np.unique(exponent)
    ]
    total: AnyArray = unit * np.stack(shares).sum(axis=0)
    return total


def _conv(b: Builder, node: OnnxNode) -> list[Operand]:
    x, *constants = operands = [b.get(node, i) for i in range(4)]
    rounding = _checked(b, node, constants)
    window = window_of(node, x.shape[2:], node.integers("kernel_shape", constants[1].shape[2:]))
    return [b.add(PowerOfTwoConv(window, rounding, node.integer("group", 1)), *operands)]


def _matmul(b: Builder, node: OnnxNode) -> list[Operand]:
    operands = [b.get(node, i) for i in range(4)]
    return [b.add(PowerOfTwoMatMul(_checked(b, node, operands[1:])), *operands)]


def _checked(b: Builder, node: OnnxNode, constants: list[Operand]) -> str:
    """The rounding. Raises Unsupported if it has no such name, or if a constant is outside what it may be."""
    names = ("the scale", "the signs", "the exponents")
    scale, sign, exponent = (b.known(c, name) for c, name in zip(constants, names, strict=True))
    if not bool((scale > 0).all()):
        raise Unsupported("its scale is not positive", "give the operand's own scale")
    if not bool(np.isin(sign, (-1, 0, 1)).all()):
        raise Unsupported("a sign is none of -1, 0 and 1", "put magnitudes into the exponents")
    if not bool(((exponent == np.rint(exponent)) & (np.abs(exponent) <= MOST_EXPONENT)).all()):
        raise Unsupported(f"an exponent is no integer within ±{MOST_EXPONENT}", "round the exponents")
    rounding = node.text("rounding", "floor")
    if rounding not in ROUNDINGS:
        raise Unsupported(f"its rounding is '{rounding}'", f"use one of {', '.join(ROUNDINGS)}")
    return rounding


LEVELS = f"""{CONSTANTS} half = Constant <value = float[1] {{0.5}}> () base = Constant <value = float[1] {{2}}> ()
    ratio = Div (x, scale) codes = Round (ratio) w = Cast <to = 1> (sign) e = Cast <to = 1> (exponent)
    flat = Reshape (e, last) levels = Unique (flat) powers = Pow (base, levels)
"""
"""The distinct exponents, and x as integers."""
ROUNDED = {"floor": "part = Floor (moved)", "half_up": "more = Add (moved, half) part = Floor (more)"}
CHOSEN = "is_level = Equal (es, level) one_hot = Cast <to = 1> (is_level) w_part = Mul (one_hot, ws)"
CONV = """
    factor = Reshape (powers, by_level) level = Reshape (levels, by_level)
    xs = Reshape (codes, x_apart) ws = Reshape (w, w_apart) es = Reshape (e, w_apart)
"""
CONVOLUTION = f"x_all = Reshape (part, x_joined) w_all = Reshape (w_part, w_joined) sums = {CONVOLVED}"
"""Each channel of x once for each exponent, shifted by it and rounded, meets the signs of the weights that have it."""
MATMUL = """
    apart = Constant <value = int64[3] {0, 0, 1}> () rows = Constant <value = int64[2] {0, -1}> ()
    between = Constant <value = int64[3] {0, 1, -1}> () column = Constant <value = int64[2] {-1, 1}> ()
    factor = Identity (powers) level = Reshape (levels, column)
    xs = Reshape (codes, apart) ws = Reshape (w, between) es = Reshape (e, between)
"""
PRODUCT = """
    w_shape = Shape (w) outputs = Slice (w_shape, one, two) by_output = Concat <axis = 0> (last, outputs)
    x_all = Reshape (part, rows) w_all = Reshape (w_part, by_output) sums = MatMul (x_all, w_all)
"""


def _conv_body(node: NodeProto, opset: int) -> FunctionProto:
    return _body(f"PowerOfTwoConv <rounding, {CONV_ATTRIBUTES}>", f"{SPACE} {CONV}", CONVOLUTION, node, opset)


def _matmul_body(node: NodeProto, opset: int) -> FunctionProto:
    return _body("PowerOfTwoMatMul <rounding>", MATMUL, PRODUCT, node, opset)


def _body(head: str, shapes: str, product: str, node: NodeProto, opset: int) -> FunctionProto:
    """The overload is the rounding. Raises ValueError for one that is none."""
    rounding = next((a.s.decode() for a in node.attribute if a.name == "rounding"), "floor")
    if rounding not in ROUNDED:
        raise ValueError(f"node '{node.name}' has the unknown rounding '{rounding}'")
    text = f"{LEVELS} {shapes} moved = Mul (xs, factor) {ROUNDED[rounding]} {CHOSEN} {product} y = Mul (sums, scale)"
    body = function(f"{head} (x, scale, sign, exponent) => (y)", text, opset, LEAST_OPSET)
    body.overload = rounding
    return body


def _example(
    shape: tuple[int, ...],
    least: int,
    most: int,
    weights: tuple[int, ...],
    rounding: str,
    **attributes: Sequence[int] | int,
) -> Example:
    random = np.random.default_rng(sum(weights) - least)
    sign, exponent = random.integers(-1, 2, weights), random.integers(least, most + 1, weights)
    constants = (np.array(0.25, np.float32), sign.astype(np.float32), exponent)
    return Example(shape, constants, {"rounding": rounding, **attributes})


FORMS = {
    "PowerOfTwoConv": Form(
        _conv,
        _conv_body,
        (
            _example((2, 5, 5), -3, 0, (3, 2, 3, 3), "floor", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            _example((4, 6, 5), -2, 1, (4, 2, 2, 2), "half_up", strides=[2, 1], dilations=[1, 2], group=2),
            _example((3, 4, 4), -3, -1, (3, 1, 3, 3), "half_up", group=3),
            _example((2, 9), -2, 0, (4, 2, 3), "floor", kernel_shape=[3], pads=[1, 0]),
            _example((4, 9), -4, 0, (4, 2, 3), "half_up", group=2),
            _example((2, 4, 4), 0, 3, (3, 2, 2, 2), "floor"),
        ),
    ),
    "PowerOfTwoMatMul": Form(
        _matmul,
        _matmul_body,
        (_example((7,), -3, 1, (7, 4), "floor"), _example((7,), -4, 0, (7, 4), "half_up")),
    ),
}
"""By the names of the operators."""
