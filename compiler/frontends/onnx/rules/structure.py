"""Operators that move, cut and join."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.onnx.rules.shape import checked_axes
from mulfree.compiler.frontends.real import Concat, Gather, Pad, Slice, Transpose
from mulfree.ir import AnyArray


def _transpose(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    return [b.add(Transpose(node.integers("perm", tuple(reversed(range(x.rank))))), x)]


def _concat(b: Builder, node: OnnxNode) -> list[Operand]:
    operands = [b.get(node, i) for i in range(len(node.inputs))]
    if not operands:
        raise Unsupported("it has no operands", "remove the node")
    return [b.add(Concat(node.integer("axis")), *operands)]


def _gather(b: Builder, node: OnnxNode) -> list[Operand]:
    x, indices = b.get(node, 0), b.get(node, 1)
    axis = checked_axes((node.integer("axis", 0),), x.rank).pop()
    numbers = b.known(indices, "the list of indices")
    if numbers.size and not -x.shape[axis] <= int(numbers.min()) <= int(numbers.max()) < x.shape[axis]:
        raise Unsupported(f"an index is outside the {x.shape[axis]} elements of axis {axis}", "correct the indices")
    return [b.add(Gather(axis), x, indices)]


def _slice(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    if node.version < 10:
        starts, ends = node.integers("starts"), node.integers("ends")
        axes, steps = node.integers("axes", tuple(range(len(starts)))), (1,) * len(starts)
    else:
        starts, ends = b.ints(node, 1, "the list of starts"), b.ints(node, 2, "the list of ends")
        axes = b.ints(node, 3, "the list of axes") if b.find(node, 3) else tuple(range(len(starts)))
        steps = b.ints(node, 4, "the list of steps") if b.find(node, 4) else (1,) * len(starts)
    return [b.add(_slice_op(x, starts, ends, axes, steps), x)]


def _slice_op(
    x: Operand, starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...], steps: tuple[int, ...]
) -> Slice:
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise Unsupported("starts, ends, axes and steps do not fit each other, or a step is 0", "correct them")
    checked_axes(axes, x.rank)
    ranges = [range(n) for n in x.shape]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        # Python clamps as ONNX does; an end before the first element is None to it, for -1 would be the last.
        n = x.shape[axis % x.rank]
        stop = None if step < 0 and end < -n else end
        ranges[axis % x.rank] = range(n)[slice(start, stop, step)]
    return _slice_of(ranges)


def _slice_of(ranges: list[range]) -> Slice:
    return Slice(tuple(r.start for r in ranges), tuple(map(len, ranges)), tuple(r.step for r in ranges))


def _split(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    axis = checked_axes((node.integer("axis", 0),), x.rank).pop()
    sizes = _split_sizes(b, node, x.shape[axis])
    if sum(sizes) != x.shape[axis] or min(sizes, default=0) < 0:
        raise Unsupported(f"parts {sizes} do not add up to the {x.shape[axis]} elements of axis {axis}", "correct them")
    ends = np.cumsum(sizes).tolist()
    parts = [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    whole = [range(n) for n in x.shape]
    return [b.add(_slice_of([*whole[:axis], part, *whole[axis + 1 :]]), x) for part in parts]


def _split_sizes(b: Builder, node: OnnxNode, length: int) -> tuple[int, ...]:
    """As given, or as many equal parts as there are results (the last one shorter)."""
    if node.version < 13 and node.has("split"):
        return node.integers("split")
    if node.version >= 13 and b.find(node, 1):
        return b.ints(node, 1, "the list of sizes")
    count = max(1, node.integer("num_outputs", len(node.outputs)))
    size = -(-length // count)
    return tuple(max(0, min(size, length - i * size)) for i in range(min(count, len(node.outputs))))


def _pad(b: Builder, node: OnnxNode) -> list[Operand]:
    x = b.get(node, 0)
    if node.version < 11:
        pads, value = node.integers("pads"), node.real("value", 0.0)
    else:
        pads, value = b.ints(node, 1, "the list of pads"), _pad_value(b, node)
        if b.find(node, 3):
            pads = _on_all_axes(pads, b.ints(node, 3, "the list of axes"), x.rank)
    mode = node.text("mode", "constant")
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise Unsupported(f"mode '{mode}' is unknown", "use constant, reflect, edge or wrap")
    if min(pads, default=0) < 0 and len(pads) == 2 * x.rank:
        x, pads = _cropped(b, x, pads), tuple(max(0, p) for p in pads)
    return [b.add(Pad(pads, value, mode), x)]


def _pad_value(b: Builder, node: OnnxNode) -> float:
    value: AnyArray = b.array(node, 2, "the value") if b.find(node, 2) else np.zeros(1)
    if value.size != 1:
        raise Unsupported(f"the value has {value.size} elements", "use one")
    return float(value.item())


def _on_all_axes(pads: tuple[int, ...], axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    checked_axes(axes, rank)
    if len(pads) != 2 * len(axes):
        raise Unsupported(f"{len(pads)} pads meet {len(axes)} axes", "give two per axis")
    full = [0] * (2 * rank)
    for i, axis in enumerate(axes):
        full[axis % rank], full[rank + axis % rank] = pads[i], pads[len(axes) + i]
    return tuple(full)


def _cropped(b: Builder, x: Operand, pads: tuple[int, ...]) -> Operand:
    """A negative pad removes elements."""
    edges = zip(x.shape, pads[: x.rank], pads[x.rank :], strict=True)
    return b.add(_slice_of([range(max(0, -a), max(0, -a, n + min(0, e))) for n, a, e in edges]), x)


RULES: Rules = {
    "Transpose": _transpose,
    "Concat": _concat,
    "Gather": _gather,
    "Slice": _slice,
    "Split": _split,
    "Pad": _pad,
}
