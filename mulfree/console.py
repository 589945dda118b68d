"""What the commands print: results on stdout, as text or as JSON; progress and errors on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from rich.console import Console

WRONG_INPUT, INTERRUPTED = 2, 130
"""Exit codes; 0 is success, 1 says that two sides differ."""
WIDTH_WITHOUT_TERMINAL = 120
_prints_json = ContextVar("prints_json", default=False)


class Commands(TyperGroup):
    """Turns what is the user's to mend into one message and an exit code, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        _prints_json.set(False)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print_error("interrupted; nothing is left half written")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _silence_stdout()
            raise typer.Exit(0) from None
        except Exception as error:
            if not _is_the_users(error):
                raise
            print_error(_message(error))
            raise typer.Exit(WRONG_INPUT) from None


def _is_the_users(error: Exception) -> bool:
    from mulfree.ir import CompileError
    from mulfree.sim.verilator import SimulationError

    return isinstance(error, CompileError | SimulationError | OSError)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _silence_stdout() -> None:
    """The reader of our output is gone; keep the interpreter from complaining once more as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def remember_json(wanted: bool) -> bool:
    """Callback of `--json`: the choice also decides how errors are printed."""
    _prints_json.set(wanted)
    return wanted


def is_json() -> bool:
    return _prints_json.get()


def print_error(message: str) -> None:
    if is_json():
        print(json.dumps({"error": message}))
        return
    err_console().print(f"error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)


def print_result(data: Mapping[str, object], *lines: Any) -> None:
    """The data as one JSON object if asked for, else the lines: text or rich renderables."""
    if is_json():
        print(json.dumps(data, indent=2, default=str))
        return
    console = out_console()
    for line in lines:
        console.print(line, highlight=False, markup=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Any:
    """A rich table; all columns but the first are right-aligned."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    result = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        result.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        result.add_row(*map(_cell, row))
    return result


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


@contextmanager
def working(what: str) -> Generator[None]:
    """Show on a terminal that this goes on."""
    console = err_console()
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def batches(total: int, size: int, what: str) -> Iterator[slice]:
    """Slices of at most `size`, with a progress bar on a terminal."""
    with progress_bar(what) as advance:
        for start in range(0, total, size):
            end = min(total, start + size)
            yield slice(start, end)
            advance(end, total, "")


@contextmanager
def progress_bar(what: str) -> Generator[Callable[[int, int, str], None]]:
    """A bar on a terminal, moved by (done, of how many, what was just done)."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = err_console()
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, last: bar.update(task, completed=done, total=total, description=last)


def out_console() -> Console:
    return _console(sys.stdout)


def err_console() -> Console:
    return _console(sys.stderr)


def _console(stream: Any) -> Console:
    from rich.console import Console

    return Console(file=stream, width=None if stream.isatty() else WIDTH_WITHOUT_TERMINAL)
