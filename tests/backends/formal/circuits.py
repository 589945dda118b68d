"""Circuits as they are printed, and changed prints of them, to prove and to refute."""

from __future__ import annotations

from collections.abc import Iterable

from mulfree.backends.formal import Unit, UnitProof, prove_units
from mulfree.backends.formal.prove import module_text
from mulfree.rtl import Circuit, WireType
from mulfree.rtl.cell import Cell
from mulfree.rtl.pipeline.text import pipelined_text
from mulfree.rtl.print_circuit import to_verilog

LIMIT_S = 60.0


def circuit_of(cell: Cell, operands: Iterable[WireType]) -> Circuit:
    """One cell, with its operands as inputs."""
    circuit = Circuit()
    xs = [circuit.input(f"x{i}", type.range, type.lanes) for i, type in enumerate(operands)]
    circuit.output("y", circuit.drive(cell, *xs))
    return circuit


def unit(circuit: Circuit, target: str = "xc7", name: str = "unit", registers: int = 0) -> Unit:
    """As a stage prints it."""
    if registers:
        text = pipelined_text(circuit, name, "Pipelined.", target, registers)
    else:
        text = to_verilog(circuit, name, target=target)
    found = module_text(text, name)
    assert found is not None
    return Unit(name, found, circuit, target)


def changed(unit: Unit, old: str, new: str) -> Unit:
    """A print in which a piece of text is another one."""
    assert unit.text.count(old) == 1, f"{old!r} occurs {unit.text.count(old)} times in\n{unit.text}"
    return Unit(unit.name, unit.text.replace(old, new), unit.circuit, unit.target)


def proof(unit: Unit) -> UnitProof:
    return prove_units([unit], LIMIT_S, jobs=1)[unit.name]
