"""Convolutions and matrix products."""

from __future__ import annotations

from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.onnx.windows import window_of
from mulfree.compiler.frontends.real import Conv, Gemm, MatMul


def conv_op(node: OnnxNode, x: Operand, weights: Operand) -> Conv:
    """The convolution that the node's attributes describe."""
    return Conv(
        window_of(node, x.shape[2:], node.integers("kernel_shape", weights.shape[2:])), node.integer("group", 1)
    )


def _conv(b: Builder, node: OnnxNode) -> list[Operand]:
    x, weights, bias = b.get(node, 0), b.get(node, 1), b.find(node, 2)
    return [b.add(conv_op(node, x, weights), x, weights, *([bias] if bias else []))]


def _gemm(b: Builder, node: OnnxNode) -> list[Operand]:
    transposed = node.flag("transA", False), node.flag("transB", False)
    op = Gemm(node.real("alpha", 1.0), node.real("beta", 1.0), *transposed)
    addend = b.find(node, 2)
    return [b.add(op, b.get(node, 0), b.get(node, 1), *([addend] if addend else []))]


def _matmul(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.add(MatMul(), b.get(node, 0), b.get(node, 1))]


RULES: Rules = {"Conv": _conv, "Gemm": _gemm, "MatMul": _matmul}
