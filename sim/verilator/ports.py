"""Ports of a verilated module, as its generated C++ header declares them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mulfree.ir import CompileError

_DECLARED = re.compile(r"VL_(IN|OUT)(?:8|16|64|W)?\(&?(\w+),(\d+),(\d+)")


@dataclass(frozen=True, slots=True)
class StreamPort:
    """A valid/ready port: `<prefix>_data`, or `<prefix>_tdata` if `axi`, and so on. `bits` is the data width."""

    prefix: str
    bits: int
    axi: bool = False

    def signal(self, part: str) -> str:
        """Name of the data, valid or ready signal."""
        return f"{self.prefix}_{'t' if self.axi else ''}{part}"

    @property
    def words(self) -> int:
        """32-bit words of one token."""
        return -(-self.bits // 32)


def declared_ports(header: str) -> dict[str, tuple[bool, int]]:
    """C++ name of every port -> (is an input, bits)."""
    return {name: (way == "IN", int(hi) - int(lo) + 1) for way, name, hi, lo in _DECLARED.findall(header)}


def cpp_name(name: str) -> str:
    """Verilator's spelling of a signal: it escapes the second of two underscores."""
    return name.replace("__", "___05F")


def check_ports(header: str, inputs: Sequence[StreamPort], outputs: Sequence[StreamPort]) -> None:
    """CompileError unless the module has clk, rst and exactly the given streams."""
    declared = declared_ports(header)
    wanted = {"clk": (True, 1), "rst": (True, 1)}
    for port, is_input in [*((p, True) for p in inputs), *((p, False) for p in outputs)]:
        wanted[cpp_name(port.signal("data"))] = (is_input, port.bits)
        wanted[cpp_name(port.signal("valid"))] = (is_input, 1)
        wanted[cpp_name(port.signal("ready"))] = (not is_input, 1)
    if declared != wanted:
        told = "; ".join(
            f"{side} {_port_texts(a, b)}" for side, a, b in [("it has", declared, wanted), ("wanted", wanted, declared)]
        )
        raise CompileError(f"the module's ports are not those of the streams to drive: {told}")


def port_glue(inputs: Sequence[StreamPort], outputs: Sequence[StreamPort]) -> str:
    """C++ header that lists the ports as X(index, words, data, valid, ready)."""
    lists = [("INPUTS", inputs), ("OUTPUTS", outputs)]
    return "".join(f"#define {name}(X) {' '.join(map(_glue_row, range(len(p)), p))}\n" for name, p in lists)


def _glue_row(index: int, port: StreamPort) -> str:
    signals = (cpp_name(port.signal(part)) for part in ("data", "valid", "ready"))
    return f"X({index}, {port.words}, {', '.join(signals)})"


def _port_texts(ports: dict[str, tuple[bool, int]], others: dict[str, tuple[bool, int]]) -> str:
    """The ports that the others lack."""
    rows = [(name, *port) for name, port in sorted(ports.items()) if others.get(name) != port]
    return (
        ", ".join(f"{'input' if given else 'output'} {name} of {bits} bits" for name, given, bits in rows) or "nothing"
    )
