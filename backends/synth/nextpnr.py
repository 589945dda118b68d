"""Place and route a design with nextpnr: the clock it reaches, what it fills of the device, and the bitstream."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mulfree.backends.serial import DEFAULT_BAUD, SerialTop, serial_top
from mulfree.backends.synth.board import BOARDS, Board
from mulfree.backends.synth.bounded import Bounds, TooLarge, run_bounded
from mulfree.backends.synth.device import Device, Program, device_named
from mulfree.backends.synth.join import JSON, join_design, join_files
from mulfree.backends.synth.settings import Settings
from mulfree.backends.synth.synthesise import Progress
from mulfree.ir import CompileError
from mulfree.rtl import Design

LOG, REPORT, ROUTED = "nextpnr.log", "report.json", "routed"
ROUTING = Settings(Bounds(1800.0))
"""Unless said otherwise."""
DEFAULT_CLOCK_MHZ = 50.0


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
    board: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    """By suffix: the bitstream, and for a board its constraints and the serial top."""

    @property
    def meets_clock(self) -> bool:
        return self.fmax_mhz >= self.wanted_mhz

    def to_dict(self) -> dict[str, Any]:
        """For machines: everything but the files."""
        kinds = {name: asdict(count) for name, count in self.utilisation.items()}
        data = {name: getattr(self, name) for name in ("device", "board", "tool", "fmax_mhz", "wanted_mhz", "seconds")}
        return data | {"utilisation": kinds, "meets_clock": self.meets_clock}


def place_and_route(
    files: Mapping[str, str],
    top: str,
    device: str = "ecp5-85k",
    *,
    clock_mhz: float = DEFAULT_CLOCK_MHZ,
    seed: int = 1,
    settings: Settings | None = None,
) -> Placement:
    """Synthesise in one piece, place and route the Verilog among `files` (path to text) for a device.

    A missed clock is an answer (`meets_clock`), not an error. Raises CompileError if the design does not fit, a tool
    fails or takes more than its bounds, or a DSP block is left.
    """
    chip, settings, began = device_named(device), settings or ROUTING, time.monotonic()
    _need(chip)
    with TemporaryDirectory(prefix="mulfree-route-") as name:
        join_files(files, top, chip.family, Path(name), settings)
        return _routed(chip, Path(name), clock_mhz, seed, settings.bounds, began)


def implement(
    design: Design,
    where: str,
    *,
    clock_mhz: float | None = None,
    baud: int = DEFAULT_BAUD,
    seed: int = 1,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Placement:
    """A design stage by stage on a device, its ports anywhere, or on a board, behind a serial port.

    Stages come from the cache where their text did not change. `clock_mhz` is what to aim for, by default 50, or the
    clock of the board. `baud` is that of the serial port; see `mulfree.backends.serial`. Raises CompileError as
    `place_and_route` and `serial_top` do.
    """
    board = BOARDS.get(where)
    chip, settings, began = board.device if board else device_named(where), settings or ROUTING, time.monotonic()
    _need(chip)
    serial = serial_top(design, board.clock_mhz, baud) if board else None
    wanted = clock_mhz or (board.clock_mhz if board else DEFAULT_CLOCK_MHZ)
    with TemporaryDirectory(prefix="mulfree-route-") as name:
        join_design(design, chip.family, serial, Path(name), settings, progress)
        return _routed(chip, Path(name), wanted, seed, settings.bounds, began, board, serial)


def _need(chip: Device) -> None:
    """Say what is absent before anything takes time."""
    for program in (chip.family.router, chip.family.packer):
        program.need(f"placing for {chip.name}")


def _routed(
    chip: Device,
    folder: Path,
    clock_mhz: float,
    seed: int,
    bounds: Bounds,
    began: float,
    board: Board | None = None,
    serial: SerialTop | None = None,
) -> Placement:
    """Route netlist.json of the folder, and pack it."""
    arguments = [*chip.options, *_pins(chip, board, folder), *_netlist(chip), *_goal(clock_mhz, seed)]
    _route(chip, arguments, folder, bounds)
    placement = _placement(json.loads((folder / REPORT).read_text()), chip, clock_mhz, time.monotonic() - began)
    files = {chip.family.bitstream: _packed(chip, folder, bounds)}
    if board and serial:
        files |= {chip.family.constraints: board.constraints().encode(), "sv": serial.text.encode()}
    return replace(placement, files=files, board=board.name if board else "")


def _pins(chip: Device, board: Board | None, folder: Path) -> list[str]:
    """Options that place the ports: as the board says, or freely."""
    if board is None:
        return list(chip.family.free_pins)
    name = f"pins.{chip.family.constraints}"
    (folder / name).write_text(board.constraints())
    return chip.family.constrained(name)


def _netlist(chip: Device) -> list[str]:
    return ["--json", JSON, "--report", REPORT, chip.family.written, ROUTED]


def _goal(clock_mhz: float, seed: int) -> list[str]:
    return ["--freq", f"{clock_mhz:g}", "--timing-allow-fail", "--seed", str(seed), "--quiet", "--log", LOG]


def _route(chip: Device, arguments: Sequence[str], folder: Path, bounds: Bounds) -> None:
    try:
        _run(chip.family.router, arguments, folder, bounds)
    except TooLarge as error:
        raise CompileError(f"nextpnr for {chip.name}: {error}; {_SMALLER}, or allow more by --time-limit") from error
    except CompileError as error:
        full = _overfull((folder / LOG).read_text() if (folder / LOG).exists() else "")
        if full:
            raise CompileError(f"the design does not fit {chip.name}: {full}; {_SMALLER}") from error
        raise CompileError(f"nextpnr for {chip.name}: {error}") from error


_SMALLER = "fold the design more (a lower --fps) or take a larger device"


def _overfull(log: str) -> str:
    """The kinds of cells of which the device has too few, by nextpnr's table of utilisation."""
    rows = re.findall(r"(\w+): +(\d+)/ *(\d+) +(\d+)%", log)
    return ", ".join(
        f"{int(used):,} of {int(there):,} {kind}" for kind, used, there, _ in rows if int(used) > int(there)
    )


def _packed(chip: Device, folder: Path, bounds: Bounds) -> bytes:
    output = f"design.{chip.family.bitstream}"
    named = ["-o", output, ROUTED] if chip.family.packs_to_option else [ROUTED, output]
    try:
        _run(chip.family.packer, [*chip.packing, *named], folder, bounds)
    except CompileError as error:
        raise CompileError(f"packing the bitstream for {chip.name}: {error}") from error
    return (folder / output).read_bytes()


def _run(program: Program, arguments: Sequence[str], folder: Path, bounds: Bounds) -> None:
    code = (
        f"import sys, importlib, {program.package}; argv = sys.argv[1:]; sys.argv[0] = '{program.package}'; "
        f"sys.exit({program.call})"
    )
    run_bounded([sys.executable, "-c", code, *arguments], folder, bounds)


def _placement(report: Mapping[str, Any], chip: Device, clock_mhz: float, seconds: float) -> Placement:
    reached = min((clock["achieved"] for clock in report["fmax"].values()), default=float("inf"))
    kinds = {kind: Utilisation(n["used"], n["available"]) for kind, n in report["utilization"].items() if n["used"]}
    tool = f"nextpnr {'.'.join(version(chip.family.router.project).split('.')[:2])}"
    return Placement(chip.name, tool, reached, clock_mhz, kinds, seconds)
