"""The options of one design."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mulfree.compiler.folding import DEFAULT_CLOCK_MHZ


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One design: a model's file, and the options of `mulfree.compile` that make hardware of it.

    Of `fps`, `luts` and `folding` ("unrolled", or a folding file) at most one is given. `adapt` are requests as
    `compiler.adaptation.adapt` takes them, applied in turn.
    """

    model: str
    target: str
    clock_mhz: float = DEFAULT_CLOCK_MHZ
    fps: float | None = None
    luts: int | None = None
    folding: str | None = None
    arithmetic: tuple[str, ...] = ()
    adapt: tuple[str, ...] = ()
    levels_per_stage: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """What a line of the journal holds; `from_dict` reads it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Choice:
        """Raises TypeError or KeyError if these are not the fields of a choice."""
        fields: dict[str, Any] = {**data, "arithmetic": tuple(data["arithmetic"]), "adapt": tuple(data["adapt"])}
        return cls(**fields)

    def compile_options(self) -> dict[str, Any]:
        """For `mulfree.api.compile_quantised`: all but the model and its adaptations."""
        return {name: value for name, value in asdict(self).items() if name not in ("model", "adapt")}

    def made_from(self) -> str:
        """What the folding was made from."""
        if self.fps is not None:
            return f"fps {number(self.fps)}"
        return f"luts {self.luts}" if self.luts is not None else str(self.folding or "default")

    def model_arguments(self) -> list[str]:
        """Options of every command that say how the trained layers change."""
        return [argument for request in self.adapt for argument in ("--adapt", request)]

    def hardware_arguments(self) -> list[str]:
        """Options of `mulfree estimate` and `mulfree compile` that say which hardware is made."""
        given: dict[str, Any] = {"fps": self.fps, "luts": self.luts, "folding": self.folding}
        given |= {"levels-per-stage": self.levels_per_stage, "clock": self.clock_mhz, "target": self.target}
        options = [(name, value) for name, value in given.items() if value is not None]
        options += [("arithmetic", name) for name in self.arithmetic]
        return [argument for name, value in options for argument in (f"--{name}", number(value))]


def number(value: object) -> str:
    """Text that is read back as the very same value."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def command_line(*arguments: str) -> str:
    """A line for a shell."""
    return shlex.join(["mulfree", *arguments])
