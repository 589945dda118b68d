"""Look-up tables of diminished-1 units, by Yosys on xc7, as ratios to figures of units generated before.

    python bench/diminished_one.py [b ...]

Sums, rotations and butterflies modulo 2^b + 1 on words of b bits and a flag; beside them a butterfly of residues 0..2^b
that is reduced by comparing, from plain Verilog. Flow: as `mulfree synth`; rows of units with a known figure print the
ratio to it, at most 1 to pass.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from common import Report, machine

from mulfree.backends.synth import synthesise_module
from mulfree.backends.synth.yosys import yosys_tool
from mulfree.ir import CompileError, IntRange
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.cost.circuit import circuit_terms
from mulfree.rtl.diminished_one import cells
from mulfree.rtl.diminished_one.arithmetic import butterfly, multiply
from mulfree.rtl.print_circuit import to_verilog

Build = Callable[[Circuit, DiminishedOne, Wire, Wire], Sequence[Wire]]
UNITS: dict[str, Build] = {
    "add": lambda c, r, a, b: [c.drive(cells.add(r), a, b)],
    "subtract": lambda c, r, a, b: [c.drive(cells.add(r, r.bits), a, b)],
    "negate": lambda c, r, a, b: [c.drive(cells.rotate(r, r.bits), a)],
    "rotate": lambda c, r, a, b: [c.drive(cells.rotate(r, 3), a)],
    "butterfly": lambda c, r, a, b: butterfly(c, r, a, b, 6),
    "butterfly, odd power of the root": lambda c, r, a, b: butterfly(c, r, a, b, 5),
    "product": lambda c, r, a, b: [multiply(c, r, a, b)],
    "to binary": lambda c, r, a, b: [c.drive(cells.decode(r, r.centred), a)],
}
KNOWN = {
    8: {"add": 12, "negate": 8, "rotate": 8, "butterfly": 25},
    16: {"add": 22, "negate": 16, "rotate": 16, "butterfly": 45},
    32: {"add": 43, "butterfly": 87},
}


def main(widths: Sequence[int]) -> None:
    print(f"{machine()}; {yosys_tool().version}", flush=True)
    report = Report()
    for bits in widths:
        units(report, DiminishedOne(bits))
    report.finish()


def units(report: Report, ring: DiminishedOne) -> None:
    residues = luts(plain_butterfly(ring))
    print(f"\nb = {ring.bits}: butterfly of residues, reduced by comparing: {residues:.0f} LUTs")
    for name, build in UNITS.items():
        circuit = drawn(ring, build)
        priced = circuit_terms(circuit, "xc7").known.luts
        try:
            found = luts(to_verilog(circuit, "top", target="xc7"))
        except CompileError:  # ABC's &mfs traps on the product at b = 8
            print(f"      {name}: priced {priced:.0f} LUTs; Yosys does not end")
            continue
        text = f"{name}: {found:.0f} LUTs, {found / residues:.2f} of that butterfly, priced {priced:.0f}"
        known = KNOWN.get(ring.bits, {}).get(name)
        if known is None:
            print(f"      {text}")
        else:
            report.claim(found <= known, f"{text}; {found / known:.2f} of {known}")
    print(f"      from a byte: {luts(to_verilog(encoder(ring), 'top', target='xc7')):.0f} LUTs", flush=True)


def luts(text: str) -> float:
    return synthesise_module(text, "top", "xc7", time_limit_s=600).cost.luts


def drawn(ring: DiminishedOne, build: Build) -> Circuit:
    circuit = Circuit()
    a, b = (circuit.input(name, ring.codes) for name in ("a", "b"))
    for i, wire in enumerate(build(circuit, ring, a, b)):
        circuit.output(f"y{i}", wire)
    return circuit


def encoder(ring: DiminishedOne) -> Circuit:
    circuit, byte = Circuit(), IntRange(-128, 127)
    circuit.output("y", circuit.drive(cells.encode(ring, byte), circuit.input("x", byte)))
    return circuit


def plain_butterfly(ring: DiminishedOne) -> str:
    """a + b and a - b of residues, each less than F."""
    word, modulus = ring.bits, f"{ring.bits + 2}'h{ring.modulus:x}"
    return f"""module top (input [{word}:0] a, b, output [{word}:0] y0, y1);
  wire [{word + 1}:0] sum = a + b, more = sum - {modulus}, difference = a - b;
  wire [{word + 1}:0] back = difference + {modulus};
  assign y0 = more[{word + 1}] ? sum[{word}:0] : more[{word}:0];
  assign y1 = difference[{word + 1}] ? back[{word}:0] : difference[{word}:0];
endmodule
"""


if __name__ == "__main__":
    main([int(bits) for bits in sys.argv[1:]] or [8, 16, 32, 64])
