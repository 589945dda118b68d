"""The one table of calibrated weights, and what is known of their error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.terms import Terms

TABLE = "calibration.json"
MEMORY = "memory"
"""The row of constant memories; its terms weigh the same in every kind of stage."""
TABLES = ("single_tables", "wide_tables", "deep_tables")
WEIGHED = ("luts", "carries", "gates")
"""Resources that synthesis decides; the others of a Cost are counted."""
Weights = Mapping[str, Mapping[str, float]]
"""Resource, then term, to its weight."""


@dataclass(frozen=True, slots=True)
class Error:
    """Estimate over synthesis, minus one, on points that no weight was fitted to."""

    typical: float
    """Root of the mean square."""
    worst: float
    """The one furthest from 0."""
    points: int

    def __str__(self) -> str:
        return f"±{self.typical:.0%} (worst {self.worst:+.0%} of {self.points})"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of one kind of stage on one target. `error` is that of its main resource, LUTs or gates."""

    weights: Weights
    error: Error

    def cost(self, terms: Terms) -> Cost:
        """What is known, and the weighed sums of what is not."""
        # A register is an amount of gates too.
        amounts = {**terms.weighed, "ffs": terms.known.ffs}
        weighed = {name: _dot(self.weights.get(name, {}), amounts) for name in WEIGHED}
        return terms.known + Cost(**weighed)


def calibration(target: str, kind: str) -> Calibration:
    """Every kind of stage has a row for every target; a test holds the table to that."""
    rows = table()["targets"][target]
    weights = with_tables(rows[kind]["weights"], rows[MEMORY]["weights"])
    return Calibration(weights, Error(**rows[kind]["error"]))


def with_tables(weights: Weights, memory: Weights) -> Weights:
    """Weights of a kind of stage, with those of constant memories."""
    tables = {r: {term: memory.get(r, {}).get(term, 0.0) for term in TABLES} for r in WEIGHED}
    return {r: {**weights.get(r, {}), **tables[r]} for r in WEIGHED}


def provenance() -> dict[str, Any]:
    """The tool, the command and the number of syntheses behind the table."""
    found: dict[str, Any] = table()["provenance"]
    return found


@cache
def table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((files("mulfree.rtl.cost") / TABLE).read_text())
    return loaded


def _dot(weights: Mapping[str, float], amounts: Mapping[str, float]) -> float:
    return sum(weights.get(name, 0.0) * amount for name, amount in amounts.items())
