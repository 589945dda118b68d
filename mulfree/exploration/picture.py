"""The points as a picture: area over rate, for each target, with what nothing beats in front."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mulfree.exploration.exploration import Exploration
from mulfree.exploration.point import Point
from mulfree.exploration.table import OPTIONS, options_of, unit
from mulfree.ir import CompileError

REMEDY = "pip install 'mulfree[explore]'"
WIDTH, HEIGHT, DPI = 8.0, 4.8, 140
"""Inches for each target, and dots for each inch."""
DOMINATED, CHOSEN = 26, 62
"""Sizes of markers, in square points."""
ACCURACY_COLOURS, OPTION_COLOURS = "viridis", "tab10"
MOST_TICKS, COLUMNS = 30, 4
"""Of an axis, and of the legend."""
Paint = Callable[[Sequence[Point]], Any]
"""Colours of points."""
Finish = Callable[[], None]
"""Draws what says what the colours mean."""
MOST_OPTIONS = 10
"""That have a colour of their own."""


def pictures(exploration: Exploration, front: Sequence[Point]) -> dict[str, bytes]:
    """`front.svg` and `front.png`; the same points give the same bytes. Raises CompileError without Matplotlib."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise CompileError(f"Matplotlib is not installed, so there is no picture: {REMEDY}") from None
    targets = [target for target in exploration.targets if any(p.choice.target == target for p in exploration.designs)]
    figure = Figure((WIDTH, HEIGHT * len(targets)), layout="constrained")
    chosen = {point.key for point in front}
    for axes, target in zip(figure.subplots(len(targets), squeeze=False)[:, 0], targets, strict=True):
        _panel(figure, axes, target, [p for p in exploration.designs if p.choice.target == target], chosen)
    with matplotlib.rc_context({"svg.hashsalt": "mulfree", "svg.fonttype": "none"}):
        return {"front.svg": _saved(figure, "svg", {"Date": None}), "front.png": _saved(figure, "png", {})}


def _saved(figure: Any, format: str, metadata: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=format, dpi=DPI, metadata=metadata)
    return file.getvalue()


def _panel(figure: Any, axes: Any, target: str, points: Sequence[Point], chosen: set[str]) -> None:
    on_front = [point for point in points if point.key in chosen]
    behind = [point for point in points if point.key not in chosen]
    paint, finish = _colours(figure, axes, points, on_front)
    axes.scatter(*_places(behind), s=DOMINATED, c=paint(behind), alpha=0.45, linewidths=0, label="_")
    _stairs(axes, on_front, paint)
    errors = [point.area * point.estimate["total_error"] for point in on_front]
    axes.errorbar(*_places(on_front), yerr=errors, fmt="none", ecolor="#555", elinewidth=0.7, alpha=0.5, zorder=2)
    axes.scatter(*_places(on_front), s=CHOSEN, c=paint(on_front), edgecolors="#222", linewidths=0.8, zorder=3)
    _label(axes, target, points)
    finish()


def _places(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [point.fps for point in points], [point.area for point in points]


def _stairs(axes: Any, points: Sequence[Point], paint: Paint) -> None:
    """For each accuracy, the least area that reaches a rate; grey where colours are not of accuracies."""
    is_single = len({point.accuracy for point in points}) == 1
    for accuracy in dict.fromkeys(point.accuracy for point in points):
        steps = sorted((p for p in points if p.accuracy == accuracy), key=lambda p: p.fps)
        colour = "#bbb" if is_single else paint(steps[:1])[0]
        axes.plot(*_places(steps), drawstyle="steps-pre", color=colour, linewidth=1, alpha=0.7, zorder=1)


def _label(axes: Any, target: str, points: Sequence[Point]) -> None:
    from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

    axes.set(xscale="log", yscale="log")
    axes.set_xlabel(f"frames per second at {points[0].choice.clock_mhz:g} MHz")
    axes.set_ylabel(unit(target).replace(", ", ",\n"))
    axes.set_title(f"{target}: area against rate", loc="left", fontsize=11, fontweight="bold")
    axes.grid(which="major", color="#eee")
    axes.set_axisbelow(True)
    for axis, values in zip((axes.xaxis, axes.yaxis), _places(points), strict=True):
        axis.set_major_locator(LogLocator(subs=_ticks(max(values) / min(values)), numticks=MOST_TICKS))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(EngFormatter(sep=""))


def _ticks(ratio: float) -> tuple[float, ...]:
    """Of each decade, for values of which the largest is so many times the smallest."""
    if ratio < 10:
        return (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    return (1, 2, 5) if ratio < 1000 else (1,)


def _colours(figure: Any, axes: Any, points: Sequence[Point], front: Sequence[Point]) -> tuple[Paint, Finish]:
    """From points to their colours, and what is drawn last to say what these mean: of accuracies, or of an option."""
    if len({point.accuracy for point in points}) > 1:
        return _accuracy_colours(figure, axes, front or points)
    return _option_colours(axes, points)


def _accuracy_colours(figure: Any, axes: Any, points: Sequence[Point]) -> tuple[Paint, Finish]:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    known = [100 * p.accuracy for p in points if p.accuracy is not None]
    scale = ScalarMappable(Normalize(min(known), max(known)), ACCURACY_COLOURS)

    def finish() -> None:
        figure.colorbar(scale, ax=axes, label="right answers, %")
        _legend(axes, [])

    def paint(some: Sequence[Point]) -> Any:
        return scale.to_rgba(np.array([100 * (p.accuracy or 0) for p in some]))

    return paint, finish


def _option_colours(axes: Any, points: Sequence[Point]) -> tuple[Paint, Finish]:
    """Of the alternatives of the option that has most of them, but how the folding was asked for."""
    import matplotlib
    from matplotlib.lines import Line2D

    rows = {point.key: options_of(point) for point in points}
    option = max(OPTIONS[1:], key=lambda name: len({row[name] for row in rows.values()}))
    names = sorted({row[option] for row in rows.values()})
    palette = matplotlib.colormaps[OPTION_COLOURS]
    colours = {name: palette(min(i, MOST_OPTIONS - 1)) for i, name in enumerate(names)}
    shown = [*names[: MOST_OPTIONS - 1], *(["others"] if len(names) > MOST_OPTIONS else names[MOST_OPTIONS - 1 :])]
    marks = [Line2D([], [], marker="o", linestyle="", color=palette(i), label=name) for i, name in enumerate(shown)]

    def finish() -> None:
        _legend(axes, marks if len(names) > 1 else [], option)

    def paint(some: Sequence[Point]) -> Any:
        return [colours[rows[point.key][option]] for point in some]

    return paint, finish


def _legend(axes: Any, marks: list[Any], option: str = "") -> None:
    """Below the plot, where it hides no point; `option` is what the marks are alternatives of."""
    from matplotlib.lines import Line2D

    empty: dict[str, Any] = {"xdata": [], "ydata": [], "marker": "o", "linestyle": ""}
    front = Line2D(
        **empty, markeredgecolor="#222", markerfacecolor="white", label="on the front, ± the estimate's error"
    )
    other = Line2D(**empty, markeredgecolor="none", markerfacecolor="#999", markersize=4, label="others")
    place: dict[str, Any] = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, -0.13),
        "frameon": False,
        "fontsize": 8,
        "title_fontsize": 8,
    }
    axes.legend(handles=[*marks, front, other], ncols=COLUMNS, **place, title=option if marks else None)
