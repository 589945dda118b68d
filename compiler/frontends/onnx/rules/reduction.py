"""Reductions, arg-max and top-k."""

from __future__ import annotations

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.rule import Rule, Rules
from mulfree.compiler.frontends.onnx.rules.shape import axes_of, checked_axes
from mulfree.compiler.frontends.real import ArgMax, Reduce, TopK


def _reduce(kind: str, since: int) -> Rule:
    """A reduction whose axes are an operand since that opset."""

    def rule(b: Builder, node: OnnxNode) -> list[Operand]:
        x, axes = b.get(node, 0), axes_of(b, node, since)
        if not axes and node.flag("noop_with_empty_axes", False):
            return [x]
        chosen = checked_axes(axes, x.rank) if axes else set(range(x.rank))
        return [b.add(Reduce(kind, tuple(sorted(chosen)), node.flag("keepdims", True)), x)]

    return rule


def _arg_max(b: Builder, node: OnnxNode) -> list[Operand]:
    op = ArgMax(node.integer("axis", 0), node.flag("keepdims", True), node.flag("select_last_index", False))
    return [b.add(op, b.get(node, 0))]


def _top_k(b: Builder, node: OnnxNode) -> list[Operand]:
    """Values and indices, each only where it is used."""
    k = (node.integer("k"),) if node.version < 10 else b.ints(node, 1, "k")
    if len(k) != 1:
        raise Unsupported(f"k has {len(k)} elements", "use one")
    x, axis, largest = b.get(node, 0), node.integer("axis", -1), node.flag("largest", True)
    values = b.add(TopK(k[0], axis, largest, "values"), x)
    return [values, b.add(TopK(k[0], axis, largest, "indices"), x)]


RULES: Rules = {
    "ReduceSum": _reduce("sum", 13),
    "ReduceMean": _reduce("mean", 18),
    "ReduceMax": _reduce("max", 18),
    "ReduceMin": _reduce("min", 18),
    "ReduceProd": _reduce("prod", 18),
    "ArgMax": _arg_max,
    "TopK": _top_k,
}
