"""A point: a choice, and what was measured of it, as one line of text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mulfree.compiler.price import price
from mulfree.exploration.choice import Choice
from mulfree.rtl.cost import Cost

LARGER_IS_BETTER = ("fps", "accuracy", "fmax", "peak")
OF_THE_TOTAL = ("luts", "ffs", "brams", "lutram", "gates")
METRICS = ("area", "fps", "accuracy", "latency", "fmax", "peak", *OF_THE_TOTAL)
"""What points are compared in. `area` is `compiler.price`: LUTs of logic and memory, with what block memories count
for, or gates; `latency` is in microseconds; `fmax` is the estimate's clock in MHz, and `peak` the rate at it."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One design, and what it costs and does; or why there is none.

    `estimate` is what `mulfree estimate --json` prints of the whole design. `accuracy` is the share of right answers
    on `samples` samples, None without labels. `command` computes the same estimate again, `accuracy_command` the same
    accuracy. `key` is equal for two points only if their choices and everything these are measured on are equal.
    """

    key: str
    choice: Choice
    mulfree: str
    """Version that measured it."""
    digests: Mapping[str, str]
    """SHA-256 of the model's file, of the data, of the data for calibration, and of mulfree itself."""
    command: str
    accuracy_command: str | None
    seconds: float
    error: str | None = None
    folding: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Of each layer, as a folding file says it."""
    arithmetic: Mapping[str, str] = field(default_factory=dict[str, str])
    """Taken by each layer."""
    estimate: Mapping[str, Any] = field(default_factory=dict[str, Any])
    accuracy: float | None = None
    samples: int = 0
    notes: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        return price(Cost(**self.estimate["total"]), self.choice.target)[0]

    @property
    def fps(self) -> float:
        """The rate that is reached, which may be less or more than what was asked for."""
        return float(self.estimate["fps"])

    @property
    def is_slower_than_asked(self) -> bool:
        return self.choice.fps is not None and self.error is None and self.fps < self.choice.fps

    def metric(self, name: str) -> float | None:
        """One of METRICS; None where it was not measured."""
        match name:
            case "accuracy":
                return self.accuracy
            case "area" | "fps":
                return float(getattr(self, name))
            case "latency":
                return self._number(self.estimate["latency_us"])
            case "fmax":
                return self._number(self.estimate["fmax_mhz"])
            case "peak":
                fmax = self.metric("fmax")
                return None if fmax is None else self.fps * fmax / self.choice.clock_mhz
            case _:
                return self._number(self.estimate["total"][name])

    @staticmethod
    def _number(value: Any) -> float | None:
        return None if value is None else float(value)

    def to_line(self) -> str:
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Point:
        """Raises ValueError, TypeError, KeyError or AttributeError for a line that `to_line` did not write."""
        data = json.loads(line)
        fields: dict[str, Any] = {**data, "choice": Choice.from_dict(data["choice"]), "notes": tuple(data["notes"])}
        return cls(**fields)
