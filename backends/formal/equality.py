"""Two texts of one module: whether it is the same function in both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from mulfree.backends.synth.flow import flow_for
from mulfree.backends.synth.yosys import run_yosys, write_files

GENERIC = "generic"
"""Read as simulators read it: without any target's primitives."""


def prove_equal(
    gold: Mapping[str, str], gate: Mapping[str, str], target: str = GENERIC, time_limit_s: float = 300.0
) -> None:
    """Module `top` of the files `gate`, read as for the target, is that of the files `gold`, read as they are.

    Raises CompileError with what Yosys says if SAT refutes it, or does not finish in time.
    """
    with TemporaryDirectory(prefix="mulfree-equal-") as name:
        folder = Path(name)
        write_files(folder, {f"gold/{file}": text for file, text in gold.items()})
        write_files(folder, {f"gate/{file}": text for file, text in gate.items()})
        script = [*_read("gold", gold, GENERIC), *_read("gate", gate, target)]
        script += ["design -copy-from gold gold", "design -copy-from gate gate"]
        script += ["miter -equiv -flatten gold gate miter", "sat -verify -prove trigger 0 miter", ""]
        run_yosys("\n".join(script), folder, time_limit_s)


def _read(side: str, files: Mapping[str, str], target: str) -> list[str]:
    read, models = read_for(target)
    lines = [*models, *(f"{read} {side}/{file}" for file in files)]
    return [*lines, "hierarchy -top top", "proc", "flatten", f"rename top {side}", f"design -stash {side}"]


def read_for(target: str) -> tuple[str, list[str]]:
    """The command that reads our files for a target, and those that read models of its primitives before."""
    if target == GENERIC:
        return "read_verilog -sv", []
    flow = flow_for(target)
    return flow.read, [flow.before.replace(" -lib", "")] if flow.before else []
