"""A design behind a serial port: bits on the line as the contract says, the design's answer to a frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mulfree.backends.serial import from_bytes, serial_top, to_bytes
from mulfree.backends.verilog import to_verilog
from mulfree.ir import CompileError, IntArray
from mulfree.rtl import Design
from mulfree.rtl.library import needed_by
from mulfree.sim.patterns import random_pattern
from mulfree.sim.reference import run_graph
from mulfree.sim.verilator import Run, StreamPort, pack_tokens, unpack_tokens, verilate
from tests.backends.designs import small_design

CYCLES = 6
LINE_OUT = """
module line_out (input logic clk, rst, input logic [7:0] s_data, input logic s_valid, output logic s_ready,
                 output logic m_data, m_valid, input logic m_ready);
  assign m_valid = 1'b1;
  wire unused = m_ready;
  uart_send #(.CYCLES(6)) u (.clk(clk), .rst(rst), .s_data(s_data), .s_valid(s_valid), .s_ready(s_ready), .tx(m_data));
endmodule
"""
"""The line, cycle by cycle."""
LINE_IN = """
module line_in (input logic clk, rst, input logic s_data, s_valid, output logic s_ready,
                output logic [8:0] m_data, output logic m_valid, input logic m_ready);
  logic [7:0] x;
  logic is_there;
  assign m_valid = 1'b1;
  assign s_ready = 1'b1;
  assign m_data = {is_there, x};
  wire unused = m_ready;
  uart_receive #(.CYCLES(6)) u (.clk(clk), .rst(rst), .rx(s_data || !s_valid), .m_data(x), .m_valid(is_there));
endmodule
"""
"""A byte, and whether it is there, for the line cycle by cycle."""
HOST = """
module host (input logic clk, rst, input logic [7:0] s_data, input logic s_valid, output logic s_ready,
             output logic [7:0] m_data, output logic m_valid, input logic m_ready);
  logic to, from;
  wire unused = m_ready;
  uart_send #(.CYCLES(RATE)) u_to (
      .clk(clk), .rst(rst), .s_data(s_data), .s_valid(s_valid), .s_ready(s_ready), .tx(to)
  );
  TOP u_device (.clk(clk), .rx(to), .tx(from));
  uart_receive #(.CYCLES(RATE)) u_from (.clk(clk), .rst(rst), .rx(from), .m_data(m_data), .m_valid(m_valid));
endmodule
"""


def simulated(text: str, top: str, inputs: list[IntArray], bits: tuple[int, int], outputs: int, **flow: object) -> Run:
    files = {**needed_by(text), f"{top}.sv": text}
    ports = [StreamPort("s", bits[0])], [StreamPort("m", bits[1])]
    tokens = [pack_tokens(np.asarray(x).reshape(-1, 1), bits[0]) for x in inputs]
    return verilate(files, top, *ports).run(tokens, [outputs], **flow)  # type: ignore[arg-type]


def frame(byte: int) -> list[int]:
    """A byte on the line: start bit, least significant bit first, stop bit."""
    return [0, *(byte >> i & 1 for i in range(8)), 1]


def on_the_line(byte: int, cycles: int = CYCLES) -> list[int]:
    return [level for bit in frame(byte) for level in [bit] * cycles]


def test_a_byte_leaves_as_ten_bits_and_the_next_one_cycle_later() -> None:
    bytes_ = [0x00, 0xA5, 0xFF]
    run = simulated(LINE_OUT, "line_out", [np.array(bytes_)], (8, 1), 3 * (10 * CYCLES + 1) + 9)
    levels = unpack_tokens(run.outputs[0], 1, 1).ravel().tolist()
    assert run.input_cycles[0].tolist() == [0, 61, 122]
    assert levels == [1] + [level for byte in bytes_ for level in [*on_the_line(byte), 1]] + [1] * 8


def received(levels: list[int]) -> list[tuple[int, int]]:
    """(cycle, byte) of every byte that comes out, for the line cycle by cycle."""
    run = simulated(LINE_IN, "line_in", [np.array(levels)], (1, 9), len(levels))
    words = unpack_tokens(run.outputs[0], 1, 9).ravel().tolist()
    return [(cycle, word & 0xFF) for cycle, word in enumerate(words) if word >> 8]


def test_a_byte_is_there_once_the_middle_of_its_stop_bit_was_seen() -> None:
    levels = [1] * 5 + on_the_line(0xA5) + on_the_line(0x5A) + [1] * 20
    first = 5 + CYCLES // 2 + 9 * CYCLES + 3
    assert received(levels) == [(first, 0xA5), (first + 10 * CYCLES, 0x5A)]


def test_a_sender_that_is_a_little_slow_or_fast_is_understood() -> None:
    rng = np.random.default_rng(0)
    sent = rng.integers(0, 256, 40).tolist()
    for length in (97, 103):
        bits = [bit for byte in sent for bit in [*frame(byte), 1]]
        levels = [bits[cycle * 100 // (length * CYCLES)] for cycle in range(len(bits) * length * CYCLES // 100)]
        assert [byte for _, byte in received([1] * 8 + levels + [1] * 20)] == sent


def test_noise_begins_no_byte_and_a_broken_byte_is_dropped() -> None:
    noise, broken = [0] * (CYCLES // 2 - 1) + [1] * 12, [0] * (14 * CYCLES) + [1] * 4
    assert [byte for _, byte in received([1] * 5 + noise + broken + on_the_line(0x42) + [1] * 20)] == [0x42]


def answers(design: Design, x: IntArray, rate_mhz: float, baud: int) -> IntArray:
    """Of the whole module in Verilator, spoken to over its line, a frame after the other."""
    serial = serial_top(design, rate_mhz, baud)
    sources = {name.removeprefix("rtl/"): text for name, text in to_verilog(design).items() if name.startswith("rtl/")}
    host = HOST.replace("TOP", serial.name).replace("RATE", str(serial.cycles_per_bit))
    files = {**needed_by(host + serial.text), **sources, f"{serial.name}.sv": serial.text, "host.sv": host}
    sent = np.frombuffer(to_bytes(design, x), np.uint8).astype(np.int64)
    assert len(sent) == len(x) * serial.frame_bytes
    run = verilate(files, "host", [StreamPort("s", 8)], [StreamPort("m", 8)], unknowns="fast").run(
        [pack_tokens(sent.reshape(-1, 1), 8)], [len(x) * serial.answer_bytes], [random_pattern(0.01, 1)]
    )
    return from_bytes(design, unpack_tokens(run.outputs[0], 1, 8).astype(np.uint8).tobytes())


def test_a_frame_over_the_line_is_answered_as_the_definition_says() -> None:
    design = small_design()
    x = np.random.default_rng(1).choice([-1, 1], (3, 32))
    expected = run_graph(design.graph, {"x": x})["best"]
    assert np.array_equal(answers(design, x, 10, 1_000_000), expected)


def test_a_frame_is_as_many_bytes_as_its_tokens_are_wide() -> None:
    design = small_design()
    x = np.random.default_rng(2).choice([-1, 1], (2, 32))
    (stream,) = design.inputs
    assert len(to_bytes(design, x)) == 2 * stream.tokens * -(-stream.token_bits // 8)


def test_a_design_of_two_outputs_is_refused() -> None:
    design = small_design()
    with pytest.raises(CompileError, match="the design has 1 and 2"):
        serial_top(replace(design, outputs=design.outputs * 2), 12)


@pytest.mark.parametrize("baud", [0, 4_000_000, 10_000_000])
def test_a_baud_rate_that_the_clock_cannot_make_is_refused(baud: int) -> None:
    with pytest.raises(CompileError, match="baud cannot be made of 12 MHz"):
        serial_top(small_design(), 12, baud)
