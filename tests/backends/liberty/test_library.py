"""Cell libraries: what is read from Liberty text, and what our own say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mulfree.backends.liberty import NAMED, library_named
from mulfree.backends.liberty.area import MIX, area_of_gate, estimated_area
from mulfree.backends.liberty.generic import GATES, generic_library
from mulfree.backends.liberty.library import read_library
from mulfree.backends.liberty.syntax import parse_liberty
from mulfree.ir import CompileError
from mulfree.rtl.cost import Cost

SMALL = """
/* a comment { with braces */
library (small) { // and another
  time_unit : "1ns" ;
  capacitive_load_unit (1, pf) ;
  define (drive, cell, float) ;
  cell ("inverter") { area : 2 ; dont_use : false
    pin (A) { direction : input ; }
    pin (Z) { direction : output ; function : "A'" ; \\
      timing () { cell_rise (t) { values ("1, 2", \\
                                          "3, 4") ; } } }
  }
  cell (buffer) { area : 3; pin (A) { direction : input; } pin (Z) { direction : output; function : "A"; } }
  cell (nand) { area : 4.5; pin (B) { direction : input; } pin (A) { direction : input; }
    pin (Z) { direction : output; function : "(A B)'"; } }
  cell (nand_of_low_inputs) { area : 4; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Z) { direction : output; function : "!A + !B"; } }
  cell (nand_not_to_be_used) { area : 1; dont_use : true; pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Z) { direction : output; function : "!(A & B)"; } }
  cell (flop) { area : 20; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; }
    pin (C) { direction : input; } pin (D) { direction : input; } pin (Q) { direction : output; function : "IQ"; } }
}
"""


def test_groups_attributes_and_continued_lines_are_read() -> None:
    root = parse_liberty(SMALL, "small.lib")
    assert (root.kind, root.arguments) == ("library", ("small",))
    assert root.attributes == {"time_unit": "1ns", "capacitive_load_unit": "1, pf", "define": "drive, cell, float"}
    inverter = root.of_kind("cell")[0]
    assert inverter.arguments == ("inverter",)
    assert inverter.attributes == {"area": "2", "dont_use": "false"}
    (timing,) = inverter.of_kind("pin")[1].of_kind("timing")
    assert timing.groups[0].attributes["values"] == "1, 2, 3, 4"


def test_cells_are_known_by_what_they_compute() -> None:
    library = read_library(SMALL, "small.lib", "")
    assert (library.area_of("!A"), library.nand2, library.flip_flop) == (2, 4, 20)
    assert library.area_of("A^B") is None


@pytest.mark.parametrize(
    ("function", "area"), [("!(!A*!B)", 1.25), ("A+B", 1.25), ("(A*!B)+(!A*B)", 2), ("!S*B+S*A", 2.5), ("B*!A", 1.25)]
)
def test_a_function_is_found_however_it_is_written(function: str, area: float) -> None:
    assert library_named("generic").area_of(function) == area


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL[: len(SMALL) // 2], "ends in the middle of a group; is the file whole"),
        ("module a (input b); endmodule", "is it Liberty"),
        ("", "ends in the middle"),
        ("%PDF-1.5 \x00\x01", "is expected|ends in the middle"),
        ("cells (a) { }", "begins with 'cells'"),
        (SMALL.replace("ff (IQ", "latch (IQ"), "has no flip-flop"),
        (SMALL.replace('"A\'"', '"A"'), "has no inverter"),
        (SMALL.replace("cell_rise", "rise_power"), "has no tables of delays"),
        (SMALL.replace("area : 20", 'area : "large"'), "the area of cell flop is no number"),
    ],
)
def test_what_is_no_usable_library_is_refused(text: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        read_library(text, "broken.lib", "")


def test_an_error_names_the_line() -> None:
    with pytest.raises(CompileError, match=r"broken\.lib, line 4: '\('"):
        parse_liberty("library (a) {\n  x : 1;\n  y (1);\n  oops }\n}\n", "broken.lib")


def test_a_missing_file_lists_our_own_libraries() -> None:
    with pytest.raises(CompileError, match="generic, thesis-7nm"):
        library_named("/no/such.lib")


def test_ours_hold_every_gate_of_the_table() -> None:
    for name in NAMED:
        library = library_named(name)
        assert all(library.area_of(gate.function) is not None for gate in GATES.values())
    assert generic_library() == generic_library()


def test_the_gates_of_the_thesis_are_those_of_its_table() -> None:
    library = library_named("thesis-7nm")
    assert (library.area_of("!(A^B)"), library.area_of("A*B")) == (2.90e3, 1.45e3)
    for name, delay in (("XNOR2", "10.87"), ("AND2", "9.62")):
        cell = library.text.partition(f"cell ({name})")[2].partition("cell (")[0]
        assert f"{delay}, {delay}, {delay}" in cell


def test_estimated_area_is_that_of_flip_flops_and_of_logic() -> None:
    generic, other = library_named("generic"), read_library(SMALL, "small.lib", "")
    cost = Cost(gates=6.75 * 10 + 100, ffs=10)
    assert sum(MIX.values()) == pytest.approx(1)
    assert estimated_area(cost, generic) == pytest.approx(cost.gates)
    assert estimated_area(cost, other) == pytest.approx(10 * 20 + 100 * area_of_gate(other))
    assert area_of_gate(other) == pytest.approx(4, rel=0.3)


def test_the_open_library_is_read_whole(shared: Path) -> None:
    library = library_named(str(shared / "data" / "sg13g2_stdcell_typ_1p20V_25C.lib"))
    assert len(library.cells) == 84
    assert library.nand2 == 7.2576
    ratios = {name: library.area_of(gate.function) for name, gate in GATES.items()}
    assert {name: round((area or 0) / library.nand2, 2) for name, area in ratios.items()} == {
        name: gate.area for name, gate in GATES.items()
    }
