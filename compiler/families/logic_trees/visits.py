"""How much of its trees a network needs: units that lazy evaluation visits, on given samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.layer_names import layer_names
from mulfree.ir import AnyArray, Graph, IntArray, TensorType

BATCH = 2048


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
    network = FastNetwork(Graph(list(graph.inputs), list(graph.nodes), [node.inputs[0] for node in found], graph.name))
    forests = [node.op.forest for node in found if isinstance(node.op, MinMaxTrees)]
    parts = [
        [walked(units, forest).visits for units, forest in zip(network.run(batch), forests, strict=True)]
        for batch in _batches(inputs)
    ]
    names = [layer_names(graph)[node.output] for node in found]
    columns = zip(names, forests, zip(*parts, strict=True), strict=True)
    return {name: Visits(len(forest.leaves), np.concatenate(visits)) for name, forest, visits in columns}


def _batches(inputs: Sequence[AnyArray]) -> Iterator[list[AnyArray]]:
    """Few samples at a time: their units are many."""
    for first in range(0, len(inputs[0]), BATCH):
        yield [x[first : first + BATCH] for x in inputs]
