"""Synthesise one module by itself, once: what came out is kept by the content that it was made from."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mulfree.backends.synth.bounded import Bounds, Children
from mulfree.backends.synth.flow import MULTIPLIERS_MAPPED, MULTIPLIERS_RTL, Flow
from mulfree.backends.synth.yosys import run_script, write_files, yosys_tool
from mulfree.ir import CompileError
from mulfree.rtl.library import needed_by
from mulfree.sim.store import content_key, stored

STORE = "synth"
FORM = "1"
"""Of what is kept; entries of another form are made anew."""
RESULT, NETLIST = "result.json", "netlist.il.gz"


@dataclass(frozen=True, slots=True)
class Part:
    """A module, its Verilog files, those that they read, and how it is mapped."""

    module: str
    sources: Mapping[str, str]
    flow: Flow
    data: Mapping[str, str] = field(default_factory=dict[str, str])

    @staticmethod
    def of(module: str, text: str, flow: Flow, data: Mapping[str, str] | None = None) -> Part:
        """The module's text with the library modules that it names."""
        return Part(module, {**needed_by(text), "module.sv": text}, flow, data or {})

    @property
    def size(self) -> str:
        """In words, for a message."""
        lines, words = (sum(t.count("\n") for t in files.values()) for files in (self.sources, self.data))
        return f"{lines:,} lines of Verilog" + (f" and {words:,} words of memory" if words else "")

    @property
    def script(self) -> str:
        return _script(list(self.sources), self.module, self.flow)

    @property
    def key(self) -> str:
        """Changes with every text that goes in, the flow and the build of the tool."""
        files = {**self.sources, **self.data, **self.flow.files}
        return content_key(
            [yosys_tool().build, self.script, *(part for file in sorted(files.items()) for part in file)]
        )


@dataclass(frozen=True, slots=True)
class Netlist:
    """What Yosys made of a part. `rtl_cells` are those before mapping, in which a multiplication shows as $mul."""

    cells: Mapping[str, int]
    rtl_cells: Mapping[str, int]
    named: Sequence[str]
    """Places of multiplications and divisions before mapping."""
    levels: int
    seconds: float
    area: float = 0.0
    """Of the cells, in the unit of the cell library; 0 where there is none."""
    delay_ps: float = 0.0
    """Between registers, by the cell library; 0 where there is none."""
    folder: Path = Path()
    was_kept: bool = False
    """Whether an earlier run made it."""

    def rtlil(self) -> str:
        """The mapped module, flat, in Yosys' own form."""
        return gzip.decompress((self.folder / NETLIST).read_bytes()).decode()

    def refuse_multipliers(self) -> None:
        """Raises CompileError if anything multiplies, before or after mapping, with its places."""
        wrong = {cell: n for cell, n in self.rtl_cells.items() if MULTIPLIERS_RTL.fullmatch(cell)}
        wrong |= {cell: n for cell, n in self.cells.items() if MULTIPLIERS_MAPPED.search(cell)}
        if wrong:
            found = ", ".join(f"{n} x {cell}" for cell, n in wrong.items())
            places = "; ".join(self.named[:5])
            raise CompileError(f"a multiplier is left: {found}" + (f" (at {places})" if places else ""))


def netlist_of(part: Part, root: Path, bounds: Bounds, children: Children | None = None) -> Netlist:
    """The part's netlist from the store at `root`, or from Yosys. Raises CompileError as `run_bounded` does."""
    was_kept = True

    def build(work: Path, final: Path) -> None:
        nonlocal was_kept
        was_kept = False
        _write(work, _run(part, work, bounds, children))

    try:
        folder = stored(STORE, part.key, build, root=root, is_whole=is_whole)
    except OSError as error:
        remedy = "set MULFREE_CACHE to a folder that can be written, or turn the cache off"
        raise CompileError(f"{error.filename}: {error.strerror}; {remedy}") from error
    return Netlist(**_read(folder), folder=folder, was_kept=was_kept)


def _run(part: Part, kept: Path, bounds: Bounds, children: Children | None) -> Netlist:
    began = time.monotonic()
    with TemporaryDirectory(prefix="mulfree-synth-") as name:
        folder = Path(name)
        write_files(folder, {**part.sources, **part.data, **part.flow.files})
        run_script(part.script, folder, bounds, children)
        (kept / NETLIST).write_bytes(gzip.compress((folder / "netlist.il").read_bytes(), 6, mtime=0))
        mapped = _statistics(folder / "mapped.json")
        return Netlist(
            cells=_cells(mapped),
            rtl_cells=_cells(_statistics(folder / "rtl.json")),
            named=(folder / "multipliers.txt").read_text().split(),
            levels=_levels((folder / "levels.txt").read_text()),
            seconds=time.monotonic() - began,
            area=sum(module.get("area", 0.0) for module in mapped.values()),
            delay_ps=_delay_ps(folder / "stats.txt"),
        )


def _write(folder: Path, netlist: Netlist) -> None:
    data = {k: v for k, v in asdict(netlist).items() if k not in ("folder", "was_kept")}
    digest = hashlib.sha256((folder / NETLIST).read_bytes()).hexdigest()
    (folder / RESULT).write_text(json.dumps({"netlist": data, "sha256": digest}))


def is_whole(folder: Path) -> bool:
    """Whether every byte of an entry is as it was written."""
    try:
        Netlist(**_read(folder))
        digest = json.loads((folder / RESULT).read_text())["sha256"]
        return bool(hashlib.sha256((folder / NETLIST).read_bytes()).hexdigest() == digest)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / RESULT).read_text())["netlist"]
    return found


def _script(files: Sequence[str], module: str, flow: Flow) -> str:
    """Look for multiplications before mapping, where they are still called so, then map and count."""
    return "\n".join(
        [
            flow.before,
            *(f"{flow.read} {name}" for name in files),
            f"hierarchy -check -top {module}",
            "proc; flatten; opt",
            "tee -q -o rtl.json stat -json",
            "tee -q -o multipliers.txt select -list t:$mul t:$macc t:$macc_v2 t:$div t:$mod t:$pow",
            *flow.script.split("; "),
            "setattr -mod -unset keep_hierarchy *",
            "flatten",
            f"tee -q -o mapped.json stat -json {flow.count}",
            "tee -q -o levels.txt ltp -noff * t:FD* t:SB_DFF* t:TRELLIS_FF t:DFF* %u %u %u %d",
            f"select {module}",
            "write_rtlil -selected netlist.il",
            "",
        ]
    ).replace("; ", "\n")


def _statistics(path: Path) -> dict[str, Any]:
    """Of each module."""
    found: dict[str, Any] = json.loads(path.read_text())["modules"]
    return found


def _cells(modules: Mapping[str, Any]) -> dict[str, int]:
    """Cells by type over all modules."""
    counts: Counter[str] = sum((Counter(module["num_cells_by_type"]) for module in modules.values()), Counter())
    return dict(counts)


def _levels(text: str) -> int:
    found = re.search(r"length=(\d+)", text)
    return int(found.group(1)) if found else 0


def _delay_ps(path: Path) -> float:
    """The longest of the delays that ABC wrote, for each module: its name, inputs, outputs, cells, area and delay."""
    text = path.read_text() if path.exists() else ""
    return max((float(delay) for delay in re.findall(r"^\S+(?: \d+){4} (\d+)", text, re.MULTILINE)), default=0.0)
