"""Which stages each layer of the graph became, so that a report hides none."""

from __future__ import annotations

from dataclasses import dataclass

from mulfree.ir import Node, TensorType
from mulfree.rtl import Design, Stage


@dataclass(frozen=True)
class Layer:
    """One operator of the integer graph and the stages made for it; none for wiring, or if another's does it."""

    node: Node[TensorType]
    stages: tuple[Stage, ...]

    @property
    def origin(self) -> str:
        """The node of the imported model, or nothing."""
        return self.node.location.node if self.node.location else ""


def layers(design: Design) -> tuple[list[Layer], list[Stage]]:
    """Every node in order, and the stages that belong to none: what stands at the inputs and outputs."""
    rows = [Layer(node, tuple(s for s in design.stages if s.serves is node.output)) for node in design.graph.nodes]
    return rows, [stage for stage in design.stages if stage.serves is None]
