"""How much of its trees a network needs: units that lazy evaluation visits, on given samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.layer_names import layer_names
from mulfree.ir import AnyArray, Graph, IntArray, TensorType


@dataclass(frozen=True, slots=True)
class Visits:
    """Of one layer of trees: the leaves of all trees, and how many of them each tree visits for each sample."""

    leaves: int
    visits: IntArray
    """(samples, trees)"""

    @property
    def share(self) -> float:
        """Of the leaves, on average."""
        return float(self.visits.sum(axis=1).mean()) / self.leaves

    def __str__(self) -> str:
        trees = self.visits.shape[1]
        return f"{self.share:.1%} of {self.leaves} units in {trees} trees would be visited lazily"


def lazy_visits(graph: Graph[TensorType], inputs: Sequence[AnyArray]) -> dict[str, Visits]:
    """For every layer of trees, by name; inputs (samples, *shape) in the order of the graph's."""
    from mulfree.sim.functional import FastNetwork
    from mulfree.sim.lazy_trees import walked

    found = [node for node in graph.nodes if isinstance(node.op, MinMaxTrees)]
    if not found:
        return {}
    wanted = list(dict.fromkeys(node.inputs[0] for node in found))
    network = FastNetwork(Graph(list(graph.inputs), list(graph.nodes), wanted, graph.name))
    units = dict(zip(wanted, network.run(inputs), strict=True))
    names, result = layer_names(graph), dict[str, Visits]()
    for node in found:
        assert isinstance(node.op, MinMaxTrees)
        forest = node.op.forest
        result[names[node.output]] = Visits(len(forest.leaves), walked(units[node.inputs[0]], forest).visits)
    return result
