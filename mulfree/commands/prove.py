"""Sub-command that proves what is printed: prove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mulfree.commands.app import DIFFERENT, HARDWARE, Json, Model, app
from mulfree.console import print_result, progress_bar, table
from mulfree.options import DesignOptions, with_options

if TYPE_CHECKING:
    from mulfree.backends.formal import Proofs, UnitProof

OPEN = 3
"""Exit code where no counterexample was found, and not everything is proven."""
NOT_COVERED = (
    "not covered, and compared by `mulfree cosim`: how a stage joins these units, its addresses, the words of weights"
)


@app.command(rich_help_panel=HARDWARE)
@with_options
def prove(
    model: Model,
    time_limit: Annotated[float, typer.Option(help="Seconds for each question that is put to SAT.", min=1.0)] = 60.0,
    jobs: Annotated[int | None, typer.Option(help="Runs of Yosys side by side; default: processors.", min=1)] = None,
    *,
    options: DesignOptions,
    json: Json = False,
) -> None:
    """Prove every printed circuit of the design equal to the definition of its cells, with Yosys.

    Exit code 1: there is a counterexample, which is printed; 3: there is none, and not everything is proven.
    """
    design = options.design(model)
    with progress_bar("proving") as advance:
        proofs = design.prove(time_limit_s=time_limit, jobs=jobs, progress=lambda done, all_: advance(done, all_, ""))
    print_result(proofs_dict(proofs), _table(proofs), *_lines(proofs))
    raise typer.Exit(DIFFERENT if proofs.is_refuted else 0 if proofs.is_complete else OPEN)


def proofs_dict(proofs: Proofs) -> dict[str, Any]:
    """For JSON."""
    from dataclasses import asdict

    counts = {status: proofs.count(status) for status in ("proven", "refuted", "unproven")}
    return {**asdict(proofs), **counts, "is_complete": proofs.is_complete, "not_covered": NOT_COVERED}


def _table(proofs: Proofs) -> Any:
    columns = ["unit", "kind", "status", "cells by method", "seconds"]
    rows = [[u.unit, u.kind, u.status, _methods(u), f"{u.seconds:.1f}"] for u in proofs.units]
    return table(f"proofs for {proofs.target} with {proofs.tool}", columns, rows)


def _methods(unit: UnitProof) -> str:
    if unit.equal_to:
        return f"as {unit.equal_to}"
    return ", ".join(f"{count} {method}" for method, count in sorted(unit.methods.items())) or "no cells"


def _lines(proofs: Proofs) -> list[str]:
    found = [f"{unit.unit} is {unit.status}: {unit.found}" for unit in proofs.units if unit.found]
    taken = [f"assumed: {unit.unit}: {text}" for unit in proofs.units if not unit.equal_to for text in unit.assumptions]
    count = f"{proofs.count('proven')} of {len(proofs.units)} units proven in {proofs.seconds:.0f} s"
    without = ", ".join(proofs.without_property)
    control = [f"library modules of which nothing is proven: {without}"] if without else []
    return [*found, *taken, *control, NOT_COVERED, f"{count}; {proofs.count('refuted')} refuted"]
