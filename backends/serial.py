"""A design behind a serial port: a top module of three pins, and the bytes that a host sends and gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.backends.verilog import Port, ports, render, top_name
from mulfree.ir import CompileError, IntArray
from mulfree.rtl import Design, Stream
from mulfree.sim.cycles import token_time
from mulfree.sim.patterns import Pattern

DEFAULT_BAUD = 115200
BITS_PER_BYTE = 10
"""On the line: a start bit, eight of data, a stop bit."""
WORST_MISMATCH = 0.02
"""Of the baud rate, by rounding to whole cycles; the receiver at the other end needs the rest of its 5 %."""


@dataclass(frozen=True, slots=True)
class SerialTop:
    """The module and how it is spoken to. `depth`: bytes that may wait inside while a frame comes in."""

    name: str
    text: str
    baud: int
    cycles_per_bit: int
    depth: int
    frame_bytes: int
    answer_bytes: int


def serial_top(design: Design, clock_mhz: float, baud: int = DEFAULT_BAUD) -> SerialTop:
    """A top module with the ports clk, rx, tx that holds the design's, resets it at the start and feeds it bytes.

    A token of a stream is as many bytes as its AXI port is wide, the least significant first; a frame is its tokens in
    order. Raises CompileError for a design of several inputs or outputs, and a baud rate that the clock cannot make.
    """
    source, sink = _only(ports(design))
    cycles = _cycles_per_bit(clock_mhz, baud)
    depth = _depth(design, source, sink, cycles)
    name = f"{top_name(design)}_serial"
    context = {"name": name, "top": top_name(design), "clock_mhz": clock_mhz, "baud": baud, "cycles": cycles}
    text = render("serial_top.sv.j2", **context, source=source, sink=sink, depth=depth)
    return SerialTop(name, text, baud, cycles, depth, source.tokens * _bytes(source), sink.tokens * _bytes(sink))


def to_bytes(design: Design, values: IntArray) -> bytes:
    """What a host sends for frames of the only input, (batch, *shape) integers."""
    (stream,), (port, _) = design.inputs, _only(ports(design))
    words = stream.elements(values).reshape(-1, stream.lanes)
    return b"".join(_token(stream, row).to_bytes(_bytes(port), "little") for row in words)


def from_bytes(design: Design, answer: bytes) -> IntArray:
    """The values (batch, *shape) of the only output in what a host got. Raises CompileError if it is not whole."""
    (stream,), (_, port) = design.outputs, _only(ports(design))
    size = _bytes(port)
    if len(answer) % (stream.tokens * size):
        raise CompileError(f"{len(answer)} bytes are no whole answers, which are of {stream.tokens * size}")
    tokens = [int.from_bytes(answer[i : i + size], "little") for i in range(0, len(answer), size)]
    mask = (1 << stream.element_bits) - 1
    lanes = [[token >> lane * stream.element_bits & mask for lane in range(stream.lanes)] for token in tokens]
    return stream.values(np.array(lanes, np.int64).reshape(-1, stream.tokens, stream.lanes))


def _only(found: list[Port]) -> tuple[Port, Port]:
    if len(found) != 2:
        inputs = sum(port.is_input for port in found)
        raise CompileError(
            f"a board's serial port serves one input and one output, and the design has {inputs} and "
            f"{len(found) - inputs}; place it without a board (--device), and write the top module yourself"
        )
    return found[0], found[1]


def _cycles_per_bit(clock_mhz: float, baud: int) -> int:
    cycles = round(clock_mhz * 1e6 / baud) if baud > 0 else 0
    if cycles < 4 or abs(clock_mhz * 1e6 / cycles / baud - 1) > WORST_MISMATCH:
        slowest = int(clock_mhz * 1e6 // 8)
        raise CompileError(f"{baud} baud cannot be made of {clock_mhz:g} MHz; take up to {slowest}, such as 115200")
    return cycles


def _bytes(port: Port) -> int:
    return port.bus_bits // 8


def _depth(design: Design, source: Port, sink: Port, cycles: int) -> int:
    """Bytes that wait at most while one frame comes in as fast as the line can, by the cycle model."""
    arrival = BITS_PER_BYTE * cycles * _bytes(source)
    leaving = (BITS_PER_BYTE * cycles + 1) * _bytes(sink)
    timing = token_time(design, 1, [_every(arrival)], [_every(leaving)])
    taken = timing.of(design.inputs[0].name)[0]
    late = int(np.max(taken // arrival - np.arange(len(taken))))
    return (late + 2) * _bytes(source)


def _every(cycles: int) -> Pattern:
    pattern = np.zeros(cycles, np.uint8)
    pattern[0] = 1
    return pattern


def _token(stream: Stream, row: IntArray) -> int:
    return sum(int(word) << stream.element_bits * lane for lane, word in enumerate(row))
