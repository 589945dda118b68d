"""The hand-written SystemVerilog that stages instantiate: one parametric module per file, `<module>.sv`."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from mulfree.rtl.design import Design


@cache
def library() -> dict[str, str]:
    """File name to text of every library module."""
    found = [f for f in files(__name__).iterdir() if f.name.endswith(".sv")]
    return {f.name: f.read_text() for f in sorted(found, key=lambda f: f.name)}


def library_text(design: Design) -> dict[str, str]:
    """The files of the library that the design's stages need, by name."""
    from mulfree.rtl.stages import stage_verilog

    return needed_by("\n".join(stage_verilog(stage) for stage in design.stages))


def needed_by(text: str) -> dict[str, str]:
    """The library files whose modules the text instantiates, and what these instantiate in turn."""
    needed: dict[str, str] = {}
    queue = [text]
    while queue:
        words = set(re.findall(r"\w+", queue.pop()))
        new = {name: body for name, body in library().items() if name.removesuffix(".sv") in words - needed.keys()}
        queue += [body for name, body in new.items() if name not in needed]
        needed |= new
    return {name: needed[name] for name in sorted(needed)}
