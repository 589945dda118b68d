"""Prove, and record, that no multiplication is left: on the graph and on the circuits' cells.

The third proof, on the synthesised netlist, is made by the synthesis back end with Yosys.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mulfree.compiler.families.arithmetic import Arithmetic
from mulfree.ir import CompileError, Graph, TensorType
from mulfree.ir.ops import Contraction
from mulfree.rtl import Design
from mulfree.rtl.cell import Cell


@dataclass(frozen=True, slots=True)
class MultiplierFree:
    """What was counted: operators of the graph and cells of the circuits, by name."""

    operators: dict[str, int]
    cells: dict[str, int]


def prove_multiplier_free(graph: Graph[TensorType], design: Design) -> MultiplierFree:
    """Raise CompileError at the first operator that multiplies; assert that circuits hold only cells of the closed set.

    A constant factor of an affine step is a sum of shifts in its circuit, which is what the cells show.
    """
    for node in graph.nodes:
        if isinstance(node.op, Contraction) and not isinstance(node.op, Arithmetic):
            raise CompileError(f"{node.op.name} has no arithmetic without a multiplier yet", node.location)
    wires = [wire for stage in design.stages for circuit in stage.circuits.values() for wire in circuit.wires]
    cells = [wire.cell for wire in wires if isinstance(wire.cell, Cell)]
    assert len(cells) == len(wires), "a wire has a driver that is no cell"
    operators = Counter(node.op.name for node in graph.nodes)
    return MultiplierFree(dict(operators), dict(Counter(cell.name for cell in cells)))
