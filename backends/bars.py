"""Horizontal bars as a picture (SVG) that needs no script and no other file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

ROW = 22
LABEL = 260
BAR = 460
NUMBER = 110


@dataclass(frozen=True, slots=True)
class Bar:
    """One labelled number; a highlighted one is drawn in the second colour."""

    label: str
    value: float
    is_highlighted: bool = False


def bars_svg(title: str, bars: Sequence[Bar]) -> str:
    """The longest bar fills the width; a value of 0 keeps its row."""
    top = max((bar.value for bar in bars), default=0) or 1
    height = ROW * (len(bars) + 1) + 8
    rows = [_row(bar, top, ROW * (i + 1) + 4) for i, bar in enumerate(bars)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LABEL + BAR + NUMBER} {height}" role="img"'
            f' aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="12">',
            f'<text x="0" y="15" font-weight="600" font-size="13" fill="#222">{escape(title)}</text>',
            *rows,
            "</svg>",
        ]
    )


def _row(bar: Bar, top: float, y: int) -> str:
    width = max(1.0, BAR * bar.value / top) if bar.value else 0
    colour = "#c4622d" if bar.is_highlighted else "#3b6ea5"
    name = bar.label if len(bar.label) <= 40 else f"…{bar.label[-39:]}"
    return (
        f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end" fill="#333">{escape(name)}'
        f"<title>{escape(bar.label)}</title></text>"
        f'<rect x="{LABEL}" y="{y + 3}" width="{width:.1f}" height="{ROW - 7}" rx="2" fill="{colour}"/>'
        f'<text x="{LABEL + width + 6:.1f}" y="{y + 14}" fill="#555">{bar.value:,.0f}</text>'
    )
