"""Properties of library modules that hold in every cycle after a reset, proven for all time by induction.

Each property is a module `top` around the library module `dut`, with `bad` where it does not hold: a model of what went
in is kept beside it, and what comes out is compared. Registers of `dut` that the induction needs are among its ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mulfree.backends.synth.yosys import run_yosys, write_files, yosys_tool
from mulfree.ir import CompileError
from mulfree.rtl.library import library, needed_by
from mulfree.sim.store import content_key

STEPS = 12
"""Of the induction at most: the invariants of a property make one enough, but a fault may take more to show."""
REACHED = "model found for base case"
"""What Yosys says where a property is broken in a cycle after the reset."""


@dataclass(frozen=True)
class Property:
    """Of a module with some parameters."""

    module: str
    says: str
    parameters: Mapping[str, int]
    seen: tuple[str, ...]
    """Registers that are made ports."""
    top: str

    @property
    def key(self) -> str:
        """By what is proven, of what, with what."""
        own = library()[f"{self.module}.sv"]
        script = _script(self, [*needed_by(own)])
        return content_key([yosys_tool().version, script, self.top, own, *needed_by(own).values()])

    def __str__(self) -> str:
        values = ", ".join(f"{key} = {value}" for key, value in self.parameters.items())
        return f"{self.module} ({values}): {self.says}"


def prove_property(
    property: Property, time_limit_s: float = 60.0, changed: tuple[str, str] | None = None
) -> str | None:
    """None if it holds for all time after a reset; else what Yosys says. `changed` replaces text of the module."""
    text = library()[f"{property.module}.sv"]
    if changed is not None:
        assert changed[0] in text, f"{changed[0]!r} is not in {property.module}"
        text = text.replace(*changed)
    with TemporaryDirectory(prefix="mulfree-induction-") as name:
        folder = Path(name)
        write_files(folder, {**needed_by(text), f"{property.module}.sv": text, "top.sv": property.top})
        try:
            run_yosys(_script(property, [*needed_by(text)]), folder, time_limit_s)
        except CompileError as error:
            log = folder / "proof.log"
            return f"{error}\n{log.read_text() if log.is_file() else ''}"
    return None


def _script(property: Property, files: list[str]) -> str:
    """In the first cycle there is a reset; from the second one on nothing may be bad."""
    values = "".join(f" -set {key} {value}" for key, value in property.parameters.items())
    own = f"{property.module}.sv"
    return "\n".join(
        [
            *(f"read_verilog -sv -defer {file}" for file in dict.fromkeys([own, *files])),
            f"hierarchy -top {property.module}{values.replace('-set', '-chparam')}",
            "proc",
            "flatten",
            "memory -nomap",
            "memory_map",
            "rename -top dut",
            *(f"expose dut/w:{_escaped(name)}" for name in property.seen),
            "read_verilog -sv top.sv",
            "hierarchy -top top",
            "proc",
            "flatten",
            "opt_clean",
            f"tee -q -o proof.log sat -verify -tempinduct -prove bad 0 -seq 1 -set-at 1 rst 1 -maxsteps {STEPS} top",
            "",
        ]
    )


def _escaped(name: str) -> str:
    return name.replace("[", r"\[").replace("]", r"\]")
