"""Element-wise operators."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.number_types import number_format
from mulfree.compiler.frontends.onnx.rules.rule import Rule, Rules
from mulfree.compiler.frontends.real import Binary, Cast, Clip, LeakyRelu, Reshape, Unary, Where, integer_bounds
from mulfree.compiler.frontends.real.number_format import is_integer


def _unary(kind: str) -> Rule:
    return lambda b, node: [b.add(Unary(kind), b.get(node, 0))]


def _binary(kind: str) -> Rule:
    def rule(b: Builder, node: OnnxNode) -> list[Operand]:
        x, y = b.get(node, 0), b.get(node, 1)
        return [b.add(Binary(kind), x, _aligned(b, node, x, y) if node.version < 7 else y)]

    return rule


def _aligned(b: Builder, node: OnnxNode, x: Operand, y: Operand) -> Operand:
    """The second operand with axes appended, as `axis` of opset 6 asks: its first axis meets axis `axis` of x."""
    if not node.flag("broadcast", False) or not node.has("axis"):
        return y
    missing = x.rank - node.integer("axis") % max(1, x.rank) - y.rank
    if missing < 0:
        raise Unsupported(f"shapes {x.shape} and {y.shape} do not align at axis {node.integer('axis')}", "correct it")
    return b.add(Reshape((*y.shape, *(1,) * missing)), y)


def _chain(kind: str) -> Rule:
    """An operator of any number of operands, two at a time from the left."""

    def rule(b: Builder, node: OnnxNode) -> list[Operand]:
        result = b.get(node, 0)
        for index in range(1, len(node.inputs)):
            result = b.add(Binary(kind), result, b.get(node, index))
        return [result]

    return rule


def _mean(b: Builder, node: OnnxNode) -> list[Operand]:
    (total,) = _chain("add")(b, node)
    return [b.add(Binary("div"), total, b.scalar(len(node.inputs), total))]


def _clip(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    if node.version < 11:
        bounds = [b.scalar(node.real(name), x) if node.has(name) else None for name in ("min", "max")]
    else:
        bounds = [b.find(node, 1), b.find(node, 2)]
    lo, hi = integer_bounds(x.dtype) if is_integer(x.dtype) else (-np.inf, np.inf)
    return [b.add(Clip(), x, bounds[0] or b.scalar(lo, x), bounds[1] or b.scalar(hi, x))]


def _leaky_relu(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.add(LeakyRelu(node.real("alpha", float(np.float32(0.01)))), b.get(node, 0))]


def _prelu(b: Builder, node: OnnxNode) -> list[Operand]:
    """A single constant slope is a LeakyRelu; else slope * x where x < 0."""
    x, slope = b.get(node, 0), b.get(node, 1)
    if slope.constant is not None and slope.type.size == 1:
        return [b.add(LeakyRelu(float(slope.constant.array.item())), x)]
    if node.version < 7 and slope.rank == 1:
        slope = b.add(Reshape((*slope.shape, *(1,) * max(0, x.rank - 2))), slope)
    negative = b.add(Binary("less"), x, b.scalar(0, x))
    return [b.add(Where(), negative, b.add(Binary("mul"), slope, x), x)]


def _hard_sigmoid(b: Builder, node: OnnxNode) -> list[Operand]:
    """max(0, min(1, alpha * x + beta)) from its parts."""
    x = b.get(node, 0)
    alpha, beta = node.real("alpha", float(np.float32(0.2))), node.real("beta", 0.5)
    line = b.add(Binary("add"), b.add(Binary("mul"), x, b.scalar(alpha, x)), b.scalar(beta, x))
    return [b.add(Clip(), line, b.scalar(0, x), b.scalar(1, x))]


def _cast(b: Builder, node: OnnxNode) -> list[Operand]:
    try:
        dtype = number_format(node.integer("to"))
    except ValueError as error:
        raise Unsupported(str(error), "cast to one of these") from None
    return [_to(b, b.get(node, 0), dtype)]


def _cast_like(b: Builder, node: OnnxNode) -> list[Operand]:
    return [_to(b, b.get(node, 0), b.get(node, 1).dtype)]


def _to(b: Builder, x: Operand, dtype: str) -> Operand:
    return x if x.dtype == dtype else b.add(Cast(dtype), x)


def _where(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.add(Where(), b.get(node, 0), b.get(node, 1), b.get(node, 2))]


RULES: Rules = {
    **{
        name: _unary(kind)
        for name, kind in {
            "Relu": "relu",
            "Sign": "sign",
            "Neg": "neg",
            "Abs": "abs",
            "Floor": "floor",
            "Ceil": "ceil",
            "Round": "round",
            "Sqrt": "sqrt",
            "Reciprocal": "reciprocal",
            "Exp": "exp",
            "Log": "log",
            "Sigmoid": "sigmoid",
            "Tanh": "tanh",
            "Softplus": "softplus",
            "Not": "not",
        }.items()
    },
    **{
        name: _binary(kind)
        for name, kind in {
            "Add": "add",
            "Sub": "sub",
            "Mul": "mul",
            "Div": "div",
            "Pow": "pow",
            "Less": "less",
            "LessOrEqual": "less_or_equal",
            "Greater": "greater",
            "GreaterOrEqual": "greater_or_equal",
            "Equal": "equal",
            "And": "and",
            "Or": "or",
            "Xor": "xor",
        }.items()
    },
    **{name: _chain(kind) for name, kind in {"Sum": "add", "Min": "min", "Max": "max"}.items()},
    "Mean": _mean,
    "Clip": _clip,
    "LeakyRelu": _leaky_relu,
    "PRelu": _prelu,
    "HardSigmoid": _hard_sigmoid,
    "Cast": _cast,
    "CastLike": _cast_like,
    "Where": _where,
}
