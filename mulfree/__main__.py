"""The command line: compile, sim, cosim, estimate, synth, diff, show, approximate, demo.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulfree.console import Commands, batches, is_json, print_result, remember_json, working
from mulfree.options import DesignOptions, ModelOptions, with_options

if TYPE_CHECKING:
    from mulfree.api import CompiledModel
    from mulfree.samples import Samples

DIFFERENT = 1
"""Exit code of cosim and diff when the sides are not equal."""
BATCH = 256

app = typer.Typer(
    cls=Commands,
    name="mulfree",
    help="Compile trained, quantised ONNX networks to hardware without a single multiplier.",
    epilog="Exit codes: 0 success, 1 two sides differ, 2 wrong input, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Form(StrEnum):
    """What `show` draws with."""

    text = "text"
    dot = "dot"
    svg = "svg"


class Level(StrEnum):
    """Which graph `show` shows."""

    imported = "imported"
    integers = "integers"
    lowered = "lowered"


Model = Annotated[Path, typer.Argument(help="The ONNX file.", show_default=False)]
Data = Annotated[Path, typer.Argument(help="An .npz or .npy file of samples; labels under 'y'.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.", callback=remember_json, is_eager=True)]
Limit = Annotated[int | None, typer.Option(help="Only the first so many samples.", min=1)]
Flow = Annotated[str, typer.Option(help="always, random[:PROBABILITY] or bursty[:BUSY:IDLE].")]


@app.command("compile")
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
        samples = _samples(design, data, limit or 4)
        design.write_verilog(output, samples.inputs)
        estimate = design.estimate()
    data_ = summary(design) | {"folder": str(output), "estimate": estimate.to_dict()}
    print_result(data_, estimate_table(estimate), *design.model.notes, f"written to {output}")


@app.command()
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
    samples = _samples(design, data, limit)
    result = simulate(design, samples, batches(samples.count, BATCH, "simulating"), output)
    notes = design.model.notes
    visits = design.visits(samples.inputs)
    shares = {"visited": {name: found.share for name, found in visits.items()}} if visits else {}
    lines = [f"{name}: {found}" for name, found in visits.items()]
    print_result(result.to_dict() | {"notes": notes} | shares, *notes, *lines, str(result))


@app.command()
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
    samples = _samples(design, data, limit or 3, seed)
    with working("building and running the Verilator model"):
        report = design.cosimulate(samples.inputs, pattern(source, seed), pattern(sink, seed + 1))
    print_result(asdict(report) | {"is_equal": report.is_equal}, str(report))
    raise typer.Exit(0 if report.is_equal else DIFFERENT)


@app.command()
@with_options
def estimate(
    model: Model,
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Area, latency and rate without synthesis, per stage and in total, with the error of the estimate."""
    from mulfree.summary import estimate_table

    design = options.design(model)
    with working("estimating"):
        result = design.estimate()
    print_result(result.to_dict(), estimate_table(result))


@app.command()
@with_options
def synth(
    model: Model,
    device: Annotated[str | None, typer.Option(help="Place and route too, for example ecp5-85k.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the report.")] = None,
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Synthesise every stage with Yosys, and prove that no multiplication and no DSP block is left."""
    from mulfree.summary import placement_dict, placement_text, synthesis_dict, synthesis_table

    design = options.design(model)
    with working("synthesising"):
        result = design.synthesise()
    with working("placing and routing"):
        placement = design.place_and_route(device) if device else None
    page = design.report(output, result, placement) if output else None
    data = synthesis_dict(result) | {"placement": placement and placement_dict(placement), "report": page}
    lines = [placement_text(placement)] if placement else []
    print_result(data, synthesis_table(result), *lines, *([f"report: {page}"] if page else []))


@app.command()
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
        found = design.diff(_samples(design, data, limit, seed).inputs, left, right, tolerance)
    equal = f"{left} and {right} are equal"
    print_result({"is_equal": found is None, "first": found and found.to_dict()}, str(found) if found else equal)
    raise typer.Exit(DIFFERENT if found else 0)


@app.command()
@with_options
def show(
    model: Model,
    level: Annotated[Level, typer.Option(help="As imported, as integers, or without multiplications.")] = Level.lowered,
    form: Annotated[Form, typer.Option("--as", help="How to show it.")] = Form.text,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of the terminal.")] = None,
    alternatives: Annotated[
        bool, typer.Option("--alternatives", help="What every arithmetic costs, by layer.")
    ] = False,
    operations: Annotated[bool, typer.Option("--operations", help="What every layer takes for one sample.")] = False,
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Print or draw a graph of the model; or what its layers cost: every exact arithmetic, or the operations."""
    from mulfree.samples import write_text

    if operations:
        return _print_operations(options.design(model))
    if alternatives:
        return _print_alternatives(options.design(model))
    text = _drawing(_graph(model, level, options), form)
    if output:
        write_text(output, text)
        print_result({"file": str(output)}, f"written to {output}")
    elif is_json():
        print_result({"level": level.value, "form": form.value, "text": text})
    else:
        typer.echo(text, nl=False)


def _print_alternatives(design: CompiledModel) -> None:
    from mulfree.summary import alternatives_dict, alternatives_table

    with working("pricing"):
        found = design.alternatives()
    print_result(alternatives_dict(design, found), alternatives_table(design, found))


def _print_operations(design: CompiledModel) -> None:
    from mulfree.summary import operations_dict, operations_table, own_operations_tables

    print_result(operations_dict(design), operations_table(design), *own_operations_tables(design))


@app.command()
def approximate(
    model: Model,
    data: Annotated[Path, typer.Argument(help="An .npz or .npy file of samples to fit to.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The ONNX file to write.")],
    weights: Annotated[int, typer.Option(help="Pieces of weights that are not 0: 2, 4, 6 or 8.")] = 8,
    activations: Annotated[int, typer.Option(help="Pieces of activations above 0: 1 to 7.")] = 7,
    bits: Annotated[int, typer.Option(help="Of the fixed-point number that a piece is worth.")] = 8,
    limit: Limit = 200,
    json: Json = False,
) -> None:
    """Put the weights and rectified activations of a trained network, of floats or integers, into pieces."""
    from mulfree.compiler.families.piecewise.approximate import approximate_piecewise
    from mulfree.compiler.frontends.onnx import import_onnx
    from mulfree.samples import GraphInput, read_samples, write_bytes

    declared = [GraphInput(v.name, v.type.shape, v.type.dtype) for v in import_onnx(model).inputs]
    with working("fitting"):
        samples = read_samples(data, declared).first(limit)
        made = approximate_piecewise(model, samples.inputs, weights, activations, bits)
    write_bytes(output, made.model.SerializeToString())
    print_result(made.to_dict() | {"file": str(output)}, str(made), f"written to {output}")


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")] = Path("build/demo"),
    json: Json = False,
) -> None:
    """The main job on the network that ships with mulfree: compile, simulate, co-simulate, estimate, write."""
    from mulfree.summary import run_demo

    is_equal = run_demo(output, working)
    raise typer.Exit(0 if is_equal else DIFFERENT)


def _samples(design: CompiledModel, data: Path | None, limit: int | None, seed: int = 0) -> Samples:
    from mulfree.samples import random_samples, read_samples

    if data is None:
        return random_samples(design.model, limit or 1, seed)
    return read_samples(data, design.model.inputs).first(limit)


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


def _graph(model: Path, level: Level, options: ModelOptions) -> Any:
    if level is Level.imported:
        from mulfree.compiler.frontends.onnx import import_onnx

        return import_onnx(model)
    design = options.design(model)
    return design.model.graph if level is Level.integers else design.hardware.graph


def _drawing(graph: Any, form: Form) -> str:
    from mulfree.ir.text import to_text
    from mulfree.ir.view import to_dot, to_svg

    draw: Callable[[Any], str] = {Form.text: to_text, Form.dot: to_dot, Form.svg: to_svg}[form]
    return draw(graph)


def main() -> None:
    """Entry point of the `mulfree` command."""
    app()


if __name__ == "__main__":
    main()
