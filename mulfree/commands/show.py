"""The sub-command that prints or draws graphs, and what layers cost."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulfree.commands.app import MODELS, Json, Model, app
from mulfree.console import is_json, print_result, working
from mulfree.options import DesignOptions, ModelOptions, with_options

if TYPE_CHECKING:
    from mulfree.api import CompiledModel


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


@app.command(rich_help_panel=MODELS)
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
