"""The sub-command that lists the networks of the papers, and writes one as ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulfree.commands.app import MODELS, Json, app
from mulfree.console import print_result, table, working

if TYPE_CHECKING:
    from mulfree.networks import Architecture


@app.command(rich_help_panel=MODELS)
def networks(
    name: Annotated[str | None, typer.Argument(help="A network; all are listed unless given.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The ONNX file to write.")] = None,
    option: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="For example width=16.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random weights.")] = 0,
    json: Json = False,
) -> None:
    """List the networks of the papers and their options, or count one and write it with random weights."""
    if name is None:
        _list()
        return
    from mulfree.networks.registry import describe, parsed

    architecture = describe(name, **dict(parsed(name, text) for text in option or []))
    if output is not None:
        with working("drawing weights"):
            _write(architecture, output, seed)
    counted = _counted(architecture)
    lines = [f"written to {output}"] if output else []
    rows = [(key, value) for key, value in counted.items() if key != "name"]
    print_result(counted | {"file": output and str(output)}, table(architecture.name, ("", ""), rows), *lines)


def _write(architecture: Architecture, output: Path, seed: int) -> None:
    from mulfree.networks import to_onnx
    from mulfree.samples import write_bytes

    write_bytes(output, to_onnx(architecture, seed).SerializeToString())


def _counted(architecture: Architecture) -> dict[str, Any]:
    from mulfree.networks import Role, depth, multiplications, parameters

    counts = {role.value: count for role, count in parameters(architecture).items() if role is not Role.SETTING}
    operations = {f"operations with {role.value}": count for role, count in multiplications(architecture).items()}
    return (
        {"name": architecture.name, "layers": len(architecture.layers), "depth": depth(architecture)}
        | counts
        | operations
    )


def _list() -> None:
    from mulfree.networks.registry import NETWORKS, defaults

    known = {name: defaults(name) for name in NETWORKS}
    rows = [
        (name, " ".join(f"{key}={_text(value)}" for key, value in options.items())) for name, options in known.items()
    ]
    listed = table("networks", ("name", "options and their defaults"), rows)
    listed.columns[1].justify = "left"
    print_result(known, listed)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
