"""MinMaxTrees in ONNX: what it means on floats, how it is imported, and its bodies."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mulfree.compiler.families.interface import DOMAIN, Example, Form
from mulfree.compiler.families.logic_trees.operator import check_units, evaluated, forest_of
from mulfree.compiler.frontends.onnx.builder import Builder, Operand
from mulfree.compiler.frontends.onnx.node import OnnxNode, Unsupported
from mulfree.ir import AnyArray, IntArray, RealOp, RealType, Tensor
from mulfree.ir.forest import MAX, MIN, Forest, Level

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

NAME = "MinMaxTrees"


@dataclass(frozen=True, slots=True)
class RealTrees(RealOp):
    """y[n, t] = tree t over the elements of row n of x (N, units); `trees` are codes as in `Forest`."""

    trees: Tensor

    name: ClassVar[str] = "min_max_trees"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        if len(x.shape) != 2:
            raise ValueError(f"rows of units are needed, not {x.shape}")
        forest = forest_of(self.trees)
        check_units(forest, x.shape[1])
        return RealType((x.shape[0], forest.trees), x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return evaluated(forest_of(self.trees), operands[0])


def _import(builder: Builder, node: OnnxNode) -> list[Operand]:
    codes = node.integers("trees")
    try:
        Forest.of(codes)
    except ValueError as error:
        raise Unsupported(f"attribute 'trees' is no list of trees: {error}", "write every tree in preorder") from None
    return [builder.add(RealTrees(Tensor(np.array(codes))), builder.get(node, 0))]


def _body(node: NodeProto, opset: int) -> FunctionProto:
    """Level by level: both operands of all nodes of a level gathered, then their maximum or minimum."""
    from onnx import helper

    codes = next(list(a.ints) for a in node.attribute if a.name == "trees")
    levels = Forest.of(codes).levels
    nodes: list[Any] = []
    values = "x"
    leaves = Forest.of(codes).leaves
    values = _gathered(nodes, values, "leaves", leaves)
    for number, level in enumerate(levels.runs):
        values = _level(nodes, values, number, level)
    _gathered(nodes, values, "y", levels.roots)
    overload = blake2b(str(codes).encode(), digest_size=8).hexdigest()
    legal = [helper.make_opsetid("", opset)]
    return helper.make_function(DOMAIN, NAME, ["x"], ["y"], nodes, legal, attributes=["trees"], overload=overload)


def _level(nodes: list[Any], values: str, number: int, level: Level) -> str:
    from onnx import helper

    pair = [
        _gathered(nodes, values, f"{side}_{number}", slots)
        for side, slots in (("left", level.left), ("right", level.right))
    ]
    nodes.append(helper.make_node("Max" if level.kind == MAX else "Min", pair, [f"level_{number}"]))
    nodes.append(helper.make_node("Concat", [values, f"level_{number}"], [f"values_{number}"], axis=1))
    return f"values_{number}"


def _gathered(nodes: list[Any], values: str, name: str, slots: IntArray) -> str:
    from onnx import helper, numpy_helper

    indices = numpy_helper.from_array(np.ascontiguousarray(slots, np.int64))
    nodes.append(helper.make_node("Constant", [], [f"{name}_places"], value=indices))
    nodes.append(helper.make_node("Gather", [values, f"{name}_places"], [name], axis=1))
    return name


FORMS = {
    NAME: Form(
        _import,
        _body,
        (
            Example((5,), (), {"trees": [MAX, 0, MIN, 1, 2, MIN, 3, MAX, MIN, 0, 4, 1]}),
            Example((4,), (), {"trees": [2, MIN, MIN, MIN, 0, 1, 2, 3, MAX, 1, 1]}),
        ),
    )
}
"""By the names of the operators."""
