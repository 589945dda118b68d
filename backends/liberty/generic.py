"""A small library of our own, in NAND2 equivalents; and the same with the gate figures of the thesis.

One table, `GATES`, is what both are written from. Areas are those of our estimates and syntheses. Delays do not depend
on loads, for nothing is known of wires; a NAND2 takes 10 ps by convention, so ten of them are a level of logic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mulfree.rtl.cost.gates import AREAS

NAND2_PS = 10.0


@dataclass(frozen=True, slots=True)
class Gate:
    """A cell with one output: its function, area and delay over those of a NAND2."""

    function: str
    area: float
    delay: float

    @property
    def inputs(self) -> list[str]:
        return [pin for pin in "ABS" if pin in self.function]


FLIP_FLOP = Gate("", AREAS["DFF"], 2)
GATES: Mapping[str, Gate] = {
    "INV": Gate("!A", AREAS["NOT"], 0.5),
    "BUF": Gate("A", AREAS["BUF"], 1),
    "NAND2": Gate("!(A*B)", AREAS["NAND"], 1),
    "NOR2": Gate("!(A+B)", AREAS["NOR"], 1),
    "AND2": Gate("A*B", AREAS["AND"], 1.5),
    "OR2": Gate("A+B", AREAS["OR"], 1.5),
    "ANDNOT2": Gate("A*!B", AREAS["ANDNOT"], 1.5),
    "ORNOT2": Gate("A+!B", AREAS["ORNOT"], 1.5),
    "XOR2": Gate("A^B", AREAS["XOR"], 2),
    "XNOR2": Gate("!(A^B)", AREAS["XNOR"], 2),
    "MUX2": Gate("(!S*A)+(S*B)", AREAS["MUX"], 2),
}
THESIS: Mapping[str, tuple[float, float]] = {"XNOR2": (2.90e3, 10.87), "AND2": (1.45e3, 9.62)}
"""Square nanometres and picoseconds of the gates of two inputs in 7 nm: thesis, Table 3.2."""


def generic_library() -> str:
    """Areas in NAND2, delays in ps."""
    return _library("generic", {name: (gate.area, gate.delay * NAND2_PS) for name, gate in _all().items()})


def thesis_library() -> str:
    """Areas in square nanometres, delays in ps: the two gates of the table, and the others scaled by its AND."""
    area, delay = THESIS["AND2"][0] / GATES["AND2"].area, THESIS["AND2"][1] / GATES["AND2"].delay
    scaled = {name: (gate.area * area, gate.delay * delay) for name, gate in _all().items()}
    return _library("thesis_7nm", {**scaled, **THESIS})


GENERIC = "generic"
NAMED = {GENERIC: (generic_library, "NAND2"), "thesis-7nm": (thesis_library, "nm2")}
"""Name to the text and the unit of its areas."""


def _all() -> dict[str, Gate]:
    return {**GATES, "DFF": FLIP_FLOP}


def _library(name: str, figures: Mapping[str, tuple[float, float]]) -> str:
    cells = [_gate(cell, GATES[cell], *of) for cell, of in figures.items() if cell in GATES]
    return "\n".join([_HEAD.format(name=name), *cells, _flip_flop(*figures["DFF"]), "}", ""])


def _gate(name: str, gate: Gate, area: float, delay: float) -> str:
    pins = "".join(f"    pin ({pin}) {{ direction : input; capacitance : 0.001; }}\n" for pin in gate.inputs)
    arcs = "".join(_arc(pin, "combinational", delay) for pin in gate.inputs)
    output = f'    pin (Y) {{\n      direction : output; function : "{gate.function}";\n{arcs}    }}\n'
    return f"  cell ({name}) {{\n    area : {area:g};\n{pins}{output}  }}"


def _flip_flop(area: float, delay: float) -> str:
    output = f'    pin (Q) {{\n      direction : output; function : "IQ";\n{_arc("CK", "rising_edge", delay)}    }}\n'
    return (
        f"  cell (DFF) {{\n    area : {area:g};\n"
        '    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }\n'
        "    pin (CK) { direction : input; clock : true; capacitance : 0.001; }\n"
        "    pin (D) { direction : input; capacitance : 0.001; }\n"
        f"{output}  }}"
    )


def _arc(pin: str, kind: str, delay: float) -> str:
    """From a pin to the output: the same delay for every slope and load. ABC asks for three loads at least."""
    values, slopes = (", ".join([f'"{", ".join([f"{number:g}"] * 3)}"'] * 2) for number in (delay, 1))
    tables = "".join(
        f"cell_{edge} (flat) {{ values ({values}); }} {edge}_transition (flat) {{ values ({slopes}); }} "
        for edge in ("rise", "fall")
    )
    return f'      timing () {{ related_pin : "{pin}"; timing_sense : non_unate; timing_type : {kind}; {tables}}}\n'


_HEAD = """library ({name}) {{
  delay_model : table_lookup;
  time_unit : "1ps";
  capacitive_load_unit (1, pf);
  voltage_unit : "1V";
  current_unit : "1mA";
  leakage_power_unit : "1nW";
  pulling_resistance_unit : "1kohm";
  default_max_transition : 1000;
  lu_table_template (flat) {{
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 ("0.001, 1000");
    index_2 ("0.0001, 1, 10");
  }}"""
