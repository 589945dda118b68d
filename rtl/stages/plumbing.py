"""Stages that move tokens and compute nothing: width converters, forks, queues."""

from __future__ import annotations

from dataclasses import replace
from math import lcm

import numpy as np

from mulfree.ir import Location
from mulfree.rtl.actors import Actor, Fifo, Stepper, every_step
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.text import CLOCK, declare_stream, handshake, instance, module_text


def width_converter(name: str, x: Stream, lanes: int, *, location: Location | None = None) -> Stage:
    """The same elements in the same order, `lanes` to a token; `lanes` must divide the elements of a frame."""
    assert len(x.order) % lanes == 0, f"{name}: {lanes} lanes do not divide {len(x.order)} elements"
    wide = lcm(x.lanes, lanes)
    up, down = wide // x.lanes, wide // lanes
    return Stage(
        name=name,
        module="width_converter",
        inputs=(x,),
        outputs=(Stream(name, x.value, x.order, lanes, x.type, x.fill),),
        actors=widening(up, down),
        parameters={"up": up, "down": down, "bits": x.token_bits},
        location=location,
    )


def widening(up: int, down: int) -> tuple[Actor, ...]:
    """Actors of `up` tokens gathered into one, which leaves as `down` tokens."""
    gather = Stepper(np.ones((1, up), bool), np.arange(up)[None] == up - 1)
    spread = Stepper(np.arange(down)[None] == 0, np.ones((1, down), bool))
    actors = [*([gather] if up > 1 else []), *([spread] if down > 1 else [])]
    return tuple(actors) or (every_step(),)


def widening_text(up: int, bits: int) -> str:
    """Gather `up` tokens of `bits` from s into the stream `wide`."""
    if up == 1:
        return "assign wide_data = s_data;\nassign wide_valid = s_valid;\nassign s_ready = wide_ready;"
    ports = {**CLOCK, **handshake("s", "s"), **handshake("m", "wide")}
    return instance("width_up", "u_up", {"WIDTH": bits, "RATIO": up}, ports)


def narrowing_text(down: int, bits: int, source: str) -> str:
    """Spread the tokens of a stream over `down` tokens of `bits` on m; a register where there is nothing to spread."""
    ports = {**CLOCK, **handshake("s", source), **handshake("m", "m")}
    if down == 1:
        return instance("stream_register", "u_register", {"WIDTH": bits}, ports)
    return instance("width_down", "u_down", {"WIDTH": bits, "RATIO": down}, ports)


def width_converter_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    out = stage.outputs[0].token_bits
    body = [declare_stream("wide", p["bits"] * p["up"]), widening_text(p["up"], p["bits"])]
    if p["up"] > 1 and p["down"] == 1:
        body += ["assign m_data = wide_data;", "assign m_valid = wide_valid;", "assign wide_ready = m_ready;"]
    else:
        body.append(narrowing_text(p["down"], out, "wide"))
    return module_text(stage, f"{p['up']} tokens become {p['down']}.", body)


def fork(name: str, x: Stream, copies: int, *, location: Location | None = None) -> Stage:
    """The same stream `copies` times; a token leaves on all outputs in the same cycle."""
    outputs = tuple(Stream(f"{name}_{i}", x.value, x.order, x.lanes, x.type, x.fill) for i in range(copies))
    parameters = {"copies": copies, "bits": x.token_bits}
    return Stage(name, "fork", (x,), outputs, (every_step(1, copies),), parameters, location=location)


def fork_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    copies, bits = stage.parameters["copies"], stage.parameters["bits"]
    names = [f"m{i}" if copies > 1 else "m" for i in range(copies)]
    ports = {f"m_{part}": _joined(names, part) for part in ("data", "valid", "ready")}
    fork = instance(
        "stream_fork", "u_fork", {"WIDTH": bits, "OUTPUTS": copies}, {**CLOCK, **handshake("s", "s"), **ports}
    )
    return module_text(stage, "every token on all outputs.", [fork])


def _joined(names: list[str], part: str) -> str:
    return f"{{{', '.join(f'{name}_{part}' for name in reversed(names))}}}"


def fifo(name: str, x: Stream, depth: int, *, location: Location | None = None) -> Stage:
    """A queue of `depth` tokens."""
    out = Stream(name, x.value, x.order, x.lanes, x.type, x.fill)
    parameters = {"depth": depth, "bits": x.token_bits}
    return Stage(name, "fifo", (x,), (out,), (Fifo(depth),), parameters, location=location)


def with_depth(queue: Stage, depth: int) -> Stage:
    """The same queue, its streams and all, of another depth."""
    return replace(queue, actors=(Fifo(depth),), parameters={**queue.parameters, "depth": depth})


def fifo_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p = stage.parameters
    ports = {**CLOCK, **handshake("s", "s"), **handshake("m", "m")}
    queue = instance("stream_fifo", "u_queue", {"WIDTH": p["bits"], "DEPTH": p["depth"]}, ports)
    return module_text(stage, f"a queue of {p['depth']} tokens.", [queue])
