"""Piecewise in ONNX: what it means on floats, how it is imported, and its body.

    Piecewise(x, endpoints, values)        y = values[#{j : x >= endpoints[j]}]

endpoints (N,) ascend, values (N + 1,) rise from 0 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.compiler.families.bodies import function
from mulfree.compiler.families.interface import Example, Form
from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.real import MultiThreshold
from mulfree.ir import AnyArray, RealOp, RealType

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

LEAST_OPSET = 11
"""The first in which Unsqueeze and Less are as the body needs them."""


@dataclass(frozen=True, slots=True)
class Table(RealOp):
    """y = values[x] for operands x, of whole numbers from 0 on, and values (N + 1,)."""

    name: ClassVar[str] = "table"

    def infer(self, *operands: RealType) -> RealType:
        x, values = operands
        if len(values.shape) != 1:
            raise ValueError(f"values of shape {values.shape} are no list")
        return RealType(x.shape, values.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, values = operands
        y: AnyArray = values[x.astype(np.int64)]
        return y


def _piecewise(b: Builder, node: OnnxNode) -> list[Operand]:
    endpoints, values = (b.array(node, i, what) for i, what in ((1, "the endpoints"), (2, "the values")))
    _check(endpoints, values)
    reached = MultiThreshold(f"UINT{len(endpoints).bit_length()}")
    pieces = b.add(reached, b.get(node, 0), b.constant(endpoints.reshape(1, -1)))
    return [b.add(Table(), pieces, b.get(node, 2))]


def _check(endpoints: AnyArray, values: AnyArray) -> None:
    if endpoints.ndim != 1 or values.shape != (len(endpoints) + 1,) or not len(endpoints):
        raise Unsupported(
            f"{endpoints.shape} endpoints part {values.shape} values", "give (N,) endpoints and (N + 1,) values, N > 0"
        )
    if (np.diff(endpoints) < 0).any() or (np.diff(values) < 0).any() or values[0] != 0:
        raise Unsupported("endpoints or values do not rise, or the first value is not 0", "sort them, beginning with 0")


BODY = """
    last = Constant <value = int64[1] {-1}> () each = Unsqueeze%s below = Less (each, endpoints) reached = Not (below)
    ones = Cast <to = 7> (reached) index = ReduceSum%s y = Gather (values, index)
"""
OLD = (" <axes = [-1]> (x)", " <axes = [-1], keepdims = 0> (ones)")
NEW = (" (x, last)", " <keepdims = 0> (ones, last)")
"""Axes are attributes before opset 13, operands from there on."""


def _body(node: NodeProto, opset: int) -> FunctionProto:
    del node
    return function("Piecewise (x, endpoints, values) => (y)", BODY % (OLD if opset < 13 else NEW), opset, LEAST_OPSET)


def _list(*values: float) -> AnyArray:
    return np.array(values, np.float32)


FORMS = {
    "Piecewise": Form(
        _piecewise,
        _body,
        (
            Example((7,), (_list(0.3, 0.75, 1.25), _list(0, 0.5, 1, 1.75))),
            Example((2, 3, 4), (_list(0.5), _list(0, 0.75))),
            Example((3, 2), (_list(-0.5, 0.25, 0.25, 1.5, 9), _list(0, 0.125, 0.5, 0.5, 1, 2))),
        ),
    )
}
