"""Place and route a small design with nextpnr: the clock it reaches, and what it fills of the device."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mulfree.backends.synth.device import Device, device_named
from mulfree.backends.synth.flow import MULTIPLIERS_MAPPED
from mulfree.backends.synth.yosys import REMEDY, run_tool, run_yosys, write_files
from mulfree.ir import CompileError

TIME_LIMIT_S = 1200.0


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Cells of one kind."""

    used: int
    available: int


@dataclass(frozen=True, slots=True)
class Placement:
    """What nextpnr reports: megahertz reached after routing, and cells by kind."""

    device: str
    tool: str
    fmax_mhz: float
    wanted_mhz: float
    utilisation: Mapping[str, Utilisation]
    seconds: float

    @property
    def meets_clock(self) -> bool:
        return self.fmax_mhz >= self.wanted_mhz


def place_and_route(
    files: Mapping[str, str],
    top: str,
    device: str = "ecp5-85k",
    *,
    clock_mhz: float = 50.0,
    seed: int = 1,
    time_limit_s: float = TIME_LIMIT_S,
) -> Placement:
    """Synthesise, place and route the Verilog among `files` (path to text) for a device.

    A missed clock is an answer (`meets_clock`), not an error. Raises CompileError if the design does not fit, a tool
    fails or takes longer than the limit, or a DSP block is left.
    """
    chip, began = device_named(device), time.monotonic()
    command = _command(chip)
    sources = {name: text for name, text in files.items() if name.endswith((".v", ".sv"))}
    data = {name: text for name, text in files.items() if name.endswith(".mem")}
    with TemporaryDirectory(prefix="mulfree-route-") as name:
        folder = Path(name)
        # $readmemh looks beside the module or where the tool runs, as the tool likes.
        write_files(folder, {**sources, **{name.rpartition("/")[2]: text for name, text in data.items()}})
        run_yosys(_script(sources, top, chip), folder, time_limit_s)
        _refuse_multipliers(folder / "stat.json")
        _route([*command, *_arguments(chip, clock_mhz, seed)], folder, device, time_limit_s)
        report = json.loads((folder / "report.json").read_text())
    return _placement(report, chip, clock_mhz, time.monotonic() - began)


def _command(chip: Device) -> list[str]:
    if importlib.util.find_spec(chip.package) is None:
        raise CompileError(f"placing for {chip.name} needs {chip.package.replace('_', '-')}: {REMEDY}")
    code = f"import sys, {chip.package} as p; sys.exit(p.{chip.run}(sys.argv[1:]))"
    return [sys.executable, "-c", code]


def _arguments(chip: Device, clock_mhz: float, seed: int) -> list[str]:
    clock = ["--freq", f"{clock_mhz:g}", "--timing-allow-fail", "--seed", str(seed)]
    return [*chip.options, "--json", "netlist.json", "--report", "report.json", *clock, "--quiet"]


def _route(command: list[str], folder: Path, device: str, time_limit_s: float) -> None:
    try:
        run_tool(command, folder, time_limit_s)
    except CompileError as error:
        raise CompileError(f"nextpnr for {device}: {error}; fold the design more or take a larger device") from error


def _script(sources: Mapping[str, str], top: str, chip: Device) -> str:
    lines = [f"read_verilog -sv {name}" for name in sources]
    lines += [
        f"hierarchy -top {top}",
        f"{chip.synth} -top {top} -json netlist.json",
        "tee -q -o stat.json stat -json",
        "",
    ]
    return "\n".join(lines).replace("; ", "\n")


def _refuse_multipliers(path: Path) -> None:
    cells: dict[str, int] = json.loads(path.read_text())["design"]["num_cells_by_type"]
    wrong = [cell for cell in cells if MULTIPLIERS_MAPPED.search(cell)]
    if wrong:
        raise CompileError(f"a multiplier is left: {', '.join(wrong)}")


def _placement(report: Mapping[str, Any], chip: Device, clock_mhz: float, seconds: float) -> Placement:
    reached = min((clock["achieved"] for clock in report["fmax"].values()), default=float("inf"))
    kinds = {kind: Utilisation(n["used"], n["available"]) for kind, n in report["utilization"].items() if n["used"]}
    tool = f"nextpnr {'.'.join(version(chip.package).split('.')[:2])}"
    return Placement(chip.name, tool, reached, clock_mhz, kinds, seconds)
