"""Proofs by SAT with Yosys that two modules are the same function."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mulfree.backends.synth.yosys import run_yosys

PRIMITIVES = "read_verilog +/xilinx/cells_sim.v"
FOR_XC7 = "read_verilog -sv -DMULFREE_XC7"


def prove(
    folder: Path,
    gold: Mapping[str, str],
    gate: Mapping[str, str],
    read: str = "read_verilog -sv",
    models: str = "",
    time_limit_s: float = 300,
) -> None:
    """Module top of both is the same function: raises what Yosys says if not."""
    lines = list[str]()
    for name, files, command in (("gold", gold, "read_verilog -sv"), ("gate", gate, read)):
        (folder / name).mkdir()
        for file, text in files.items():
            (folder / name / file).write_text(text)
        lines += [models] if name == "gate" else []
        lines += [f"{command} {name}/{file}" for file in files]
        lines += ["hierarchy -top top", "proc", "flatten", f"rename top {name}", f"design -stash {name}"]
    lines += ["design -copy-from gold gold", "design -copy-from gate gate", "miter -equiv -flatten gold gate miter"]
    run_yosys("\n".join([*lines, "sat -verify -prove trigger 0 miter", ""]), folder, time_limit_s)
