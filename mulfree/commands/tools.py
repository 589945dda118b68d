"""Options of the commands that run Yosys and nextpnr, and how they show that these go on."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from mulfree.console import progress_bar

if TYPE_CHECKING:
    from mulfree.backends.liberty import Library
    from mulfree.backends.synth import Progress, Settings

Jobs = Annotated[int | None, typer.Option(help="Tools side by side; as many as processors if left out.", min=1)]
TimeLimit = Annotated[float, typer.Option(help="Seconds that one run of a tool may take.", min=1)]
MemoryLimit = Annotated[int, typer.Option(help="Megabytes that one run of a tool may take.", min=100)]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Synthesise everything anew, and keep nothing.")]
Yosys = Annotated[
    str, typer.Option(envvar="MULFREE_YOSYS", help="auto (the newest), pip, system, or the path of a program.")
]
Liberty = Annotated[
    str | None, typer.Option(metavar="LIBRARY", help="For asic: generic, thesis-7nm, or a Liberty file.")
]
MEMORY_MB = 4096


def cells_for(target: str, liberty: str | None) -> Library | None:
    """The cell library that is asked for; none on FPGAs."""
    from mulfree.backends.liberty import GENERIC, library_named

    if liberty and target != "asic":
        raise typer.BadParameter("--liberty is for standard cells: add --target asic")
    return library_named(liberty or GENERIC) if target == "asic" else None


@contextmanager
def tools(jobs: int | None, time_limit: float, memory_limit: int, no_cache: bool, yosys: str) -> Generator[Settings]:
    """What the options say; the choice of Yosys holds for the whole process while the command runs.

    While it runs, being told to end (SIGTERM) is like Ctrl-C: the tools that were started end too.
    """
    from mulfree.backends.synth import Bounds, Settings

    before = os.environ.get("MULFREE_YOSYS", "")
    handler = signal.signal(signal.SIGTERM, _end)
    os.environ["MULFREE_YOSYS"] = yosys
    try:
        yield Settings(Bounds(time_limit, memory_limit), jobs, cache=not no_cache)
    finally:
        os.environ["MULFREE_YOSYS"] = before
        signal.signal(signal.SIGTERM, handler)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


@contextmanager
def stage_by_stage(what: str) -> Generator[Progress]:
    """A bar on a terminal that shows which stage is done, and how many of them."""
    with progress_bar(what) as advance:
        yield lambda name, done, total: advance(done, total, name)
