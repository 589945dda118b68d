"""An exploration as rows: for the terminal, for the page and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mulfree.compiler.price import price
from mulfree.console import table
from mulfree.exploration.exploration import Exploration
from mulfree.exploration.point import Point
from mulfree.exploration.space import CHEAPEST, NONE
from mulfree.rtl.cost import Cost, target_named

COLUMNS = ("area", "±", "luts", "ffs", "brams", "fps", "latency µs", "accuracy", "seconds")
OPTIONS = ("asked for", "arithmetic", "adaptation", "levels", "model")


def unit(target: str) -> str:
    """What `area` counts."""
    technology = target_named(target)
    if not technology.is_fpga:
        return "NAND2 equivalents"
    block = price(Cost(brams=1), target)[0]
    return f"LUTs of logic and memory, a block memory as {block:g}"


def options_of(point: Point) -> dict[str, str]:
    """What was chosen, in the words of the command line."""
    choice = point.choice
    missed = ", missed" if point.is_slower_than_asked else ""
    values = (f"{choice.made_from()}{missed}", "+".join(choice.arithmetic) or CHEAPEST, "+".join(choice.adapt) or NONE)
    return dict(zip(OPTIONS, (*values, str(choice.levels_per_stage or "as folded"), choice.model), strict=True))


def varying(points: Sequence[Point]) -> list[str]:
    """The options that are not the same everywhere; how the folding was asked for is always among them."""
    rows = [options_of(point) for point in points]
    return [name for name in OPTIONS if name == OPTIONS[0] or len({row[name] for row in rows}) > 1]


def figures_of(point: Point) -> dict[str, str]:
    """What was measured, as text."""
    total, latency = point.estimate["total"], point.estimate["latency_us"]
    values = (
        f"{point.area:,.0f}",
        f"{point.estimate['total_error']:.0%}",
        *(f"{total[name]:,.0f}" for name in ("luts", "ffs", "brams")),
        f"{point.fps:,.0f}",
        "" if latency is None else f"{latency:,.1f}",
        "" if point.accuracy is None else f"{point.accuracy:.2%}",
        f"{point.seconds:,.1f}",
    )
    return dict(zip(COLUMNS, values, strict=True))


def measured(points: Sequence[Point]) -> list[str]:
    """The columns of figures that some point has."""
    return [name for name in COLUMNS if any(figures_of(point)[name] for point in points)]


def front_tables(exploration: Exploration, by: Sequence[str]) -> list[Any]:
    """One for each target: areas of two targets cannot be compared."""
    chosen = exploration.front(by)
    return [
        _front_table(exploration, target, [p for p in chosen if p.choice.target == target], by)
        for target in exploration.targets
    ]


def _front_table(exploration: Exploration, target: str, chosen: Sequence[Point], by: Sequence[str]) -> Any:
    options, figures = varying(exploration.points), measured(chosen)
    rows = [[*(options_of(p)[n] for n in options), *(figures_of(p)[n] for n in figures)] for p in chosen]
    return table(f"Pareto front of {', '.join(by)} on {target}; area: {unit(target)}", [*options, *figures], rows)


def counts(exploration: Exploration, by: Sequence[str]) -> str:
    """How many points of which kind."""
    total, designs, chosen = len(exploration.points), len(exploration.designs), len(exploration.front(by))
    return (
        f"{total} points, {exploration.known} of them known before: {chosen} on the front, {designs - chosen} that "
        f"others dominate, {total - designs} that cannot be compiled"
    )


def errors(exploration: Exploration) -> list[str]:
    """Every reason once, with how many points it kept from being compiled."""
    reasons = Counter(point.error for point in exploration.points if point.error is not None)
    return [f"{count} of {len(exploration.points)} points: {reason}" for reason, count in reasons.items()]


def to_dict(exploration: Exploration, by: Sequence[str]) -> dict[str, Any]:
    """All points, and the keys of those on the front."""
    return {
        "by": list(by),
        "front": [point.key for point in exploration.front(by)],
        "points": [_point_dict(point) for point in exploration.points],
        "known": exploration.known,
    }


def _point_dict(point: Point) -> dict[str, Any]:
    return asdict(point) | {"area": None if point.error else point.area}
