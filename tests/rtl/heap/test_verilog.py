"""Heaps as Verilog, against the definition under Verilator, for every technology."""

from __future__ import annotations

import pytest

from mulfree.ir import AnyArray
from mulfree.rtl import Circuit, cells
from mulfree.rtl.heap import TECHNOLOGIES
from mulfree.rtl.print_circuit import to_verilog
from tests.rtl.combinational import check_verilog
from tests.rtl.heap.heaps import EXAMPLES, SIGNS


def together() -> tuple[Circuit, dict[str, AnyArray]]:
    """All the examples in one circuit, and three words summed lane by lane."""
    circuit, values = Circuit(), dict[str, AnyArray]()
    for i, case in enumerate((*EXAMPLES, *SIGNS)):
        wires = [circuit.input(f"x{i}_{k}", type.range, type.lanes) for k, type in enumerate(case.operands)]
        values |= {w.name: v for w, v in zip(wires, case.values(200).values(), strict=True)}
        circuit.output(f"y{i}", case.result(circuit, wires))
    words = next(wire for wire in circuit.inputs if wire.name == "x5_0")
    reversed_ = circuit.drive(cells.pick(range(words.lanes)[::-1]), words)
    circuit.output("lanes", circuit.total([words, reversed_, words], [1, -4, 6], -3))
    return circuit, values


@pytest.mark.parametrize("target", TECHNOLOGIES)
def test_verilog_equals_the_definition(target: str) -> None:
    check_verilog(*together(), target)


@pytest.mark.parametrize("target", TECHNOLOGIES)
def test_the_same_circuit_gives_the_same_text(target: str) -> None:
    assert to_verilog(together()[0], "m", target=target) == to_verilog(together()[0], "m", target=target)
