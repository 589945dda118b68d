"""Report a design: one HTML page that needs no other file, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mulfree.backends.bars import Bar, bars_svg
from mulfree.backends.estimate import Estimate, StageEstimate
from mulfree.backends.layers import Layer, layers
from mulfree.backends.pages import page, write_pages
from mulfree.backends.synth import Placement, Synthesis
from mulfree.rtl import Design, Stage
from mulfree.rtl.cost import total

FOLDING = (
    "pe",
    "simd",
    "lanes",
    "groups",
    "output_folds",
    "input_folds",
    "folds",
    "taps",
    "levels",
    "depth",
    "copies",
    "ports",
    "steps",
    "entries",
    "padded",
)
"""Parameters of stages that a reader looks for; the others are in the JSON."""


@dataclass(frozen=True)
class Report:
    """What is known of a design. `operators` and `cells` are the counts of the multiplier-free proof."""

    design: Design
    estimate: Estimate
    notes: Sequence[str] = ()
    operators: Mapping[str, int] = field(default_factory=dict[str, int])
    cells: Mapping[str, int] = field(default_factory=dict[str, int])
    synthesis: Synthesis | None = None
    placement: Placement | None = None

    def to_dict(self) -> dict[str, Any]:
        """For machines: every layer, every stage, every number of the page."""
        rows, others = layers(self.design)
        synthesis = None if self.synthesis is None else self._synthesised(self.synthesis)
        return {
            "name": self.design.name,
            "layers": [self._layer(row) for row in rows],
            "between_layers": [stage.name for stage in others],
            "stages": [self._stage(stage) for stage in self.design.stages],
            "estimate": {k: v for k, v in self.estimate.to_dict().items() if k != "stages"},
            "synthesis": synthesis,
            "placement": None if self.placement is None else self.placement.to_dict(),
            "multiplier_free": {"operators": dict(self.operators), "cells": dict(self.cells)},
            "notes": list(self.notes),
        }

    def to_html(self) -> str:
        data = self.to_dict()
        return page("report.html.j2").render(data=data, charts=self._charts(), folding=FOLDING)

    def _estimated(self, stage: Stage) -> StageEstimate:
        return next(row for row in self.estimate.stages if row.name == stage.name)

    def _layer(self, layer: Layer) -> dict[str, Any]:
        type = layer.node.output.type
        made = [self._estimated(stage) for stage in layer.stages]
        return {
            "name": layer.node.output.name,
            "origin": layer.origin,
            "operator": layer.node.op.name,
            "shape": list(type.shape),
            "range": str(type.range),
            "bits": type.range.width,
            "stages": [row.name for row in made],
            "cost": total([row.cost for row in made]).rounded().to_dict(),
            "busy_cycles": max((row.busy_cycles for row in made), default=0),
        }

    def _stage(self, stage: Stage) -> dict[str, Any]:
        row = self._estimated(stage)
        return {
            "name": stage.name,
            "kind": stage.module,
            "origin": stage.location.node if stage.location else "",
            "parameters": dict(stage.parameters),
            "memories": {name: [m.depth, m.width, m.style] for name, m in stage.memories.items()},
            "busy_cycles": row.busy_cycles,
            "estimate": row.cost.rounded().to_dict(),
            "error": asdict(row.error),
            **self._compared(row),
        }

    def _compared(self, row: StageEstimate) -> dict[str, Any]:
        """Synthesis of the same stage, and estimate over synthesis of its main resource."""
        if self.synthesis is None:
            return {}
        made = next(stage for stage in self.synthesis.stages if stage.name == row.name)
        return {"synthesis": made.cost.to_dict(), "ratio": self.synthesis.ratio(row.cost, made.cost)}

    def _synthesised(self, synthesis: Synthesis) -> dict[str, Any]:
        return {
            "target": synthesis.target,
            "tool": synthesis.tool,
            "flow": synthesis.flow,
            "total": synthesis.total.to_dict(),
            "ratio": synthesis.ratio(self.estimate.total, synthesis.total),
            "multipliers": 0,
            "dsp_blocks": 0,
        }

    def _charts(self) -> list[str]:
        stages, slowest = self.estimate.stages, self.estimate.slowest
        unit, resource = ("NAND2 equivalents", "gates") if self.estimate.target == "asic" else ("LUTs", "luts")
        area = [Bar(s.name, getattr(s.cost, resource), s.name == slowest) for s in stages]
        cycles = [Bar(s.name, s.busy_cycles, s.name == slowest) for s in stages]
        return [bars_svg(f"{unit} per stage", area), bars_svg("Cycles per frame and stage", cycles)]


def report_files(contents: Report) -> dict[str, str]:
    """report.html and report.json by name, to be written among the files of the hardware."""
    return {"report.html": contents.to_html(), "report.json": json.dumps(contents.to_dict(), indent=2) + "\n"}


def report(folder: str | Path, contents: Report) -> Path:
    """Write both files into the folder, beside what is there; returns the page's path.

    Raises CompileError if the place cannot be written.
    """
    write_pages(report_files(contents), Path(folder))
    return Path(folder) / "report.html"
