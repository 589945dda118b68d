"""An exploration as rows: for the terminal, for the page and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import count, product
from string import ascii_uppercase
from typing import Any

from mulfree.compiler.price import price
from mulfree.console import table
from mulfree.exploration.exploration import Exploration
from mulfree.exploration.point import Point
from mulfree.exploration.space import CHEAPEST, NONE
from mulfree.rtl.cost import Cost, target_named

LATENCY, SECONDS = "latency µs", "seconds"
COLUMNS = ("area", "±", "luts", "ffs", "brams", "fps", LATENCY, "fmax", "accuracy", SECONDS)
OPTIONS = ("asked for", "arithmetic", "adaptation", "levels", "model")
LONGEST_CELL = 20
ON_THE_PAGE = (LATENCY, SECONDS)
"""What the terminal has no room for."""


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
    total, latency, fmax = point.estimate["total"], point.metric("latency"), point.metric("fmax")
    values = (
        f"{point.area:,.0f}",
        f"{point.estimate['total_error']:.0%}",
        *(f"{total[name]:,.0f}" for name in ("luts", "ffs", "brams")),
        f"{point.fps:,.0f}",
        "" if latency is None else f"{latency:,.1f}",
        "" if fmax is None else f"{fmax:,.0f}",
        "" if point.accuracy is None else f"{point.accuracy:.2%}",
        f"{point.seconds:,.1f}",
    )
    return dict(zip(COLUMNS, values, strict=True))


def measured(points: Sequence[Point]) -> list[str]:
    """The columns of figures that some point has."""
    return [name for name in COLUMNS if any(figures_of(point)[name] for point in points)]


def front_tables(exploration: Exploration, front: Sequence[Point], by: Sequence[str]) -> list[Any]:
    """One for each target, since areas of two targets cannot be compared; and what letters in them stand for."""
    short, options = letters(front), varying(exploration.points)
    targets = dict.fromkeys(point.choice.target for point in front)
    tables = [_front_table(options, t, [p for p in front if p.choice.target == t], by, short) for t in targets]
    return [*tables, *(f"{letter}: {text}" for text, letter in short.items())]


def letters(points: Sequence[Point]) -> dict[str, str]:
    """A letter for every option that is too long for a cell."""
    texts = [options_of(point)[name] for name in OPTIONS for point in points]
    return dict(zip([t for t in dict.fromkeys(texts) if len(t) > LONGEST_CELL], _letters(), strict=False))


def _letters() -> Iterator[str]:
    """A to Z, AA to ZZ, ..."""
    return ("".join(word) for length in count(1) for word in product(ascii_uppercase, repeat=length))


def _front_table(
    options: Sequence[str], target: str, chosen: Sequence[Point], by: Sequence[str], short: Mapping[str, str]
) -> Any:
    figures = [name for name in measured(chosen) if name not in ON_THE_PAGE]
    rows = [_cells(point, options, figures, short) for point in chosen]
    made = table(f"Pareto front of {', '.join(by)} on {target}; area: {unit(target)}", [*options, *figures], rows)
    for column in made.columns:
        column.no_wrap = True
    return made


def _cells(point: Point, options: Sequence[str], figures: Sequence[str], short: Mapping[str, str]) -> list[str]:
    chosen, found = options_of(point), figures_of(point)
    return [*(short.get(chosen[name], chosen[name]) for name in options), *(found[name] for name in figures)]


def counts(exploration: Exploration, front: Sequence[Point]) -> str:
    """How many points of which kind."""
    total, designs, chosen = len(exploration.points), len(exploration.designs), len(front)
    return (
        f"{total} points, {exploration.known} of them known before: {chosen} on the front, {designs - chosen} that "
        f"are not, {total - designs} that cannot be compiled"
    )


def errors(exploration: Exploration) -> list[str]:
    """Every reason once, with how many points it kept from being compiled."""
    reasons = Counter(point.error for point in exploration.points if point.error is not None)
    return [f"{number} of {len(exploration.points)} points: {reason}" for reason, number in reasons.items()]


def to_dict(exploration: Exploration, front: Sequence[Point], by: Sequence[str]) -> dict[str, Any]:
    """All points, and the keys of those on the front."""
    return {
        "by": list(by),
        "front": [point.key for point in front],
        "points": [_point_dict(point) for point in exploration.points],
        "known": exploration.known,
    }


def _point_dict(point: Point) -> dict[str, Any]:
    return asdict(point) | {"area": None if point.error else point.area}
