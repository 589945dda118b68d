"""Pools."""

from __future__ import annotations

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.rule import Rule, Rules
from mulfree.compiler.frontends.onnx.windows import window_of, with_ceiling
from mulfree.compiler.frontends.real import AveragePool, MaxPool, Window


def max_pool_op(node: OnnxNode, x: Operand) -> MaxPool:
    """The pool that the node's attributes describe."""
    return MaxPool(_window(node, x)[0])


def average_pool_op(node: OnnxNode, x: Operand) -> AveragePool:
    """The pool that the node's attributes describe."""
    window, overhang = _window(node, x)
    return AveragePool(window, node.flag("count_include_pad", False), overhang if any(overhang) else ())


def _window(node: OnnxNode, x: Operand) -> tuple[Window, tuple[int, ...]]:
    window = window_of(node, x.shape[2:], node.integers("kernel_shape"))
    if any(max(a, b) >= e for (a, b), e in zip(window.edges, window.extent, strict=True)):
        raise Unsupported(f"pads {window.pads} hold a whole window of {window.kernel}", "use smaller pads")
    if node.flag("ceil_mode", False):
        return with_ceiling(window, x.shape[2:])
    return window, (0,) * window.rank


def _max_pool(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    return [b.add(max_pool_op(node, x), x)]


def _average_pool(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    return [b.add(average_pool_op(node, x), x)]


def _global(pool: type[MaxPool] | type[AveragePool]) -> Rule:
    """One window over the whole map."""

    def rule(b: Builder, node: OnnxNode) -> list[Operand]:
        x = b.get(node, 0)
        if x.rank < 3:
            raise Unsupported(f"a tensor of shape {x.shape} has no spatial axes", "remove the pool")
        ones = (1,) * (x.rank - 2)
        return [b.add(pool(Window(x.shape[2:], ones, ones, (0,) * (2 * len(ones)))), x)]

    return rule


RULES: Rules = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalMaxPool": _global(MaxPool),
    "GlobalAveragePool": _global(AveragePool),
}
