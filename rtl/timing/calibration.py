"""The one table of fitted delays, and what is known of their error."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import log2
from typing import Any

from mulfree.rtl.cost.calibration import Error
from mulfree.rtl.timing.delays import UNPLACED, Delays, cells_of

TABLE = "calibration.json"


GROWTH = 0.015
"""What placed paths grow by with each doubling of the logic around them: 1 to 2 % over the sweep."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Delays of a target, what they are of, and how far off longest paths made of them are."""

    delays: Delays
    meaning: str
    error: Error | None
    """None where no open tool places: then the delays are those of unplaced logic."""

    def among(self, ns: float, luts: float, of_luts: float) -> float:
        """A path in a stage of so many LUTs, placed among as many as its design has."""
        growth = GROWTH if self.error is not None else 0.0
        return ns * (1 + growth * log2(max(1.0, of_luts / max(1.0, luts))))


def speed(target: str) -> Speed | None:
    """None where nothing is known in nanoseconds."""
    row = table()["targets"].get(target)
    if row is not None:
        delays = replace(cells_of(target), **row["ns"])
        return Speed(delays, f"{row['device']}, placed and routed", Error(**row["error"]))
    if target in UNPLACED:
        return Speed(UNPLACED[target], "unplaced, without known error", None)
    return None


def stage_error(target: str, kind: str) -> Error | None:
    """Of the longest path of a kind of stage; that of all kinds where the kind was not held out."""
    row = table()["targets"].get(target)
    return None if row is None else Error(**row["kinds"].get(kind, row["error"]))


def provenance() -> dict[str, Any]:
    """The tools and the command behind the table."""
    found: dict[str, Any] = table()["provenance"]
    return found


@cache
def table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((files("mulfree.rtl.timing") / TABLE).read_text())
    return loaded
