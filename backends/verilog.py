"""Print a design as a folder of SystemVerilog: library modules, one module per stage, a top, a test bench."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import jinja2
import numpy as np

from mulfree.ir import IntArray
from mulfree.rtl import Design, Stage, Stream
from mulfree.rtl.library import library_text
from mulfree.rtl.names import identifier
from mulfree.rtl.stages import memory_files, port_names, stage_verilog

Files = dict[str, str]
"""Path within the output folder to text."""


@dataclass(frozen=True, slots=True)
class Port:
    """One AXI-Stream port of the top module."""

    name: str
    is_input: bool
    wire: str
    tokens: int
    lanes: int
    element_bits: int
    bits: int
    meaning: str

    @property
    def bus_bits(self) -> int:
        """Data width of the port: whole bytes, as AXI-Stream asks for."""
        return -(-self.bits // 8) * 8


def ports(design: Design) -> list[Port]:
    """Inputs, then outputs; a single one of a kind needs no number."""
    return [*_ports("s_axis", design.inputs, True), *_ports("m_axis", design.outputs, False)]


def top_name(design: Design) -> str:
    return identifier(design.name)


def to_verilog(design: Design) -> Files:
    """All files of the hardware: the same design gives the same bytes."""
    files = {f"rtl/{name}": text for name, text in library_text(design).items()}
    files |= {f"rtl/{stage.name}.sv": stage_verilog(stage) for stage in design.stages}
    files |= {f"rtl/{name}": text for stage in design.stages for name, text in memory_files(stage).items()}
    files[f"rtl/{top_name(design)}.sv"] = top_text(design)
    files["design.json"] = json.dumps(_manifest(design), indent=2) + "\n"
    return files


def testbench(design: Design, inputs: Sequence[IntArray], outputs: Sequence[IntArray], cycle_limit: int) -> Files:
    """A self-checking bench for the given values (batch, *shape) of every input and output stream."""
    plays = list(zip(ports(design), [*design.inputs, *design.outputs], [*inputs, *outputs], strict=True))
    vectors = {f"vectors/{port.name}.hex": _hex_tokens(stream, port, values) for port, stream, values in plays}
    counted = [asdict(p) | {"bus_bits": p.bus_bits, "vectors": p.tokens * len(v)} for p, _, v in plays]
    context = {"top": top_name(design), "ports": counted, "cycle_limit": cycle_limit}
    return vectors | {"tb.sv": render("tb.sv.j2", **context), "run.sh": render("run.sh.j2", **context)}


def _ports(prefix: str, streams: Sequence[Stream], is_input: bool) -> list[Port]:
    names = [prefix] if len(streams) == 1 else _distinct([f"{prefix}_{identifier(s.value.name)}" for s in streams])
    return [
        Port(name, is_input, identifier(s.name), s.tokens, s.lanes, s.element_bits, s.token_bits, _meaning(s))
        for name, s in zip(names, streams, strict=True)
    ]


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered from the second of a kind on: a value may leave by several ports."""
    numbers = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name}_{n + 1}" if n else name for name, n in zip(names, numbers, strict=True)]


def _meaning(stream: Stream) -> str:
    range = stream.type.range
    if range.is_coded:
        return f"word w stands for {range.lo} + {range.step} w"
    return f"{'signed' if range.is_signed else 'unsigned'}, {range}"


def top_text(design: Design) -> str:
    """The module that holds the stages and the streams between them."""
    return render(
        "top.sv.j2",
        top=top_name(design),
        design=design,
        version=version("mulfree"),
        ports=ports(design),
        wires=[{"name": identifier(s.name), "bits": s.token_bits} for s in design.streams()],
        stages=[{"name": stage.name, "connections": _connections(stage)} for stage in design.stages],
    )


def _connections(stage: Stage) -> list[tuple[str, str]]:
    streams = [*stage.inputs, *stage.outputs]
    return [(formal, identifier(s.name)) for formal, s in zip(port_names(stage), streams, strict=True)]


def _manifest(design: Design) -> dict[str, Any]:
    """What a script needs to drive the design: its ports, and every stage with its parameters."""
    stages = [{"name": s.name, "module": s.module, "parameters": dict(s.parameters)} for s in design.stages]
    return {"top": top_name(design), "ports": [asdict(port) for port in ports(design)], "stages": stages}


def _hex_tokens(stream: Stream, port: Port, values: IntArray) -> str:
    digits = port.bus_bits // 4
    shifts = [stream.element_bits * lane for lane in range(stream.lanes)]
    words = stream.elements(values).reshape(-1, stream.lanes)
    tokens = (sum(int(w) << s for w, s in zip(row, shifts, strict=True)) for row in np.asarray(words))
    return "".join(f"{token:0{digits}x}\n" for token in tokens)


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.PackageLoader("mulfree.backends", "templates")
    return jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)


def render(template: str, **context: Any) -> str:
    """The text that a template of ours gives; a name that is missing is an error."""
    return _environment().get_template(template).render(**context)
