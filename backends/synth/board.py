"""Boards that a design with a serial port runs on: the device, the clock and the pins.

The pin numbers are facts of the boards, each compared in two public constraint files where there are two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mulfree.backends.synth.device import DEVICES, Device, ecp5
from mulfree.ir import CompileError


@dataclass(frozen=True, slots=True)
class Board:
    """A board: `receive` is the pin on which the device hears the host, `send` the one on which it answers."""

    name: str
    device: Device
    clock_mhz: float
    clock: str
    receive: str
    send: str
    serial: str
    """Where the serial port is, in words."""

    @property
    def pins(self) -> dict[str, str]:
        """Port of the serial top to pin."""
        return {"clk": self.clock, "rx": self.receive, "tx": self.send}

    def constraints(self) -> str:
        """The file that nextpnr reads: which port is on which pin, at which voltage."""
        line = _LINES[self.device.family.constraints]
        return "".join(line.format(port=port, pin=pin) for port, pin in self.pins.items())


_LINES = {
    "pcf": "set_io {port} {pin}\n",
    "lpf": 'LOCATE COMP "{port}" SITE "{pin}";\nIOBUF PORT "{port}" IO_TYPE=LVCMOS33;\n',
    "cst": 'IO_LOC "{port}" {pin};\nIO_PORT "{port}" IO_TYPE=LVCMOS33;\n',
}
_USB = "the board's USB connector"


def _ulx3s(size: str) -> Board:
    return Board(f"ulx3s-{size}f", ecp5(f"{size}k"), 25, "G2", "M1", "L4", f"{_USB} (US1)")


def _orangecrab(size: str) -> Board:
    device = ecp5(f"{size}k", "CSFBGA285", 8)
    return Board(f"orangecrab-{size}f", device, 48, "A9", "N17", "M18", "header pins 0 (in) and 1 (out)")


BOARDS: Mapping[str, Board] = {
    board.name: board
    for board in (
        Board("icebreaker", DEVICES["ice40-up5k"], 12, "35", "6", "9", _USB),
        Board("ice40-hx8k-b-evn", DEVICES["ice40-hx8k"], 12, "J3", "B10", "B12", _USB),
        *(_ulx3s(size) for size in ("25", "45", "85")),
        *(_orangecrab(size) for size in ("25", "85")),
        Board("colorlight-i5", ecp5("25k"), 25, "P3", "H18", "J17", "the USB connector of its extension board"),
        Board("tang-nano-9k", DEVICES["gowin-gw1nr9"], 27, "52", "18", "17", _USB),
        Board("tang-nano-20k", DEVICES["gowin-gw2ar18"], 27, "4", "70", "69", _USB),
    )
}


def board_named(name: str) -> Board:
    """Raises CompileError that lists the boards."""
    if name not in BOARDS:
        raise CompileError(f"board '{name}' is unknown; take one of {', '.join(BOARDS)}")
    return BOARDS[name]
