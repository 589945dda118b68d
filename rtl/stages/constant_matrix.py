"""constant_matrix: y = W x with the weights in the logic: shared sums, then a heap per output."""

from __future__ import annotations

from mulfree.ir import IntArray, IntRange, Location, TensorType, Value
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.constant_matrix import draw, plan_matrix
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.stages.constants import raster_stream
from mulfree.rtl.stages.pipelined import pipelined_stage_text


def constant_matrix(
    name: str,
    x: Stream,
    value: Value[TensorType],
    *,
    weights: IntArray,
    registers: int = 1,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage:
    """y[m] = sum_k weights[m, k] x[k]: a vector (or window) of K = x.lanes elements in, all M outputs out.

    One vector per cycle, through `registers` >= 1 registers. `value` is (M,) or (M, rows, columns): the vectors come
    in raster order. Which sums are shared is weighed for `target`; heaps are planned for the stage's target.
    """
    outputs, inputs = weights.shape
    assert inputs == x.lanes, f"{name}: {x.lanes} lanes for {inputs} columns of weights"
    assert value.type.shape[0] == outputs, f"{name}: {outputs} rows of weights for {value.type}"
    return Stage(
        name=name,
        module="constant_matrix",
        inputs=(x,),
        outputs=(raster_stream(name, value, outputs),),
        actors=(every_step(latency=registers),),
        parameters={"registers": registers},
        circuits={"map": _circuit(x, value.type.range, weights, target)},
        location=location,
        target=target,
    )


def _circuit(x: Stream, y: IntRange, weights: IntArray, target: str) -> Circuit:
    """With x = lo + step * word where x is stored as an index, W x = step * W word + lo * W 1."""
    circuit, range = Circuit(), x.type.range
    words = circuit.index(circuit.input("x", range, x.lanes))
    lo, step = (range.lo, range.step) if range.is_coded else (0, 1)
    offsets = (lo * weights.sum(axis=1)).tolist()
    circuit.output("y", draw(plan_matrix(weights, words.range, target), circuit, words, y, step, offsets))
    return circuit


def constant_matrix_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    (x,), (y,), registers = stage.inputs, stage.outputs, stage.parameters["registers"]
    purpose = f"constant matrix times vector, {x.lanes} inputs, {y.lanes} outputs, {registers} registers on the way."
    return pipelined_stage_text(stage, purpose)
