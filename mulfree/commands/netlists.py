"""Sub-commands that run Yosys and nextpnr: synth, pnr."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mulfree.commands.app import HARDWARE, Json, Model, app
from mulfree.commands.tools import (
    MEMORY_MB,
    Jobs,
    Liberty,
    MemoryLimit,
    NoCache,
    TimeLimit,
    Yosys,
    cells_for,
    stage_by_stage,
    tools,
)
from mulfree.console import print_result, working
from mulfree.options import DesignOptions, with_options


@app.command(rich_help_panel=HARDWARE)
@with_options
def synth(
    model: Model,
    liberty: Liberty = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the report.")] = None,
    jobs: Jobs = None,
    time_limit: TimeLimit = 600,
    memory_limit: MemoryLimit = MEMORY_MB,
    no_cache: NoCache = False,
    yosys: Yosys = "auto",
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Synthesise every stage with Yosys, compare with the estimate, prove that no multiplication and no DSP is left."""
    from mulfree.netlist_summary import Comparison

    library = cells_for(options.target, liberty)
    design = options.design(model)
    with working("estimating"):
        estimate = design.estimate()
    with tools(jobs, time_limit, memory_limit, no_cache, yosys) as settings, stage_by_stage("synthesising") as progress:
        result = design.synthesise(progress=progress, settings=settings, library=library)
    page = design.report(output, result) if output else None
    found = Comparison(estimate, result, library)
    lines = [*found.lines(), *([f"report: {page}"] if page else [])]
    print_result(found.to_dict() | {"report": page}, found.table(), *lines)


@app.command(rich_help_panel=HARDWARE)
@with_options
def pnr(
    model: Model,
    device: Annotated[str | None, typer.Option(help="Such as ecp5-25k: ports anywhere.")] = None,
    board: Annotated[str | None, typer.Option(help="Such as ulx3s-85f: behind a serial port.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the bitstream and report.")] = None,
    freq: Annotated[float | None, typer.Option(help="MHz to aim for; the board's clock, or --clock.", min=1)] = None,
    baud: Annotated[int, typer.Option(help="Of the serial port.", min=1)] = 115200,
    seed: Annotated[int, typer.Option(help="Of nextpnr.")] = 1,
    jobs: Jobs = None,
    time_limit: TimeLimit = 1800,
    memory_limit: MemoryLimit = MEMORY_MB,
    no_cache: NoCache = False,
    yosys: Yosys = "auto",
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Place and route with nextpnr: the clock, how full the device is, and for a board a bitstream.

    The design is compiled for the device's family, whatever --target says.
    """
    from mulfree.backends.synth.bitstream import write_implementation
    from mulfree.backends.synth.board import board_named
    from mulfree.backends.synth.device import device_named
    from mulfree.netlist_summary import placement_dict, placement_text

    if (device is None) == (board is None):
        raise typer.BadParameter("give one of --device and --board")
    chip, where = (board_named(board).device, board) if board else (device_named(device or ""), device or "")
    design = replace(options, target=chip.family.circuits).design(model)
    bounds = tools(jobs, time_limit, memory_limit, no_cache, yosys)
    with bounds as settings, stage_by_stage("synthesising, then placing and routing") as progress:
        placed = design.place_and_route(
            where, clock_mhz=freq, baud=baud, seed=seed, progress=progress, settings=settings
        )
    with working("writing"):
        written = write_implementation(output, design.hardware.design, placed) if output else {}
        page = design.report(output, placement=placed) if output else None
    lines = [placement_text(placed), *(f"written: {path}" for path in written.values())]
    data = placement_dict(placed, written) | {"report": page}
    print_result(data, *lines, *([f"report: {page}"] if page else []))
