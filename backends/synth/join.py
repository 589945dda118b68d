"""Netlists of the stages and of what holds them together, as one netlist for nextpnr."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from mulfree.backends.serial import SerialTop
from mulfree.backends.synth.bounded import Bounds, Children
from mulfree.backends.synth.device import Family
from mulfree.backends.synth.flow import MULTIPLIERS_MAPPED
from mulfree.backends.synth.part import Part, netlist_of
from mulfree.backends.synth.settings import Settings
from mulfree.backends.synth.synthesise import CANONICAL, Progress, netlists_of
from mulfree.backends.synth.yosys import run_script
from mulfree.backends.verilog import top_name, top_text
from mulfree.ir import CompileError
from mulfree.rtl import Design
from mulfree.rtl.stages import stage_verilog

JSON = "netlist.json"


def join_design(
    design: Design,
    family: Family,
    serial: SerialTop | None,
    folder: Path,
    settings: Settings,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Write netlist.json of the whole design into the folder; returns its cells by type.

    Each stage is synthesised by itself, or taken from the cache; so is the top, for which stages are boxes without
    contents. Joining them maps nothing anew. Raises CompileError as `synthesise` does.
    """
    top = serial.name if serial else top_name(design)
    with settings.store() as root:
        netlists = netlists_of(design, family.circuits, family.flow, settings, root, progress)
        frame = netlist_of(Part.of(top, _frame(design, serial), family.flow), root, settings.bounds)
        texts = {stage.name: (CANONICAL, netlist.rtlil()) for stage, netlist in netlists.items()}
        texts[top] = (top, frame.rtlil())
    return join(texts, top, family, folder, settings.bounds)


def join_files(files: Mapping[str, str], top: str, family: Family, folder: Path, settings: Settings) -> dict[str, int]:
    """The same for Verilog of any kind, synthesised in one piece."""
    with settings.store() as root:
        whole = netlist_of(_whole(files, top, family), root, settings.bounds)
        whole.refuse_multipliers()
        return join({top: (top, whole.rtlil())}, top, family, folder, settings.bounds)


def join(
    texts: Mapping[str, tuple[str, str]],
    top: str,
    family: Family,
    folder: Path,
    bounds: Bounds,
    children: Children | None = None,
) -> dict[str, int]:
    """Modules by the name that they get, each as its name so far and its netlist, into netlist.json."""
    lines = [family.models]
    for index, (name, (module, text)) in enumerate(texts.items()):
        (folder / f"{index}.il").write_text(text)
        lines += [f"read_rtlil {index}.il", *([f"rename {module} {name}"] if name != module else [])]
    lines += [f"hierarchy -check -top {top}", "flatten", "opt_clean -purge", family.pads]
    lines += ["tee -q -o stat.json stat -json", "blackbox =A:whitebox", f"write_json {JSON}", ""]
    run_script("\n".join(lines), folder, bounds, children)
    cells: dict[str, int] = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    if wrong := [cell for cell in cells if MULTIPLIERS_MAPPED.search(cell)]:
        raise CompileError(f"a multiplier is left: {', '.join(wrong)}")
    return cells


def _whole(files: Mapping[str, str], top: str, family: Family) -> Part:
    """$readmemh looks beside the module or where the tool runs, as the tool likes: everything in one folder."""
    sources = {name.replace("/", "__"): text for name, text in files.items() if name.endswith((".v", ".sv"))}
    data = {name.rpartition("/")[2]: text for name, text in files.items() if name.endswith(".mem")}
    return Part(top, sources, family.flow, data)


def _frame(design: Design, serial: SerialTop | None) -> str:
    """The top modules, with the stages as boxes."""
    boxes = [_box(stage_verilog(stage), stage.name) for stage in design.stages]
    return "\n".join([*boxes, top_text(design), serial.text if serial else ""])


def _box(text: str, name: str) -> str:
    """A module's ports, without what is in it."""
    found = re.search(rf"^module {name} \((.*?)^\);", text, re.DOTALL | re.MULTILINE)
    assert found is not None, f"the text of {name} has no such module"
    return f"(* blackbox *)\nmodule {name} ({found.group(1)});\nendmodule\n"
