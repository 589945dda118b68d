"""Sum-max written with standard operators: two sums, a ReduceMax, a ReduceMin, and their sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.compiler.families.sum_max.forms import SumMaxDense
from mulfree.compiler.frontends.real import Binary, Constant, Reduce, Reshape
from mulfree.ir import AnyArray, Graph, Node, RealType, Value, copy_node, rewrite

RealGraph = Graph[RealType]
RealNode = Node[RealType]
RealValue = Value[RealType]


@dataclass(frozen=True)
class Term:
    """x (N, K) plus weights (M, K), reduced over K."""

    kind: str
    x: RealValue
    weights: AnyArray


def recognise(graph: RealGraph) -> RealGraph:
    """ReduceMax(x' + v) + ReduceMin(x' + w) as one operator; x' is x (N, K) reshaped to (N, 1, K) or (N, K, 1)."""
    makers = graph.producers()

    def visit(new: RealGraph, node: RealNode, operands: tuple[RealValue, ...]) -> RealValue:
        terms = _terms(node, makers)
        if terms is None:
            return copy_node(new, node, operands)
        x = _same(new, terms["max"].x)
        weights = [
            new.add(Constant(terms[kind].weights), location=node.location, name=f"{node.output.name}.w_{kind}")
            for kind in ("max", "min")
        ]
        return new.add(SumMaxDense(), x, *weights, location=node.location, name=node.output.name)

    return rewrite(graph, visit)


def _same(graph: RealGraph, value: RealValue) -> RealValue:
    """The value of that name in the new graph, where values keep their names."""
    return next(v for v in graph.values() if v.name == value.name)


def _terms(node: RealNode, makers: dict[RealValue, RealNode]) -> dict[str, Term] | None:
    """Both terms of a sum by kind; None if it is another sum."""
    if node.op != Binary("add"):
        return None
    found = [_term(makers.get(value), makers) for value in node.inputs]
    terms = {term.kind: term for term in found if term}
    if set(terms) != {"max", "min"} or terms["max"].x is not terms["min"].x:
        return None
    return terms if terms["max"].weights.shape == terms["min"].weights.shape else None


def _term(reduce: RealNode | None, makers: dict[RealValue, RealNode]) -> Term | None:
    if not (reduce and isinstance(reduce.op, Reduce) and reduce.op.kind in ("max", "min") and not reduce.op.keepdims):
        return None
    total = makers.get(reduce.inputs[0])
    if total is None or total.op != Binary("add") or len(total.output.type.shape) != 3:
        return None
    (axis,) = {a % 3 for a in reduce.op.axes} if len(reduce.op.axes) == 1 else {0}
    ends = [makers.get(value) for value in total.inputs]
    constant = next((n for n in ends if n and isinstance(n.op, Constant)), None)
    spread = next((n for n in ends if n and isinstance(n.op, Reshape)), None)
    if not (constant and spread and axis):
        return None
    return _paired(reduce.op.kind, spread, constant, axis)


def _paired(kind: str, spread: RealNode, constant: RealNode, axis: int) -> Term | None:
    """The weights as (M, K), if x is spread along the other axis than K."""
    (x,), (n, *inner) = spread.inputs, spread.output.type.shape
    assert isinstance(constant.op, Constant)
    weights = constant.op.array
    rows = weights.reshape(weights.shape[-2:]) if weights.size and weights.ndim in (2, 3) else None
    if rows is None or x.type.shape != (n, inner[axis - 1]) or inner[2 - axis] != 1:
        return None
    if rows.shape[axis - 1] != inner[axis - 1] or (weights.ndim == 3 and weights.shape[0] != 1):
        return None
    return Term(kind, x, rows if axis == 2 else np.ascontiguousarray(rows.T))
