"""Which stages each layer of the graph became, so that a report hides none."""

from __future__ import annotations

from dataclasses import dataclass

from mulfree.ir import Node, TensorType
from mulfree.rtl import Design, Stage
from mulfree.rtl.names import identifier


@dataclass(frozen=True)
class Layer:
    """One operator of the integer graph and the stages made for it; none where it is wiring alone."""

    node: Node[TensorType]
    stages: tuple[Stage, ...]

    @property
    def origin(self) -> str:
        """The node of the imported model, or nothing."""
        return self.node.location.node if self.node.location else ""


def layers(design: Design) -> tuple[list[Layer], list[Stage]]:
    """Every node in order, and the stages that belong to none: what stands between inputs and the first layer.

    Stages are named after the value that they were made for; the longest name that fits is theirs.
    """
    names = {identifier(node.output.name): node for node in design.graph.nodes}
    owner = {stage.name: _owner(stage.name, names) for stage in design.stages}
    rows = [Layer(node, tuple(s for s in design.stages if owner[s.name] is node)) for node in design.graph.nodes]
    return rows, [stage for stage in design.stages if owner[stage.name] is None]


def _owner(stage: str, names: dict[str, Node[TensorType]]) -> Node[TensorType] | None:
    fitting = [name for name in names if stage == name or stage.startswith(f"{name}_")]
    return names[max(fitting, key=len)] if fitting else None
