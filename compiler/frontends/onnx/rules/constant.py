"""Constants, and operators whose result must be one: shape arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.limits import check_size
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.rule import Rules
from mulfree.compiler.frontends.real import Constant


def _constant(b: Builder, node: OnnxNode) -> list[Operand]:
    if node.has("value"):
        tensor = node.tensor("value")
        return [b.constant(tensor.array, tensor.dtype)]
    if node.has("value_float"):
        return [b.constant(np.asarray(node.real("value_float"), dtype=np.float32))]
    if node.has("value_int"):
        return [b.constant(np.asarray(node.integer("value_int"), dtype=np.int64))]
    if node.has("value_ints"):
        return [b.constant(np.asarray(node.integers("value_ints"), dtype=np.int64))]
    if node.has("value_floats"):
        return [b.constant(np.asarray(node.attributes["value_floats"], dtype=np.float32))]
    raise Unsupported("its value is a string or sparse", "write a dense tensor of numbers")


def _shape(b: Builder, node: OnnxNode) -> list[Operand]:
    dims = np.asarray(b.get(node, 0).shape, dtype=np.int64)
    end = node.integer("end") if node.has("end") else len(dims)
    return [b.constant(dims[slice(node.integer("start", 0), end)])]


def _size(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.constant(np.asarray(b.get(node, 0).type.size, dtype=np.int64))]


def _filled(b: Builder, node: OnnxNode) -> list[Operand]:
    """ConstantOfShape."""
    shape = _checked(b.ints(node, 0, "the shape"))
    value = node.tensor("value") if node.has("value") else Constant(np.zeros(1, dtype=np.float32))
    if value.array.size != 1:
        raise Unsupported(f"its value has {value.array.size} elements", "use one")
    return [b.constant(np.full(shape, value.array.item(), dtype=value.array.dtype), value.dtype)]


def _range(b: Builder, node: OnnxNode) -> list[Operand]:
    start, limit, step = (b.array(node, i, what) for i, what in enumerate(("the start", "the limit", "the step")))
    if any(v.size != 1 or v.dtype == bool for v in (start, limit, step)) or not step.item():
        raise Unsupported("start, limit and step are not numbers, or the step is 0", "correct the operands")
    # Counted before anything is allocated.
    count = (limit.item() - start.item()) / step.item()
    _checked((ceil(max(0.0, count)) if np.isfinite(count) else -1,))
    return [b.constant(np.arange(start.item(), limit.item(), step.item(), dtype=start.dtype))]


def _expand(b: Builder, node: OnnxNode) -> list[Operand]:
    x, wanted = b.get(node, 0), _checked(b.ints(node, 1, "the shape"))
    try:
        shape = np.broadcast_shapes(x.shape, wanted)
    except ValueError:
        raise Unsupported(f"{x.shape} does not expand to {wanted}", "correct the shape") from None
    check_size(shape)
    if shape == x.shape:
        return [x]
    return [b.constant(np.broadcast_to(b.known(x, "the tensor"), shape), x.dtype)]


def _tile(b: Builder, node: OnnxNode) -> list[Operand]:
    x, repeats = b.get(node, 0), _checked(b.ints(node, 1, "the number of repeats"))
    if len(repeats) != x.rank:
        raise Unsupported(f"{len(repeats)} repeats meet {x.rank} axes", "correct the repeats")
    check_size(tuple(n * r for n, r in zip(x.shape, repeats, strict=True)))
    if set(repeats) <= {1}:
        return [x]
    return [b.constant(np.tile(b.known(x, "the tensor"), repeats), x.dtype)]


def _checked(shape: Sequence[int]) -> tuple[int, ...]:
    if any(n < 0 for n in shape):
        raise Unsupported(f"{tuple(shape)} is no shape", "correct the operand")
    check_size(tuple(shape))
    return tuple(shape)


RULES: Rules = {
    "Constant": _constant,
    "Shape": _shape,
    "Size": _size,
    "ConstantOfShape": _filled,
    "Range": _range,
    "Expand": _expand,
    "Tile": _tile,
}
