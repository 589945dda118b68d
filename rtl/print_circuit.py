"""Print a circuit as one combinational SystemVerilog module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mulfree.rtl.cell_verilog import Operand, packed
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.heap import GENERIC


def to_verilog(circuit: Circuit, module: str, purpose: str = "", target: str = GENERIC) -> str:
    """One module with a packed port per input and output, lane 0 in the least significant bits.

    Deterministic; accepted by Verilator -Wall, Yosys and Icarus. `purpose` is the comment above it;
    `target` is what heaps are planned for.
    """
    statements = (line for wire in circuit.wires for line in _statements(wire, target))
    ends = (f"assign {name} = {wire.name};" for name, wire in circuit.outputs.items())
    return module_of(circuit, module, purpose or "Combinational.", [*statements, *ends])


def module_of(circuit: Circuit, module: str, purpose: str, body: Iterable[str], ports: Sequence[str] = ()) -> str:
    """A module with these ports, then those of the circuit; `purpose` is the comment above it."""
    inputs = [f"input {packed(w.type)} {w.name}" for w in circuit.inputs]
    outputs = [f"output {packed(w.type)} {name}" for name, w in circuit.outputs.items()]
    lines = [
        f"// {purpose}",
        # A cell may leave bits unread: a plane of a word, the upper bits of a number known to be small.
        "/* verilator lint_off UNUSEDSIGNAL */",
        f"module {module} (",
        ",\n".join(f"    {port}" for port in (*ports, *inputs, *outputs)),
        ");",
        *(f"  {line}" for line in body),
        "endmodule",
        "/* verilator lint_on UNUSEDSIGNAL */",
    ]
    return "\n".join(lines) + "\n"


def _statements(wire: Wire, target: str) -> list[str]:
    assert wire.cell is not None, f"{wire.name} has no driver"
    operands = tuple(Operand(w.name, w.type) for w in wire.operands)
    text = wire.cell.verilog(Operand(wire.name, wire.type), operands, target)
    comment = f"  // {wire.range}" + (f" x {wire.lanes}" if wire.lanes > 1 else "")
    return [f"{packed(wire.type)} {wire.name};{comment}", *text.splitlines()]
