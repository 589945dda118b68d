"""Sub-commands that run networks and compare executors: sim, cosim, diff."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulfree.commands.app import DIFFERENT, SIMULATION, Data, Flow, Json, Limit, Model, app, samples_for
from mulfree.console import batches, print_result, working
from mulfree.options import DesignOptions, ModelOptions, with_options

BATCH = 256


@app.command(rich_help_panel=SIMULATION)
@with_options
def sim(
    model: Model,
    data: Data,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="An .npz file for the outputs.")] = None,
    limit: Limit = None,
    *,
    options: ModelOptions,
    json: Json = False,
) -> None:
    """Run the integer network on a data set, fast; says how many answers are right if there are labels."""
    from mulfree.summary import simulate

    design = options.design(model)
    samples = samples_for(design, data, limit)
    result = simulate(design, samples, batches(samples.count, BATCH, "simulating"), output)
    notes = design.model.notes
    visits = design.visits(samples.inputs)
    shares = {"visited": {name: found.share for name, found in visits.items()}} if visits else {}
    lines = [f"{name}: {found}" for name, found in visits.items()]
    print_result(result.to_dict() | {"notes": notes} | shares, *notes, *lines, str(result))


@app.command(rich_help_panel=SIMULATION)
@with_options
def cosim(
    model: Model,
    data: Annotated[Path | None, typer.Argument(help="Samples; random ones if left out.", show_default=False)] = None,
    limit: Limit = 3,
    source: Flow = "always",
    sink: Flow = "always",
    seed: Annotated[int, typer.Option(help="Of random samples and flows.")] = 0,
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Run the Verilog under Verilator and compare every value and the cycle of every transfer with the models."""
    from dataclasses import asdict

    from mulfree.samples import pattern

    design = options.design(model)
    samples = samples_for(design, data, limit or 3, seed)
    with working("building and running the Verilator model"):
        report = design.cosimulate(samples.inputs, pattern(source, seed), pattern(sink, seed + 1))
    print_result(asdict(report) | {"is_equal": report.is_equal}, str(report))
    raise typer.Exit(0 if report.is_equal else DIFFERENT)


@app.command(rich_help_panel=SIMULATION)
@with_options
def diff(
    model: Model,
    data: Annotated[Path | None, typer.Argument(help="Samples; random ones if left out.", show_default=False)] = None,
    left: Annotated[str, typer.Option(help="definition, fast, hardware-graph, onnx or onnxruntime.")] = "fast",
    right: Annotated[str, typer.Option(help="definition, fast, hardware-graph, onnx or onnxruntime.")] = "definition",
    limit: Limit = 16,
    tolerance: Annotated[float, typer.Option(help="Relative to the largest magnitude of a value.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of random samples.")] = 0,
    *,
    options: ModelOptions,
    json: Json = False,
) -> None:
    """Find the first value and element in which two executors differ."""
    design = options.design(model)
    with working("comparing"):
        found = design.diff(samples_for(design, data, limit, seed).inputs, left, right, tolerance)
    equal = f"{left} and {right} are equal"
    print_result({"is_equal": found is None, "first": found and found.to_dict()}, str(found) if found else equal)
    raise typer.Exit(DIFFERENT if found else 0)
