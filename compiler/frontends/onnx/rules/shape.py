"""Operators that give the same elements another shape."""

from __future__ import annotations

from math import prod

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.real import Reshape


def _reshape(b: Builder, node: OnnxNode) -> list[Operand]:
    x, wanted = b.get(node, 0), b.ints(node, 1, "the shape")
    if not node.flag("allowzero", False):
        wanted = tuple(_copied(x, i) if n == 0 else n for i, n in enumerate(wanted))
    if wanted.count(-1) > 1:
        raise Unsupported(f"the shape {wanted} has two unknown dimensions", "give all but one")
    known = prod(n for n in wanted if n != -1)
    inferred = x.type.size // known if known else 0
    return [b.add(Reshape(tuple(inferred if n == -1 else n for n in wanted)), x)]


def _copied(x: Operand, axis: int) -> int:
    if axis >= x.rank:
        raise Unsupported(f"the shape copies axis {axis} of {x.shape}, which has none", "correct the shape")
    return x.shape[axis]


def _flatten(b: Builder, node: OnnxNode) -> list[Operand]:
    x, axis = b.get(node, 0), node.integer("axis", 1)
    if not -x.rank <= axis <= x.rank:
        raise Unsupported(f"axis {axis} is outside of {x.shape}", "correct the axis")
    axis += x.rank if axis < 0 else 0
    return [b.add(Reshape((prod(x.shape[:axis]), prod(x.shape[axis:]))), x)]


def axes_of(b: Builder, node: OnnxNode, since: int) -> tuple[int, ...] | None:
    """`axes`: an attribute before opset `since`, then the second operand; None if left out."""
    if node.version < since:
        return node.integers("axes") if node.has("axes") else None
    return b.ints(node, 1, "the list of axes") if b.find(node, 1) else None


def checked_axes(axes: tuple[int, ...], rank: int) -> set[int]:
    """The axes counted from the front. Raises Unsupported if one does not exist or comes twice."""
    positive = {a % rank for a in axes if -rank <= a < rank}
    if len(positive) != len(axes):
        raise Unsupported(f"axes {axes} are not different axes of {rank}", "correct the axes")
    return positive


def _squeeze(b: Builder, node: OnnxNode) -> list[Operand]:
    x, axes = b.get(node, 0), axes_of(b, node, 13)
    gone = {i for i, n in enumerate(x.shape) if n == 1} if axes is None else checked_axes(axes, x.rank)
    if any(x.shape[a] != 1 for a in gone):
        raise Unsupported(f"axes {sorted(gone)} of {x.shape} do not all have length 1", "correct the axes")
    return [b.add(Reshape(tuple(n for i, n in enumerate(x.shape) if i not in gone)), x)]


def _unsqueeze(b: Builder, node: OnnxNode) -> list[Operand]:
    x, axes = b.get(node, 0), axes_of(b, node, 13) or ()
    rank = x.rank + len(axes)
    new, old = checked_axes(axes, rank), iter(x.shape)
    return [b.add(Reshape(tuple(1 if i in new else next(old) for i in range(rank))), x)]


RULES: Rules = {"Reshape": _reshape, "Flatten": _flatten, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze}
