"""Draws boxes and arrows in layers, as SVG: for graphs and for designs, without a drawing program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

CHARACTER, LINE = 7.3, 16.0
"""Width of a character and height of a line, in pixels."""
MARGIN, BETWEEN_BOXES, BETWEEN_LAYERS = 12.0, 24.0, 36.0

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
    'viewBox="0 0 {width:.0f} {height:.0f}" font-family="monospace" font-size="12">\n'
    "<title>{title}</title>\n"
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" fill="#456"/></marker></defs>\n'
)


@dataclass(frozen=True, slots=True)
class Box:
    """Lines of text in a frame; without lines, a bend of an arrow that crosses a layer."""

    lines: tuple[str, ...]
    is_bold: bool = False

    @property
    def width(self) -> float:
        return max(map(len, self.lines)) * CHARACTER + 2 * MARGIN if self.lines else 0.0

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + MARGIN if self.lines else 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes by name, each after those with an arrow to it, and arrows between them; there are no cycles."""

    title: str
    boxes: Mapping[str, Box]
    arrows: Sequence[tuple[str, str]]


@dataclass(slots=True)
class _Place:
    box: Box
    x: float = 0.0
    top: float = 0.0
    bottom: float = 0.0


_Route = list[_Place]
"""An arrow: its start, its bends, its end."""


def printable(text: str) -> str:
    """The text with everything that a picture cannot hold shown as a replacement character."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def draw_svg(picture: Picture) -> str:
    """The picture as SVG text, sources at the top; the same picture gives the same text."""
    layers, routes = _arrange(picture)
    width, height = _set_places(layers, routes)
    head = HEAD.format(width=width, height=height, title=_xml(picture.title))
    arrows = "".join(_arrow_svg(route) for route in routes)
    boxes = "".join(_box_svg(place) for layer in layers for place in layer if place.box.lines)
    return f"{head}{arrows}{boxes}</svg>\n"


def _arrange(picture: Picture) -> tuple[list[list[_Place]], list[_Route]]:
    """Each box one layer below the lowest box with an arrow to it; long arrows bend once in each layer between."""
    depth = dict.fromkeys(picture.boxes, 0)
    sources: dict[str, list[str]] = {name: [] for name in picture.boxes}
    for start, end in picture.arrows:
        sources[end].append(start)
    for name in picture.boxes:
        depth[name] = max((depth[s] + 1 for s in sources[name]), default=0)
    places = {name: _Place(box) for name, box in picture.boxes.items()}
    layers: list[list[_Place]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for name, place in places.items():
        layers[depth[name]].append(place)
    routes: list[_Route] = []
    for start, end in picture.arrows:
        bends = [_Place(Box(())) for _ in range(depth[start] + 1, depth[end])]
        for level, bend in enumerate(bends, depth[start] + 1):
            layers[level].append(bend)
        routes.append([places[start], *bends, places[end]])
    return layers, routes


def _set_places(layers: list[list[_Place]], routes: list[_Route]) -> tuple[float, float]:
    """Centre each layer, ordered by where its arrows come from. Returns the picture's width and height."""
    rows = [sum(p.box.width for p in layer) + BETWEEN_BOXES * (len(layer) - 1) for layer in layers]
    width = max(rows) + 2 * MARGIN
    above: dict[int, list[_Place]] = {}
    for route in routes:
        for upper, lower in pairwise(route):
            above.setdefault(id(lower), []).append(upper)
    top = MARGIN
    for layer, row in zip(layers, rows, strict=True):
        layer.sort(key=lambda place: _mean_x(above.get(id(place), [])))
        height = max((place.box.height for place in layer), default=0.0)
        _set_row(layer, (width - row) / 2, top, height)
        top += height + BETWEEN_LAYERS
    return width, top - BETWEEN_LAYERS + MARGIN


def _mean_x(places: list[_Place]) -> float:
    return sum(place.x for place in places) / len(places) if places else 0.0


def _set_row(layer: list[_Place], left: float, top: float, height: float) -> None:
    """Side by side from the left; an arrow's bend is as high as the layer, so that it passes beside the boxes."""
    for place in layer:
        place.x, place.top = left + place.box.width / 2, top
        place.bottom = top + (place.box.height or height)
        left += place.box.width + BETWEEN_BOXES


def _arrow_svg(route: _Route) -> str:
    start = f"M{route[0].x:.1f},{route[0].bottom:.1f}"
    curves = [_curve(a, b) for a, b in pairwise(route)]
    return f'<path d="{start} {" ".join(curves)}" fill="none" stroke="#456" marker-end="url(#tip)"/>\n'


def _curve(a: _Place, b: _Place) -> str:
    """From the bottom of a to the top of b, vertical at both ends, and on to the bottom of a bend."""
    middle = (a.bottom + b.top) / 2
    through = "" if b.box.lines else f" V{b.bottom:.1f}"
    return f"C{a.x:.1f},{middle:.1f} {b.x:.1f},{middle:.1f} {b.x:.1f},{b.top:.1f}{through}"


def _box_svg(place: _Place) -> str:
    left, stroke = place.x - place.box.width / 2, 2.5 if place.box.is_bold else 1
    width, height = place.box.width, place.bottom - place.top
    frame = (
        f'<rect x="{left:.1f}" y="{place.top:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="5" fill="#eef3f8" stroke="#234" stroke-width="{stroke}"/>\n'
    )
    return frame + "".join(
        f'<text x="{place.x:.1f}" y="{place.top + (i + 1) * LINE:.1f}" text-anchor="middle">{_xml(line)}</text>\n'
        for i, line in enumerate(place.box.lines)
    )


def _xml(text: str) -> str:
    return escape(printable(text))
