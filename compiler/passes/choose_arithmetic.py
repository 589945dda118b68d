"""Put an arithmetic without multipliers in the place of every contraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.passes.fold_affine import folded
from mulfree.compiler.registry import arithmetics_of
from mulfree.ir import CompileError, Graph, IntArray, Node, Pass, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import Affine, Contraction

IntGraph = Graph[TensorType]
IntValue = Value[TensorType]


@dataclass(frozen=True)
class ChooseArithmetic(Pass[TensorType]):
    """layer(x) becomes affine(arithmetic(x)), with the first arithmetic that computes the layer exactly.

    The arithmetics named in `prefer` come first, then those of the families in their order. What reads the affine step
    swallows it at once, as `FoldAffine` does: that may narrow ranges, and the arithmetics of later layers are made for
    the ranges that they find.
    """

    prefer: tuple[str, ...] = ()

    name: ClassVar[str] = "choose-arithmetic"

    def run(self, graph: IntGraph) -> IntGraph:
        return rewrite(graph, self._replace)

    def ensures(self, graph: IntGraph) -> None:
        assert not any(_is_open(node) for node in graph.nodes)

    def _replace(self, graph: IntGraph, node: Node[TensorType], operands: tuple[IntValue, ...]) -> IntValue:
        if not _is_open(node):
            return folded(graph, node, operands)
        assert isinstance(node.op, Contraction)
        layer, common = node.op.without_common_factor()
        arithmetic = self._arithmetic_for(layer, operands[0].type, node)
        factor, offset = common * arithmetic.factor, common * arithmetic.offset
        if factor == 1 and not offset.any():
            return graph.add(arithmetic, *operands, location=node.location, name=node.output.name)
        sums = graph.add(arithmetic, *operands, location=node.location, name=f"{node.output.name}.sum")
        return graph.add(_affine(factor, offset), sums, location=node.location, name=node.output.name)

    def _arithmetic_for(self, layer: Contraction, x: TensorType, node: Node[TensorType]) -> Arithmetic:
        for arithmetic in arithmetics_of(layer, self.prefer):
            if arithmetic.accepts(layer, x):
                return arithmetic.replacing(layer, x)
        raise CompileError(f"no arithmetic computes this {layer.name} layer exactly", node.location)


def _is_open(node: Node[TensorType]) -> bool:
    """Whether the node says what is computed, but not yet how."""
    return isinstance(node.op, Contraction) and not isinstance(node.op, Arithmetic)


def _affine(factor: int, offset: IntArray) -> Affine:
    """One element where all channels agree, so that later passes see a uniform step."""
    same = bool((offset == offset[0]).all())
    return Affine(Tensor(np.array([factor])), Tensor(offset[:1] if same else offset))
