"""Options that several commands share, declared once, as fields of what the commands are given."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from mulfree.console import working

if TYPE_CHECKING:
    from mulfree.api import CompiledModel
    from mulfree.compiler.model import QuantisedModel


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What is said of the trained model."""

    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=FORMAT", help="What a float input holds: image=uint8, image=uint8/255."),
    ] = None
    adapt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:OPTION=VALUE",
            help="Change the trained layers: round-weights:bits=B:layers=NAMES or all; round-activations likewise; "
            "approximate-min-select:layers=NAMES; prune-sum-max:kept=COUNT.",
        ),
    ] = None
    calibrate: Annotated[Path | None, typer.Option(metavar="DATA", help="Samples that --adapt fits to.")] = None

    def design(self, model: Path, **others: Any) -> CompiledModel:
        """The compiled model, showing on a terminal that this goes on; `others` go to `mulfree.compile`."""
        import mulfree

        formats = formats_of(self.inputs)
        with working(f"compiling {model}"):
            return mulfree.compile(model, inputs=formats, adapt=self._adapted, **others)

    def _adapted(self, model: QuantisedModel) -> QuantisedModel:
        from mulfree.compiler.adaptation import adapt
        from mulfree.samples import read_samples

        if not self.adapt:
            return model
        if self.calibrate is None:
            raise typer.BadParameter("--adapt fits to data: give --calibrate DATA, an .npz or .npy file")
        x = read_samples(self.calibrate, model.inputs).inputs
        for request in self.adapt:
            model = adapt(model, request, x)
        return model


@dataclass(frozen=True, kw_only=True)
class DesignOptions(ModelOptions):
    """What is said of the hardware, too."""

    folding: Annotated[str | None, typer.Option(help="'unrolled', or a folding file as compile writes it.")] = None
    fps: Annotated[float | None, typer.Option(help="Least hardware for so many frames per second.")] = None
    luts: Annotated[int | None, typer.Option(help="Fastest design within so many LUTs.")] = None
    clock: Annotated[float, typer.Option("--clock", help="Clock in MHz that rates are given for.")] = 100.0
    target: Annotated[str, typer.Option(help="xc7, xcup, ice40, ecp5, gowin or asic.")] = "xc7"
    arithmetic: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Take it wherever it is exact; else the cheapest is taken."),
    ] = None
    levels: Annotated[
        int | None,
        typer.Option("--levels-per-stage", help="Levels of logic between registers within layers."),
    ] = None

    def design(self, model: Path, **others: Any) -> CompiledModel:
        folding = {"folding": self.folding, "fps": self.fps, "luts": self.luts, "levels_per_stage": self.levels}
        chosen = {"target": self.target, "clock_mhz": self.clock, "arithmetic": self.arithmetic or ()}
        return super().design(model, **folding, **chosen, **others)


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of its parameter `options`, in the place of that parameter."""
    given = inspect.signature(command)
    types = get_type_hints(command, include_extras=True)
    kind: type[ModelOptions] = types.pop("options")
    own = [p.replace(annotation=types[p.name]) for p in given.parameters.values() if p.name != "options"]

    @wraps(command)
    def run(**values: Any) -> None:
        options = kind(**{field.name: values.pop(field.name) for field in fields(kind)})
        command(options=options, **values)

    parameters = [*own[:-1], *_parameters(kind), own[-1]]
    run.__signature__ = given.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _parameters(kind: type[ModelOptions]) -> list[inspect.Parameter]:
    types = get_type_hints(kind, include_extras=True)
    by_name = inspect.Parameter.KEYWORD_ONLY
    return [inspect.Parameter(f.name, by_name, default=f.default, annotation=types[f.name]) for f in fields(kind)]


def formats_of(inputs: list[str] | None) -> dict[str, str]:
    """`image=uint8` as input and format."""
    pairs = [text.partition("=") for text in inputs or []]
    for name, equals, format in pairs:
        if not (name and equals and format):
            raise typer.BadParameter(f"'{name}{equals}{format}' is not NAME=FORMAT, such as image=uint8")
    return {name: format for name, _, format in pairs}
