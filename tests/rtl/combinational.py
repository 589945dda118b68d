"""Circuits under Verilator."""

from __future__ import annotations

import numpy as np

from mulfree.ir import AnyArray
from mulfree.rtl import Circuit, WireType
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.library import needed_by
from mulfree.rtl.print_circuit import to_verilog
from mulfree.sim.verilator import StreamPort, pack_tokens, unpack_tokens, verilate


def check_verilog(circuit: Circuit, values: dict[str, AnyArray], target: str = GENERIC) -> None:
    """The circuit's Verilog gives what the circuit means, for inputs (rows, lanes) by name."""
    inputs = [w.type for w in circuit.inputs]
    outputs = [w.type for w in circuit.outputs.values()]
    text = to_verilog(circuit, "cells", target=target)
    files = {"top.sv": _stream_top(circuit), "cells.sv": text, **needed_by(text)}
    ports = [StreamPort("s", sum(w.bits for w in inputs)), StreamPort("m", sum(w.bits for w in outputs))]
    hardware = verilate(files, "top", ports[:1], ports[1:])
    sent = _bits(inputs, [values[w.name] for w in circuit.inputs])
    run = hardware.run([pack_tokens(sent, 1)], [len(sent)])
    expected = _bits(outputs, list(circuit.evaluate(**values).values()))
    np.testing.assert_array_equal(unpack_tokens(run.outputs[0], expected.shape[1], 1), expected)


def _bits(types: list[WireType], values: list[AnyArray]) -> AnyArray:
    """Stored words of the wires as one row of bits per token."""
    rows = len(max(values, key=len))
    columns = []
    for type, value in zip(types, values, strict=True):
        words = type.range.encode(np.broadcast_to(value, (rows, type.lanes)))
        columns.append((words[:, :, None] >> np.arange(type.element_bits) & 1).reshape(rows, -1))
    return np.concatenate(columns, axis=1)


def _stream_top(circuit: Circuit) -> str:
    """The circuit between two streams without a register."""
    connections, low = [], 0
    for wire in circuit.inputs:
        connections.append(f".{wire.name}(s_data[{low + wire.type.bits - 1}:{low}])")
        low += wire.type.bits
    width, low = low, 0
    for name, wire in circuit.outputs.items():
        connections.append(f".{name}(m_data[{low + wire.type.bits - 1}:{low}])")
        low += wire.type.bits
    return f"""module top (
    input logic clk, input logic rst,
    input logic [{width - 1}:0] s_data, input logic s_valid, output logic s_ready,
    output logic [{low - 1}:0] m_data, output logic m_valid, input logic m_ready
);
  logic unused;
  assign unused = clk && rst;
  assign m_valid = s_valid;
  assign s_ready = m_ready;
  cells u_cells ({", ".join(connections)});
endmodule
"""
