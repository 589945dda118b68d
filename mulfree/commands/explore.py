"""The sub-command that compares many designs of one network."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulfree.commands.app import HARDWARE, Json, Limit, Model, app
from mulfree.console import WRONG_INPUT, print_result, progress_bar
from mulfree.options import formats_of

if TYPE_CHECKING:
    from mulfree.exploration import Point

Numbers = Annotated[str | None, typer.Option(metavar="N,N,...")]


@app.command(rich_help_panel=HARDWARE)
def explore(
    model: Model,
    data: Annotated[
        Path | None, typer.Argument(help="Samples with labels, for the accuracy.", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the points and the page.")] = Path(
        "explored"
    ),
    fps: Annotated[str | None, typer.Option(metavar="N,...", help="Rates to fold for.")] = None,
    luts: Annotated[str | None, typer.Option(metavar="N,...", help="Budgets of LUTs to fold for.")] = None,
    folding: Annotated[str | None, typer.Option(metavar="NAME,...", help="'unrolled', or folding files.")] = None,
    arithmetic: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="'cheapest', or preferred ones; a+b prefers both in order.")
    ] = None,
    adapt: Annotated[
        list[str] | None,
        typer.Option(metavar="REQUEST", help="'none', or as for compile; a+b applies both. May be repeated."),
    ] = None,
    calibrate: Annotated[Path | None, typer.Option(metavar="DATA", help="Samples that --adapt fits to.")] = None,
    levels: Annotated[
        str | None, typer.Option("--levels-per-stage", metavar="N,...", help="Levels of logic between registers.")
    ] = None,
    target: Annotated[str, typer.Option(metavar="NAME,...", help="Targets, as for compile.")] = "xc7",
    other_model: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="The network quantised otherwise. May be repeated.")
    ] = None,
    clock: Annotated[float, typer.Option(help="Clock in MHz that rates are given for.")] = 100.0,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=FORMAT", help="What a float input holds, as for compile."),
    ] = None,
    points: Annotated[int | None, typer.Option(help="Draw so many, if there are more.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    limit: Limit = None,
    by: Annotated[str, typer.Option(metavar="NAME,...", help="What designs are compared in.")] = "area,fps,accuracy",
    known_only: Annotated[
        bool, typer.Option("--known-only", help="Measure nothing; show what the folder has.")
    ] = False,
    least_accuracy: Annotated[float, typer.Option(help="Of designs on the front, 0 to 1.", min=0, max=1)] = 0.0,
    processes: Annotated[int | None, typer.Option(help="Of this machine; by default one for each core.", min=1)] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:PORT.")] = None,
    json: Json = False,
) -> None:
    """Compile many designs, and print and plot those that no other beats in area, rate and accuracy."""
    from mulfree import CompileError
    from mulfree.exploration import Space
    from mulfree.exploration.exploration import check_metrics, explore
    from mulfree.exploration.page import write_page
    from mulfree.exploration.space import NONE
    from mulfree.exploration.table import counts, errors, front_tables, to_dict

    space = Space(
        fps=numbers(fps, float, "--fps"),
        luts=numbers(luts, int, "--luts"),
        foldings=listed(folding),
        arithmetics=listed(arithmetic),
        adaptations=adapt or [NONE],
        levels_per_stage=numbers(levels, int, "--levels-per-stage") or [None],
        targets=listed(target),
        other_models=other_model or [],
        clock_mhz=clock,
    )
    metrics = listed(by)
    check_metrics(metrics)
    known: dict[str, Any] = {"data": data, "calibrate": calibrate, "inputs": formats_of(inputs), "limit": limit}
    known |= {"points": points, "seed": seed, "processes": processes, "scheduler": scheduler}
    known |= {"known_only": known_only}
    with _shown() as progress:
        found = explore(model, space, folder=output, progress=progress, **known)
    if not found.points:
        raise CompileError(f"{output}: knows no point of these options, model and data; leave --known-only out")
    front = found.front(metrics, least_accuracy)
    written = write_page(found, front, metrics, output)
    lines = [*front_tables(found, front, metrics), counts(found, front), *errors(found), written]
    print_result(to_dict(found, front, metrics) | {"folder": str(output)}, *lines)
    if found.points and not found.designs:
        raise typer.Exit(WRONG_INPUT)


def listed(text: str | None) -> list[str]:
    """`a,b` as a list; nothing as an empty one."""
    return [part.strip() for part in text.split(",")] if text else []


def numbers(text: str | None, kind: Callable[[str], Any], option: str) -> list[Any]:
    """`1,2` as numbers above 0."""
    try:
        found = [kind(part) for part in listed(text)]
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a list of numbers, such as 100,1000", param_hint=option) from None
    if any(not value > 0 for value in found):
        raise typer.BadParameter(f"'{text}' has a number that is not above 0", param_hint=option)
    return found


@contextmanager
def _shown() -> Generator[Callable[[int, int, Point | None], None]]:
    """A progress bar on a terminal."""
    with progress_bar("exploring") as advance:
        yield lambda done, total, last: advance(done, total, _described(last))


def _described(point: Point | None) -> str:
    if point is None:
        return ""
    made = point.choice.made_from()
    return (
        f"{made}: cannot be compiled" if point.error else f"{made}: area {point.area:,.0f}, {point.fps:,.0f} frames/s"
    )
