"""The `mulfree` command and what its sub-commands share: arguments that several take, and their samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mulfree.console import Commands, remember_json

if TYPE_CHECKING:
    from mulfree.api import CompiledModel
    from mulfree.samples import Samples

HARDWARE, SIMULATION, MODELS = "Hardware", "Simulation", "Models and tables"
"""Panels in which `--help` shows the sub-commands."""
DIFFERENT = 1
"""Exit code where two sides are not equal."""

app = typer.Typer(
    cls=Commands,
    name="mulfree",
    help="Compile trained, quantised ONNX networks to hardware without a single multiplier.",
    epilog="Exit codes: 0 success, 1 two sides differ, 2 wrong input, 3 not all proven, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Model = Annotated[Path, typer.Argument(help="The ONNX file.", show_default=False)]
Data = Annotated[Path, typer.Argument(help="An .npz or .npy file of samples; labels under 'y'.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.", callback=remember_json, is_eager=True)]
Limit = Annotated[int | None, typer.Option(help="Only the first so many samples.", min=1)]
Flow = Annotated[str, typer.Option(help="always, random[:PROBABILITY] or bursty[:BUSY:IDLE].")]


def samples_for(design: CompiledModel, data: Path | None, limit: int | None, seed: int = 0) -> Samples:
    from mulfree.samples import random_samples, read_samples

    if data is None:
        return random_samples(design.model, limit or 1, seed)
    return read_samples(data, design.model.inputs).first(limit)
