"""Stages that join, extend or permute feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from mulfree.ir import AnyArray, IntArray, Location, TensorType, Value
from mulfree.ir.ops import ChannelGather, Pad, as_map
from mulfree.rtl import cells
from mulfree.rtl.actors import BoolArray, Stepper
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import map_shape, raster_stream
from mulfree.rtl.stages.plumbing import narrowing_text, widening, widening_text
from mulfree.rtl.stages.text import (
    CLOCK,
    circuit_instance,
    circuit_text,
    declare_stream,
    handshake,
    instance,
    module_text,
)


def concat(
    name: str, xs: Sequence[Stream], value: Value[TensorType], axis: int, *, location: Location | None = None
) -> Stage:
    """The streams' tensors along an axis of the sample; raster order where every input has it.

    All streams need the same lanes, which must divide each one's channels.
    """
    assert len({x.lanes for x in xs}) == 1, f"{name}: {[x.lanes for x in xs]} lanes"
    runs = [_run(x, axis) for x in xs]
    order = _interleaved([_moved(x, value, axis, start) for x, start in zip(xs, _starts(xs, axis), strict=True)], runs)
    out = Stream(name, value, order, xs[0].lanes, value.type)
    return Stage(
        name=name,
        module="concat",
        inputs=tuple(xs),
        outputs=(out,),
        actors=(Stepper(_turns(runs), np.ones((1, sum(runs)), bool)),),
        parameters={f"run_{i}": run for i, run in enumerate(runs)},
        circuits={f"recode_{i}": recoding(x, value.type) for i, x in enumerate(xs)},
        location=location,
    )


def run_elements(shape: tuple[int, ...], axis: int) -> int:
    """Elements of an input that follow each other in a raster result: all but those of the slower axes."""
    return shape[0] * prod(shape[axis:] if axis else ())


def _run(x: Stream, axis: int) -> int:
    """Tokens of a run."""
    elements = run_elements(x.value.type.shape, axis)
    assert elements % x.lanes == 0, f"{x.name}: {x.lanes} lanes do not divide a run of {elements}"
    return elements // x.lanes


def _starts(xs: Sequence[Stream], axis: int) -> list[int]:
    lengths = [x.value.type.shape[axis] for x in xs]
    return [sum(lengths[:i]) for i in range(len(lengths))]


def _moved(x: Stream, value: Value[TensorType], axis: int, start: int) -> IntArray:
    """Tokens of x (tokens, lanes) as elements of the result."""
    index = list(np.unravel_index(x.order, x.value.type.shape))
    index[axis] = index[axis] + start
    moved: AnyArray = np.ravel_multi_index(tuple(index), value.type.shape)
    return moved.reshape(-1, x.lanes)


def _interleaved(tokens: Sequence[IntArray], runs: Sequence[int]) -> IntArray:
    rounds = [t.reshape(-1, run * t.shape[1]) for t, run in zip(tokens, runs, strict=True)]
    order: IntArray = np.concatenate(rounds, axis=1).ravel()
    return order


def _turns(runs: Sequence[int]) -> BoolArray:
    """consumes (inputs, period)."""
    owner = np.repeat(np.arange(len(runs)), runs)
    return np.equal(owner[None], np.arange(len(runs))[:, None])


def recoding(x: Stream, type: TensorType) -> Circuit:
    """x to y: the same numbers as another range stores them."""
    circuit = Circuit()
    circuit.output("y", circuit.cast(circuit.input("x", x.type.range, x.lanes), type.range))
    return circuit


def concat_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    inputs, bits = len(stage.inputs), stage.outputs[0].token_bits
    runs = [stage.parameters[f"run_{i}"] for i in range(inputs)]
    count = (max(runs)).bit_length()
    body, parts = [f"logic [{inputs - 1}:0][{bits - 1}:0] words;"], []
    for i in range(inputs):
        ports = {"x": f"s{i}_data", "y": f"words[{i}]"}
        body.append(circuit_instance(stage, f"recode_{i}", ports))
        parts.append(circuit_text(stage, f"recode_{i}", f"Input {i} as the result is stored"))
    ports = {
        **CLOCK,
        "runs": _listed([literal(count, run) for run in runs]),
        "s_data": "words",
        "s_valid": _listed([f"s{i}_valid" for i in range(inputs)]),
        "s_ready": _listed([f"s{i}_ready" for i in range(inputs)]),
        **handshake("m", "m"),
    }
    body.append(instance("concat_streams", "u_concat", {"INPUTS": inputs, "WIDTH": bits, "BITS": count}, ports))
    return module_text(stage, f"runs of {runs} tokens, one input after the other.", body, parts)


def _listed(items: Sequence[str]) -> str:
    """A concatenation, item 0 in the least significant bits."""
    return f"{{{', '.join(reversed(items))}}}"


def pad(name: str, x: Stream, value: Value[TensorType], op: Pad, *, location: Location | None = None) -> Stage:
    """A raster map with `op.value` around it; x.lanes must divide the channels."""
    channels, height, width = map_shape(x)
    _, rows, columns = as_map(value.type.shape)
    folds, (top, left, _, _) = channels // x.lanes, op.pads
    assert folds * x.lanes == channels, f"{name}: {x.lanes} lanes do not divide {channels} channels"
    row, column = np.divmod(np.arange(rows * columns * folds) // folds, columns)
    inside = (row >= top) & (row < top + height) & (column >= left) & (column < left + width)
    return Stage(
        name=name,
        module="pad",
        inputs=(x,),
        outputs=(raster_stream(name, value, x.lanes),),
        actors=(Stepper(inside[None], np.ones((1, len(inside)), bool)),),
        parameters={
            "folds": folds,
            "rows": rows,
            "columns": columns,
            "top": top,
            "left": left,
            "bottom": top + height,
            "right": left + width,
            "fill": op.value,
        },
        circuits={"recode": recoding(x, value.type)},
        location=location,
    )


def pad_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, out, circuit = stage.parameters, stage.outputs[0], stage.circuits["recode"]
    word = int(circuit.outputs["y"].range.encode(np.array([p["fill"]]))[0])
    fill = sum(word << (i * out.element_bits) for i in range(out.lanes))
    parameters: dict[str, int | str] = {
        "WIDTH": out.token_bits,
        "FILL": literal(out.token_bits, fill),
        "BITS": max(p["rows"], p["columns"], p["folds"]).bit_length() + 1,
        "FOLD": p["folds"],
        **{key.upper(): p[key] for key in ("rows", "columns", "top", "left", "bottom", "right")},
    }
    ports = {**CLOCK, **handshake("s", "s"), "s_data": "word", **handshake("m", "m")}
    body = [
        f"logic [{out.token_bits - 1}:0] word;",
        circuit_instance(stage, "recode", {"x": "s_data", "y": "word"}),
        instance("pad_map", "u_pad", parameters, ports),
    ]
    parts = [circuit_text(stage, "recode", "The map as the result is stored")]
    return module_text(stage, f"a map with {p['fill']} around it.", body, parts)


def channel_gather(
    name: str, x: Stream, value: Value[TensorType], op: ChannelGather, *, lanes: int, location: Location | None = None
) -> Stage:
    """Channel i of the result is channel indices[i] of x; raster in, raster out, `lanes` to a token."""
    channels = x.value.type.shape[0]
    up, down = channels // x.lanes, len(op.indices) // lanes
    assert up * x.lanes == channels, f"{name}: {x.lanes} lanes do not divide {channels} channels"
    assert down * lanes == len(op.indices), f"{name}: {lanes} lanes do not divide {len(op.indices)} channels"
    circuit = Circuit()
    pixel = circuit.drive(cells.pick(op.indices), circuit.input("x", x.type.range, channels))
    circuit.output("y", circuit.cast(pixel, value.type.range))
    return Stage(
        name=name,
        module="channel_gather",
        inputs=(x,),
        outputs=(raster_stream(name, value, lanes),),
        actors=widening(up, down),
        parameters={"up": up, "down": down},
        circuits={"gather": circuit},
        location=location,
    )


def channel_gather_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, x, out = stage.parameters, stage.inputs[0], stage.outputs[0]
    body = [
        declare_stream("wide", x.token_bits * p["up"]),
        declare_stream("pixel", out.token_bits * p["down"]),
        widening_text(p["up"], x.token_bits),
        circuit_instance(stage, "gather", {"x": "wide_data", "y": "pixel_data"}),
        "assign pixel_valid = wide_valid;\nassign wide_ready = pixel_ready;",
    ]
    if p["up"] > 1 and p["down"] == 1:
        body.append("assign m_data = pixel_data;\nassign m_valid = pixel_valid;\nassign pixel_ready = m_ready;")
    else:
        body.append(narrowing_text(p["down"], out.token_bits, "pixel"))
    return module_text(
        stage, "channels of each pixel in another order.", body, [circuit_text(stage, "gather", "Wiring of a pixel")]
    )
