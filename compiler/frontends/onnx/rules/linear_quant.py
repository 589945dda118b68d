"""QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.number_types import number_format
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.real import DequantizeLinear, QuantizeLinear, storage


def _quantize(b: Builder, node: OnnxNode) -> list[Operand]:
    _refuse_blocks(node)
    scale, zero_point = b.get(node, 1), b.find(node, 2)
    dtype = zero_point.dtype if zero_point else _output_format(node)
    zero_point = zero_point or _zero(b, dtype)
    return [b.add(QuantizeLinear(node.integer("axis", 1), dtype), b.get(node, 0), scale, zero_point)]


def _dequantize(b: Builder, node: OnnxNode) -> list[Operand]:
    _refuse_blocks(node)
    x, scale = b.get(node, 0), b.get(node, 1)
    zero_point = b.find(node, 2) or _zero(b, x.dtype)
    return [b.add(DequantizeLinear(node.integer("axis", 1)), x, scale, zero_point)]


def _refuse_blocks(node: OnnxNode) -> None:
    if node.integer("block_size", 0):
        raise Unsupported("its scales are per block", "use one scale per tensor or per channel")
    if node.integer("precision", 0) or (node.integer("output_dtype", 0) and node.op_type == "DequantizeLinear"):
        raise Unsupported("it asks for another precision than that of its scale", "leave the attribute out")


def _output_format(node: OnnxNode) -> str:
    wanted = node.integer("output_dtype", 0)
    try:
        return number_format(wanted) if wanted else "uint8"
    except ValueError as error:
        raise Unsupported(str(error), "quantise to an integer type") from None


def _zero(b: Builder, dtype: str) -> Operand:
    return b.constant(np.zeros((), dtype=storage(dtype)), dtype)


RULES: Rules = {"QuantizeLinear": _quantize, "DequantizeLinear": _dequantize}
