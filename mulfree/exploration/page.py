"""An exploration as a page that needs no other file, and as pictures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mulfree.backends.pages import page, write_pages
from mulfree.exploration.exploration import Exploration
from mulfree.exploration.picture import pictures
from mulfree.exploration.point import Point
from mulfree.exploration.table import counts, errors, figures_of, measured, options_of, unit, varying
from mulfree.ir import CompileError

NAME = "exploration.html"


def write_page(exploration: Exploration, front: Sequence[Point], by: Sequence[str], folder: Path) -> str:
    """Write the page, with a front that was found by some metrics, and the pictures where Matplotlib is installed.

    Says what was written, or why there is less. Raises CompileError if the folder cannot be written.
    """
    drawn, remark = _drawn(exploration, front)
    svg = drawn.get("front.svg", b"").decode()
    write_pages({NAME: to_html(exploration, front, by, svg[svg.find("<svg") :] if svg else ""), **drawn}, folder)
    return f"written to {folder}: {', '.join([NAME, *drawn])}{remark}"


def _drawn(exploration: Exploration, front: Sequence[Point]) -> tuple[dict[str, bytes], str]:
    if not exploration.designs:
        return {}, ""
    try:
        return pictures(exploration, front), ""
    except CompileError as error:
        return {}, f". {error}"


def to_html(exploration: Exploration, front: Sequence[Point], by: Sequence[str], svg: str) -> str:
    options = varying(exploration.points)
    sections = [
        {"target": target, "unit": unit(target), "rows": [_row(p, options) for p in front if p.choice.target == target]}
        for target in exploration.targets
    ]
    rows = [_row(point, options) | {"is_on_front": point in front} for point in exploration.points]
    return page("exploration.html.j2").render(
        name=exploration.points[0].choice.model if exploration.points else "",
        by=by,
        svg=svg,
        counts=counts(exploration, front),
        errors=errors(exploration),
        options=options,
        figures=measured(exploration.designs),
        sections=sections,
        rows=rows,
    )


def _row(point: Point, options: Sequence[str]) -> dict[str, Any]:
    chosen = options_of(point)
    commands = [command for command in (point.command, point.accuracy_command) if command]
    figures = {} if point.error else figures_of(point)
    return {
        "options": [chosen[name] for name in options],
        "figures": figures,
        "commands": commands,
        "error": point.error,
    }
