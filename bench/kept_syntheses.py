"""Syntheses of many small modules: several in one run of Yosys, and kept in a file, a line each.

A module that is synthesised beside others keeps its own hierarchy, so what is counted is what it takes by itself; most
of the time of a small synthesis is spent on reading the cells of a target, which is now done once for many.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from mulfree.backends.synth.flow import MULTIPLIERS_RTL, Flow, flow_for
from mulfree.backends.synth.yosys import run_yosys, write_files, yosys_tool
from mulfree.ir import CompileError
from mulfree.rtl.cost import Cost
from mulfree.rtl.library import needed_by

TOGETHER = 24
"""Modules in one run."""
TIME_LIMIT_S = 3600.0
Cells = Mapping[str, int]


class Work(NamedTuple):
    """A module `stage` on a target, from its text and the files that it reads."""

    target: str
    text: str
    data: Mapping[str, str]

    @property
    def key(self) -> str:
        """Everything that the result depends on: tool, flow, text, library modules and data."""
        flow = flow_for(self.target)
        files = needed_by(self.text) | dict(self.data)
        parts = [yosys_tool().version, flow.before, flow.read, flow.script, self.text]
        parts += [f"{name}\n{content}" for name, content in sorted(files.items())]
        return f"{self.target} {hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"

    def renamed(self, name: str) -> Work:
        def own(text: str) -> str:
            return re.sub(r"\bstage(?=\b|__)", name, text)

        return Work(self.target, own(self.text), {own(file): content for file, content in self.data.items()})


class KeptSyntheses:
    """What Yosys counted so far."""

    def __init__(self, path: Path | None) -> None:
        self.path, self._lock = path, threading.Lock()
        lines = path.read_text().splitlines() if path and path.exists() else []
        self.known: dict[str, Cells] = dict(map(json.loads, lines))

    def __contains__(self, work: Work) -> bool:
        return work.key in self.known

    def cost(self, work: Work) -> Cost:
        return flow_for(work.target).cost(self.known[work.key])

    def fill(self, work: Sequence[Work], jobs: int, done: Callable[[int], object], together: int = TOGETHER) -> None:
        """Synthesise what is not known, `together` modules to a run; `done` hears of so many at a time."""
        missing = {w.key: w for w in work if w not in self}
        targets = dict.fromkeys(w.target for w in missing.values())
        lists = [[w for w in missing.values() if w.target == target] for target in targets]
        groups = [list[i : i + together] for list in lists for i in range(0, len(list), together)]
        with ThreadPoolExecutor(jobs) as pool:
            for group, cells in zip(groups, pool.map(counted, groups), strict=True):
                self._keep(group, cells)
                done(len(group))

    def _keep(self, group: Sequence[Work], cells: Sequence[Cells]) -> None:
        with self._lock:
            for work, found in zip(group, cells, strict=True):
                self.known[work.key] = found
                if self.path:
                    with self.path.open("a") as file:
                        file.write(json.dumps([work.key, found]) + "\n")


def counted(group: Sequence[Work]) -> list[Cells]:
    """Cells of each module, all of one target. Raises CompileError if Yosys fails or leaves a multiplication."""
    names = [f"unit{i}u" for i in range(len(group))]
    mine = [work.renamed(name) for name, work in zip(names, group, strict=True)]
    flow = flow_for(group[0].target)
    with TemporaryDirectory(prefix="mulfree-synth-") as folder:
        files = {name: text for work in mine for name, text in needed_by(work.text).items()}
        files |= {f"{name}.sv": work.text for name, work in zip(names, mine, strict=True)}
        files["together.sv"] = _together(names)
        write_files(Path(folder), files | {name: text for work in mine for name, text in work.data.items()})
        run_yosys(_script(files, names, flow), Path(folder), TIME_LIMIT_S)
        _refuse_multipliers(Path(folder) / "rtl.json")
        found = dict(_cells(Path(folder) / "mapped.json"))
    return [found.get(name, {}) for name in names]


def _together(names: Sequence[str]) -> str:
    """Nothing is connected, so nothing is shared."""
    instances = "\n".join(f"  (* keep *) {name} u_{name} ();" for name in names)
    return f"module together;\n{instances}\nendmodule\n"


def _script(files: Mapping[str, str], names: Sequence[str], flow: Flow) -> str:
    apart = f"setattr -mod -set keep_hierarchy 1 {' '.join(names)}"
    lines = [
        flow.before,
        *(f"{flow.read} {name}" for name in files),
        "hierarchy -check -top together",
        apart,
        "proc; flatten; opt",
        "tee -q -o rtl.json stat -json",
        flow.script,
        "setattr -mod -unset keep_hierarchy *",
        apart,
        "flatten",
        "tee -q -o mapped.json stat -json",
        "",
    ]
    return "\n".join(lines).replace("; ", "\n")


def _refuse_multipliers(rtl: Path) -> None:
    wrong = {name for _, cells in _cells(rtl) for name in cells if MULTIPLIERS_RTL.fullmatch(name)}
    if wrong:
        raise CompileError(f"a multiplier is left: {', '.join(sorted(wrong))}")


def _cells(path: Path) -> Iterator[tuple[str, Cells]]:
    for name, module in json.loads(path.read_text())["modules"].items():
        yield name.removeprefix("\\"), module["num_cells_by_type"]
