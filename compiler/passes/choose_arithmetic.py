"""Put an arithmetic without multipliers in the place of every multiply-accumulate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families import FAMILIES
from mulfree.compiler.families.family import FamilyContraction
from mulfree.compiler.passes.fold_affine import folded
from mulfree.ir import CompileError, Graph, IntArray, Node, Pass, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import Affine, MultiplyAccumulate

IntGraph = Graph[TensorType]
IntValue = Value[TensorType]


@dataclass(frozen=True)
class ChooseArithmetic(Pass[TensorType]):
    """mac(x) becomes affine(family(x)), with the first family of `FAMILIES` that computes the layer exactly.

    What reads the affine step swallows it at once, as `FoldAffine` does: that may narrow ranges, and the families of
    later layers are made for the ranges that they find.
    """

    name: ClassVar[str] = "choose-arithmetic"

    def run(self, graph: IntGraph) -> IntGraph:
        return rewrite(graph, _replace)

    def ensures(self, graph: IntGraph) -> None:
        assert not any(isinstance(node.op, MultiplyAccumulate) for node in graph.nodes)


def _replace(graph: IntGraph, node: Node[TensorType], operands: tuple[IntValue, ...]) -> IntValue:
    if not isinstance(node.op, MultiplyAccumulate):
        return folded(graph, node, operands)
    common = max(1, int(np.gcd.reduce(node.op.weights.array, axis=None)))
    layer = MultiplyAccumulate(Tensor(node.op.weights.array // common), node.op.window, node.op.groups)
    family = _family_for(layer, operands[0].type, node)
    factor, offset = common * family.factor, common * family.offset
    if factor == 1 and not offset.any():
        return graph.add(family, *operands, location=node.location, name=node.output.name)
    sums = graph.add(family, *operands, location=node.location, name=f"{node.output.name}.sum")
    return graph.add(_affine(factor, offset), sums, location=node.location, name=node.output.name)


def _family_for(layer: MultiplyAccumulate, x: TensorType, node: Node[TensorType]) -> FamilyContraction:
    for family in FAMILIES:
        if family.accepts(layer, x):
            return family.replacing(layer, x)
    raise CompileError("no arithmetic family computes this layer exactly", node.location)


def _affine(factor: int, offset: IntArray) -> Affine:
    """One element where all channels agree, so that later passes see a uniform step."""
    same = bool((offset == offset[0]).all())
    return Affine(Tensor(np.array([factor])), Tensor(offset[:1] if same else offset))
