"""Passes: a graph goes in, a graph comes out, and both ends are checked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic

from mulfree.ir.graph import Graph
from mulfree.ir.op import TypeT


@dataclass(frozen=True)
class Pass(ABC, Generic[TypeT]):
    """A frozen dataclass whose fields are the pass's options."""

    name: ClassVar[str]

    def requires(self, graph: Graph[TypeT]) -> None:
        """Raise CompileError if the graph is not one that this pass takes."""

    @abstractmethod
    def run(self, graph: Graph[TypeT]) -> Graph[TypeT]:
        """The rewritten graph; the one given stays as it is."""

    def ensures(self, graph: Graph[TypeT]) -> None:
        """Assert what this pass promises of its result."""


def run_passes(
    graph: Graph[TypeT],
    passes: Sequence[Pass[TypeT]],
    after: Callable[[Pass[TypeT], Graph[TypeT]], None] | None = None,
) -> Graph[TypeT]:
    """Run the passes in order; the graph is verified after each, then shown to `after`."""
    for step in passes:
        step.requires(graph)
        graph = step.run(graph)
        graph.verify()
        step.ensures(graph)
        if after:
            after(step, graph)
    return graph
