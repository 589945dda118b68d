"""Trees whose units are evaluated one after the other, and only as far as they are needed: on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import LaneArithmetic
from mulfree.compiler.families.logic_trees.operator import MinMaxTrees, check_units, evaluated, forest_of
from mulfree.compiler.layer_shape import LayerShape
from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.compiler.registry import arithmetics_of
from mulfree.ir import (
    AnyArray,
    Graph,
    IntArray,
    IntOp,
    IntRange,
    Node,
    Pass,
    Tensor,
    TensorType,
    Value,
    copy_node,
    rewrite,
)
from mulfree.ir.forest import Forest
from mulfree.ir.ops import Affine, MultiplyAccumulate, exact_matmul
from mulfree.rtl import Circuit, Stream, Wire, stages

IntGraph = Graph[TensorType]
IntValue = Value[TensorType]


@dataclass(frozen=True, slots=True)
class LazyTrees(IntOp):
    """y[t] = tree t over the units weights @ x + biases: MinMaxTrees with the layer before it.

    One unit is evaluated at a time; a tree leaves those out that cannot change its value (fail-soft alpha-beta).
    """

    weights: Tensor
    """(units, inputs)"""
    biases: Tensor
    trees: Tensor

    name: ClassVar[str] = "lazy_trees"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if x.shape != self.weights.shape[1:]:
            raise ValueError(f"x has shape {x.shape} but the weights take {self.weights.shape[1]} inputs")
        check_units(self.forest, len(self.weights.array))
        ends = [
            end + int(bias)
            for row, bias in zip(self.units.row_ranges(x.range), self.biases.array, strict=True)
            for end in (row.lo, row.hi)
        ]
        return TensorType((self.forest.trees,), IntRange(min(ends), max(ends)))

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return evaluated(self.forest, self.unit_values(operands[0]))

    def unit_values(self, x: AnyArray) -> AnyArray:
        """(batch, units)"""
        return exact_matmul(x, self.weights.array.T) + self.biases.array

    def steps(self, x: AnyArray) -> IntArray:
        """Units visited and nodes looked at, (2, batch, trees)."""
        from mulfree.sim.lazy_trees import walked

        found = walked(self.unit_values(x), self.forest)
        return np.stack([found.visits, found.looks])

    @property
    def forest(self) -> Forest:
        return forest_of(self.trees)

    @property
    def units(self) -> MultiplyAccumulate:
        """The layer that the units are, without their biases."""
        return MultiplyAccumulate(Tensor(self.weights.array[:, :, None, None]))


@dataclass(frozen=True)
class EvaluateLazily(Pass[TensorType]):
    """min_max_trees(affine(mac(x))) becomes lazy_trees(x) for vectors x."""

    name: ClassVar[str] = "evaluate-lazily"

    def run(self, graph: IntGraph) -> IntGraph:
        return rewrite(graph, _fused)


def _fused(graph: IntGraph, node: Node[TensorType], operands: tuple[IntValue, ...]) -> IntValue:
    makers = graph.producers()
    below = makers.get(operands[0]) if isinstance(node.op, MinMaxTrees) else None
    step = below.op if below and isinstance(below.op, Affine) else None
    layer = makers.get(below.inputs[0]) if below and step else below
    if not (isinstance(node.op, MinMaxTrees) and layer and _is_dense(layer)):
        return copy_node(graph, node, operands)
    op = _with_layer(node.op, layer, step)
    return graph.add(op, *layer.inputs, location=layer.location, name=node.output.name)


def _is_dense(node: Node[TensorType]) -> bool:
    return type(node.op) is MultiplyAccumulate and node.op.groups == 1 and len(node.inputs[0].type.shape) == 1


def _with_layer(trees: MinMaxTrees, layer: Node[TensorType], step: Affine | None) -> LazyTrees:
    """The step's factors go into the weights, its offsets are the biases."""
    assert isinstance(layer.op, MultiplyAccumulate)
    rows = layer.op.weights.array[:, :, 0, 0]
    factor, offset = (step.multiplier.array, step.offset.array) if step else (np.ones(1, int), np.zeros(1, int))
    biases: IntArray = np.broadcast_to(offset, len(rows))
    return LazyTrees(Tensor(rows * factor[:, None]), Tensor(biases), trees.trees)


def lazy_shape(node: IntNode) -> LayerShape:
    """One unit at a time, at most as many as there are leaves."""
    assert isinstance(node.op, LazyTrees)
    return LayerShape(len(node.op.forest.leaves), 1, 1, node.op.weights.shape[1], 1)


def lower_lazy_trees(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    op = node.op
    assert isinstance(op, LazyTrees)
    layer, leaves = to.layer(node), op.forest.leaves
    x = to.with_lanes(streams[0], layer.simd)
    arithmetic = cheapest_lane(op, x.type.range, layer.simd)
    codes = arithmetic.codes.reshape(len(op.weights.array), -1)
    biases = op.biases.array + arithmetic.offset

    def lane(circuit: Circuit, token: Wire, w: Wire) -> Wire:
        return arithmetic.lane(circuit, circuit.plain(token), w)

    options = {"weights": codes[leaves][:, x.order], "biases": biases[leaves], "lane": lane, "steps": op.steps}
    options |= {"weight_range": arithmetic.weight_range, "style": layer.memory, "location": node.location}
    return to.build(stages.lazy_trees, node.output, "", x, node.output, op.forest, **options).outputs[0]


def cheapest_lane(op: LazyTrees, x: IntRange, simd: int) -> LaneArithmetic:
    """Of the arithmetics that add up shares of a unit exactly, with weights in a memory, that of the smallest lane."""
    plain = TensorType((op.weights.shape[1],), IntRange(x.lo, x.hi))
    kinds = [kind for kind in arithmetics_of(op.units) if issubclass(kind, LaneArithmetic)]
    adding = [kind for kind in kinds if kind.reduce is LaneArithmetic.reduce and kind.accepts(op.units, plain)]
    found = [kind.replacing(op.units, plain) for kind in adding]
    fitting = [a for a in found if a.factor == 1 and a.elements_per_code == 1]
    return min(fitting, key=lambda a: _luts(a, simd))


def _luts(arithmetic: LaneArithmetic, simd: int) -> int:
    circuit = Circuit()
    x, w = circuit.input("x", arithmetic.operand, simd), circuit.input("w", arithmetic.weight_range, simd)
    arithmetic.lane(circuit, x, w)
    return circuit.price.luts
