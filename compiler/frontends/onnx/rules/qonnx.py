"""QONNX quantisers, under every domain they are written with."""

from __future__ import annotations

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules import channels_last
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.real import BipolarQuant, MultiThreshold, Quant, Trunc

DOMAINS = ("onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general", "")


def _quant(b: Builder, node: OnnxNode) -> list[Operand]:
    op = Quant(node.flag("signed"), node.flag("narrow"), node.text("rounding_mode", "ROUND").upper())
    return [b.add(op, *(b.get(node, i) for i in range(4)))]


def _bipolar_quant(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.add(BipolarQuant(), b.get(node, 0), b.get(node, 1))]


def _trunc(b: Builder, node: OnnxNode) -> list[Operand]:
    """The number of operands tells the versions apart, for some writers import no opset of the domain."""
    count = len(node.inputs)
    if count not in (5, 6):
        raise Unsupported(f"it has {count} operands", "write Trunc version 1 (five operands) or 2 (six)")
    mode = node.text("rounding_mode", "FLOOR").upper()
    op = Trunc(1, mode) if count == 5 else Trunc(2, mode, node.flag("signed", True), node.flag("narrow", False))
    return [b.add(op, *(b.get(node, i) for i in range(count)))]


def _multi_threshold(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    scale, bias = node.real("out_scale", 1.0), node.real("out_bias", 0.0)
    op = MultiThreshold(node.text("out_dtype", ""), scale, bias, _channel_axis(node, x.rank))
    return [b.add(op, x, b.get(node, 1))]


def _channel_axis(node: OnnxNode, rank: int) -> int:
    """Where C is in the layout; without one, axis 1, but the last of three (QONNX takes those for NWC)."""
    layout = node.text("data_layout", "") or {3: "NWC"}.get(rank, "")
    return layout.index("C") if "C" in layout else 1


RULES: Rules = {
    "Quant": _quant,
    "IntQuant": _quant,
    "BipolarQuant": _bipolar_quant,
    "Trunc": _trunc,
    "MultiThreshold": _multi_threshold,
    "MaxPoolNHWC": channels_last.RULES["MaxPool"],
    "DebugMarker": lambda b, node: [b.get(node, 0)],
}
