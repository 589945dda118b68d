"""The layers on which the families' contract is tested: the examples of every arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mulfree.compiler.families import FAMILIES, Arithmetic
from mulfree.compiler.families.arithmetic import LaneArithmetic
from mulfree.ir import Graph, IntArray, TensorType
from mulfree.ir.ops import Contraction

BATCH = 100


def over(takes: Callable[[TensorType, Contraction], bool], only_lanes: bool = False) -> pytest.MarkDecorator:
    """A test of every arithmetic, or of those that are sums of lanes, on those of its examples that `takes` accepts."""
    cases = [
        pytest.param(arithmetic, x, layer, id=f"{arithmetic.name}-{i}")
        for family in FAMILIES
        for arithmetic in family.arithmetics
        if issubclass(arithmetic, LaneArithmetic) or not only_lanes
        for i, (x, layer) in enumerate(arithmetic.examples)
        if takes(x, layer)
    ]
    return pytest.mark.parametrize(("arithmetic", "x", "layer"), cases)


layers = over(lambda x, layer: True)
lane_layers = over(lambda x, layer: True, only_lanes=True)

Kind = type[Arithmetic]
LaneKind = type[LaneArithmetic]


def draw(x: TensorType, batch: int = BATCH) -> IntArray:
    """Samples of the type, the first all lo, the second all hi."""
    indices = np.random.default_rng(0).integers(0, x.range.count, (batch, *x.shape))
    indices[0], indices[1] = 0, x.range.count - 1
    return x.range.lo + x.range.step * indices


def network(x: TensorType, layer: Contraction) -> Graph[TensorType]:
    """The layer alone."""
    graph = Graph[TensorType](name="network")
    graph.outputs = [graph.add(layer, graph.add_input("x", x), name="y")]
    return graph
