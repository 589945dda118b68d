"""What stages do whose time for a frame depends on what it holds."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.ir import AnyArray, Graph, TensorType, drop_unused
from mulfree.rtl.actors import Stepper, Varying
from mulfree.rtl.design import Design, Stage
from mulfree.sim.cycles.net import Programs
from mulfree.sim.reference import run_graph


def programs_of(design: Design, inputs: Sequence[AnyArray]) -> Programs:
    """Their programs for the frames that the inputs (frames, *shape) hold, in the order of the design's inputs.

    The values that such a stage reads are computed by the definitions of the operators before it.
    """
    stages = design.varying
    if not stages:
        return {}
    graph = design.graph
    wanted = list(dict.fromkeys(stage.inputs[0].value for stage in stages))
    before: Graph[TensorType] = Graph(list(graph.inputs), list(graph.nodes), wanted, graph.name)
    feeds = {value.name: array for value, array in zip(graph.inputs, inputs, strict=True)}
    values = run_graph(drop_unused(before), feeds)
    return {stage.name: _programs(stage, values[stage.inputs[0].value.name]) for stage in stages}


def _programs(stage: Stage, values: AnyArray) -> Sequence[Stepper]:
    (actor,) = stage.actors
    assert isinstance(actor, Varying), f"{stage.name}: an actor whose time depends on the data stands alone"
    return actor.programs(values)
