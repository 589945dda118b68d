"""Sub-commands that write models: approximate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mulfree.commands.app import MODELS, Json, Limit, Model, app
from mulfree.console import print_result, working


@app.command(rich_help_panel=MODELS)
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
