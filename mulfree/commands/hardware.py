"""Sub-commands that make and weigh hardware: compile, estimate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mulfree.commands.app import HARDWARE, Json, Limit, Model, app, samples_for
from mulfree.commands.tools import Liberty, cells_for
from mulfree.console import print_result, working
from mulfree.options import DesignOptions, with_options


@app.command("compile", rich_help_panel=HARDWARE)
@with_options
def compile_command(
    model: Model,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
    data: Annotated[Path | None, typer.Option(help="Samples that the test bench plays.")] = None,
    limit: Limit = 4,
    print_ir_after: Annotated[list[str] | None, typer.Option(metavar="PASS", help="A pass, or all.")] = None,
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Write the hardware: SystemVerilog, a test bench with its run script, the folding, the report."""
    from mulfree.summary import estimate_table, summary

    after = _ir_printer(print_ir_after or [])
    design = options.design(model, after=after)
    with working("writing"):
        samples = samples_for(design, data, limit or 4)
        design.write_verilog(output, samples.inputs)
        estimate = design.estimate()
    data_ = summary(design) | {"folder": str(output), "estimate": estimate.to_dict()}
    print_result(data_, estimate_table(estimate), *design.model.notes, f"written to {output}")


def _ir_printer(names: list[str]) -> Callable[[Any, Any], None] | None:
    """Prints the graph after the named passes, on stderr."""
    from mulfree.compiler.pipeline import passes_preferring
    from mulfree.ir.text import to_text

    known = {step.name for step in passes_preferring()}
    if unknown := set(names) - known - {"all"}:
        raise typer.BadParameter(f"there is no pass {min(unknown)}; choose all, or one of {', '.join(sorted(known))}")

    def show_graph(step: Any, graph: Any) -> None:
        if step.name in names or "all" in names:
            typer.echo(f"// after {step.name}\n{to_text(graph)}", err=True)

    return show_graph if names else None


@app.command(rich_help_panel=HARDWARE)
@with_options
def estimate(
    model: Model,
    liberty: Liberty = None,
    activity: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Samples on which to count toggles, as a proxy for power.")
    ] = None,
    limit: Limit = 32,
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Area, clock, latency and rate without synthesis, per stage and in total, with the error of the estimate."""
    from mulfree.netlist_summary import area_dict, area_line
    from mulfree.summary import estimate_table, power_table

    library = cells_for(options.target, liberty)
    design = options.design(model)
    with working("estimating"):
        result = design.estimate()
    power = None
    if activity:
        with working("counting toggles"):
            power = design.power(samples_for(design, activity, limit).inputs)
    data = result.to_dict() | ({"area": area_dict(result, library)} if library else {})
    data |= {"power": power.to_dict()} if power else {}
    lines = [*([area_line(result, library)] if library else []), *([power_table(power)] if power else [])]
    print_result(data, estimate_table(result), *lines)
