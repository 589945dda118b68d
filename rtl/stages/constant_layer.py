"""constant_layer: all outputs of a layer from all of its inputs at once, with its constants in the logic."""

from __future__ import annotations

from collections.abc import Callable

from mulfree.ir import Location, TensorType, Value
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import raster_stream
from mulfree.rtl.stages.elementwise import mapped_text


def constant_layer(
    name: str,
    x: Stream,
    value: Value[TensorType],
    outputs: Callable[[Circuit, Wire], Wire],
    *,
    location: Location | None = None,
) -> Stage:
    """y[m] is lane m of `outputs(circuit, x)`; a token of x holds a whole vector, in the stream's order."""
    circuit = Circuit()
    y = outputs(circuit, circuit.input("x", x.type.range, x.lanes))
    assert y.lanes == value.type.shape[0], f"{name}: {y.lanes} lanes for {value.type}"
    circuit.output("y", circuit.cast(y, value.type.range))
    return Stage(
        name=name,
        module="constant_layer",
        inputs=(x,),
        outputs=(raster_stream(name, value, y.lanes),),
        actors=(every_step(),),
        parameters={"inputs": x.lanes, "outputs": y.lanes},
        circuits={"map": circuit},
        location=location,
    )


def constant_layer_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    return mapped_text(stage, f"{p['outputs']} outputs of {p['inputs']} inputs at once, constants in the logic.")
