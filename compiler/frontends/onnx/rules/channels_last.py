"""QONNX operators on (N, spatial..., C): a transpose on either side of the standard operator."""

from __future__ import annotations

from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.contraction import conv_op
from mulfree.compiler.frontends.onnx.rules.normalization import batch_normalization_op
from mulfree.compiler.frontends.onnx.rules.pool import average_pool_op, max_pool_op
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.real import Transpose

DOMAINS = ("qonnx.custom_op.channels_last",)


def _first(b: Builder, x: Operand) -> Operand:
    """Channels from the last axis to axis 1."""
    return b.add(Transpose((0, x.rank - 1, *range(1, x.rank - 1))), x) if x.rank > 2 else x


def _last(b: Builder, y: Operand) -> Operand:
    """Channels from axis 1 to the last."""
    return b.add(Transpose((0, *range(2, y.rank), 1)), y) if y.rank > 2 else y


def _conv(b: Builder, node: OnnxNode) -> list[Operand]:
    """Weights are (M, kernel..., C / groups)."""
    x, weights, bias = _first(b, b.get(node, 0)), _first(b, b.get(node, 1)), b.find(node, 2)
    return [_last(b, b.add(conv_op(node, x, weights), x, weights, *([bias] if bias else [])))]


def _max_pool(b: Builder, node: OnnxNode) -> list[Operand]:
    x = _first(b, b.get(node, 0))
    return [_last(b, b.add(max_pool_op(node, x), x))]


def _average_pool(b: Builder, node: OnnxNode) -> list[Operand]:
    x = _first(b, b.get(node, 0))
    return [_last(b, b.add(average_pool_op(node, x), x))]


def _batch_normalization(b: Builder, node: OnnxNode) -> list[Operand]:
    parameters = [b.get(node, i) for i in range(1, 5)]
    return [_last(b, b.add(batch_normalization_op(node), _first(b, b.get(node, 0)), *parameters))]


RULES: Rules = {
    "Conv": _conv,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_normalization,
}
