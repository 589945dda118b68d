"""The sub-command that does everything once, on a network that ships with mulfree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulfree.commands.app import DIFFERENT, Json, app
from mulfree.console import working


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("build/demo"),
    json: Json = False,
) -> None:
    """The main job on the network that ships with mulfree: compile, simulate, co-simulate, estimate, write."""
    from mulfree.summary import run_demo

    is_equal = run_demo(output, working)
    raise typer.Exit(0 if is_equal else DIFFERENT)
