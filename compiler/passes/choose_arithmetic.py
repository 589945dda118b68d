"""Put an arithmetic without multipliers in the place of every contraction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.passes.fold_affine import folded
from mulfree.compiler.registry import arithmetics_of
from mulfree.ir import CompileError, Graph, IntArray, Node, Pass, Tensor, TensorType, Value, rewrite
from mulfree.ir.ops import Affine, Contraction

IntGraph = Graph[TensorType]
IntValue = Value[TensorType]
Choose = Callable[[list[Arithmetic], TensorType, str], Arithmetic]
"""Of the arithmetics that compute a layer exactly, for its operand's type and its name, the one to take."""


def first(found: list[Arithmetic], x: TensorType, layer: str) -> Arithmetic:
    """In the order of the families: the narrower arithmetic before the more general."""
    del x, layer
    return found[0]


@dataclass(frozen=True)
class ChooseArithmetic(Pass[TensorType]):
    """layer(x) becomes affine(arithmetic(x)), with an arithmetic that computes the layer exactly.

    One named in `prefer` is taken where it does, else the one that `choose` says. What reads the affine step swallows
    it at once, as `FoldAffine` does: that may narrow ranges, and the arithmetics of later layers are made for the
    ranges that they find.
    """

    prefer: tuple[str, ...] = ()
    choose: Choose = field(default=first, compare=False)

    name: ClassVar[str] = "choose-arithmetic"

    def run(self, graph: IntGraph) -> IntGraph:
        names = layer_names(graph)

        def visit(result: IntGraph, node: Node[TensorType], operands: tuple[IntValue, ...]) -> IntValue:
            return self._replace(result, node, operands, names[node.output])

        return rewrite(graph, visit)

    def ensures(self, graph: IntGraph) -> None:
        assert not any(is_open(node) for node in graph.nodes)

    def _replace(self, graph: IntGraph, node: Node[TensorType], operands: tuple[IntValue, ...], layer: str) -> IntValue:
        if not is_open(node):
            return folded(graph, node, operands)
        found, common = candidates(node, operands[0].type)
        preferred = self._preferred(node, operands[0].type, found)
        arithmetic = preferred or self.choose(found, operands[0].type, layer)
        factor, offset = common * arithmetic.factor, common * arithmetic.offset
        if factor == 1 and not offset.any():
            return graph.add(arithmetic, *operands, location=node.location, name=node.output.name)
        sums = graph.add(arithmetic, *operands, location=node.location, name=f"{node.output.name}.sum")
        return graph.add(_affine(factor, offset), sums, location=node.location, name=node.output.name)

    def _preferred(self, node: Node[TensorType], x: TensorType, found: list[Arithmetic]) -> Arithmetic | None:
        """The one that is asked for first. Raises CompileError if that would compute layers like this, but not this."""
        assert isinstance(node.op, Contraction)
        kinds = {kind.name: kind for kind in arithmetics_of(node.op)}
        for wanted in (name for name in self.prefer if name in kinds):
            if refusal := kinds[wanted].refusal(node.op.without_common_factor()[0], x):
                raise CompileError(f"{wanted} cannot compute this layer: {refusal}", node.location)
            if taken := next((a for a in found if a.name == wanted), None):
                return taken
        return None


def candidates(node: Node[TensorType], x: TensorType) -> tuple[list[Arithmetic], int]:
    """The arithmetics that compute the node on x exactly, but for a common factor, which is the second result.

    Raises CompileError if there is none.
    """
    assert isinstance(node.op, Contraction)
    layer, common = node.op.without_common_factor()
    found = [kind.replacing(layer, x) for kind in arithmetics_of(layer) if kind.accepts(layer, x)]
    if not found:
        raise CompileError(f"no arithmetic computes this {layer.name} layer exactly", node.location)
    return found, common


def is_open(node: Node[TensorType]) -> bool:
    """Whether the node says what is computed, but not yet how."""
    return isinstance(node.op, Contraction) and not isinstance(node.op, Arithmetic)


def _affine(factor: int, offset: IntArray) -> Affine:
    """One element where all channels agree, so that later passes see a uniform step."""
    same = bool((offset == offset[0]).all())
    return Affine(Tensor(np.array([factor])), Tensor(offset[:1] if same else offset))
