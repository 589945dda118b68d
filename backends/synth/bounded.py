"""Run a tool within bounds of time and memory, so that it ends when we do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from mulfree.ir import CompileError

OUT_OF_MEMORY = re.compile(
    r"bad_alloc|MemoryError|thrown Wasm exception|[Cc]annot allocate memory|out of memory|out of bounds mem"
)
"""What Yosys and nextpnr say, native and as WebAssembly, when an allocation fails."""
_BOUNDED = 'ulimit -d "$1" 2>/dev/null; ulimit -t "$2" 2>/dev/null; shift 2; exec "$@"'


class TooLarge(CompileError):
    """The tool needed more than it was allowed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run of a tool may take.

    Memory is what the process writes to (RLIMIT_DATA): a bound on address space would forbid WebAssembly, which
    reserves gigabytes of it unused. WebAssembly itself ends at 4 GiB.
    """

    time_s: float = 600.0
    memory_mb: int = 4096


@dataclass(slots=True)
class Children:
    """The processes under way, so that whoever started them can end them all, with what they started in turn."""

    _running: set[subprocess.Popen[str]] = field(default_factory=set[subprocess.Popen[str]])
    _lock: Lock = field(default_factory=Lock)
    _is_over: bool = False

    def started(self, child: subprocess.Popen[str]) -> None:
        with self._lock:
            self._running.add(child)
            if self._is_over:
                _kill(child)

    def ended(self, child: subprocess.Popen[str]) -> None:
        with self._lock:
            self._running.discard(child)

    def end_all(self) -> None:
        """Kill those that run; those that start from now on die at once."""
        with self._lock:
            self._is_over = True
            for child in self._running:
                _kill(child)


def run_bounded(
    command: Sequence[str],
    folder: Path,
    bounds: Bounds,
    *,
    accepted: Sequence[int] = (0,),
    children: Children | None = None,
) -> int:
    """The exit status of a command that runs in `folder`.

    Raises TooLarge if time or memory did not do, CompileError with the last lines that it printed for a status that is
    not accepted. Whatever is raised, Ctrl-C included, the process and its children are gone.
    """
    processor_s = 4 * int(bounds.time_s) + 60  # ends what nobody waits for any more; setting up uses several cores
    limited = ["sh", "-c", _BOUNDED, "sh", str(bounds.memory_mb * 1024), str(processor_s), *command]
    kept = children or Children()
    child = subprocess.Popen(
        limited, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
    )
    kept.started(child)
    try:
        said, _ = child.communicate(timeout=bounds.time_s)
    except BaseException as error:
        _kill(child)
        child.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise TooLarge(f"not done after {bounds.time_s:g} s") from error
        raise
    finally:
        kept.ended(child)
    if child.returncode not in accepted:
        raise _failure(child.returncode, said, bounds)
    return child.returncode


def _failure(status: int, said: str, bounds: Bounds) -> CompileError:
    if OUT_OF_MEMORY.search(said):
        return TooLarge(f"needs more than {bounds.memory_mb} MB of memory")
    if status == -signal.SIGKILL:
        return TooLarge("was killed, as the system does when memory is short")
    return CompileError(f"exit status {status}:\n{_last_lines(said)}")


def _kill(child: subprocess.Popen[str]) -> None:
    """The process, if it still runs, and its group."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _last_lines(text: str, count: int = 20) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
