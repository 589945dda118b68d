"""constant_layer: all outputs of a layer from all of its inputs at once, with its constants in the logic."""

from __future__ import annotations

from collections.abc import Callable

from mulfree.ir import Location, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import cells
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.compare_lanes import compare_lanes
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.pipeline import registers_within
from mulfree.rtl.stages.ascending import steps_of
from mulfree.rtl.stages.constants import raster_stream
from mulfree.rtl.stages.pipelined import pipelined_stage_text


def constant_layer(
    name: str,
    x: Stream,
    value: Value[TensorType],
    outputs: Callable[[Circuit, Wire], Wire],
    *,
    threshold: Threshold | None = None,
    levels: int | None = None,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage:
    """y[m] is lane m of `outputs(circuit, x)`; a token of x holds a whole vector, in the stream's order.

    With a threshold, of two levels, y is what that makes of the lanes, and of a sum no more than its carry is made.

    One register stands behind the circuit; or as many on the way as leave at most `levels` levels of logic before
    each, heaps being planned for `target`. On another target the same registers stand elsewhere.
    """
    circuit = Circuit()
    y = outputs(circuit, circuit.input("x", x.type.range, x.lanes))
    assert y.lanes == value.type.shape[0], f"{name}: {y.lanes} lanes for {value.type}"
    if threshold:
        y = _steps(circuit, y, threshold, target)
    circuit.output("y", circuit.cast(y, value.type.range))
    circuit.prune()
    registers = registers_within(circuit, target, levels) if levels else 1
    return Stage(
        name=name,
        module="constant_layer",
        inputs=(x,),
        outputs=(raster_stream(name, value, y.lanes),),
        actors=(every_step(latency=registers),),
        parameters={"inputs": x.lanes, "outputs": y.lanes, "registers": registers},
        circuits={"map": circuit},
        location=location,
        target=target,
    )


def _steps(circuit: Circuit, y: Wire, op: Threshold, target: str) -> Wire:
    """The element of the threshold's levels that each lane of y comes to."""
    index = compare_lanes(circuit, y, steps_of(y.range, op, y.lanes), target)
    return circuit.drive(cells.from_index(op.levels), index)


def constant_layer_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    purpose = (
        f"{p['outputs']} outputs of {p['inputs']} inputs at once, constants in the logic, "
        f"{p['registers']} registers on the way."
    )
    return pipelined_stage_text(stage, purpose)
