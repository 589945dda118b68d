"""Results of functions of circuits, remembered by what a circuit holds: layers of a network often have equal ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import TypeVar, TypeVarTuple

from mulfree.rtl.circuit import Circuit, Wire

MOST = 1024
"""Results kept, of each function."""

Rest = TypeVarTuple("Rest")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Content:
    """Equal for circuits that differ at most in the names of wires that are neither inputs nor outputs."""

    inputs: Hashable
    cells: Hashable
    outputs: Hashable
    circuit: Circuit = field(compare=False)


def content(circuit: Circuit) -> Content:
    """By name, type, place: a cell is its name and all that it was made with."""
    place = {wire: at for at, wire in enumerate((*circuit.inputs, *circuit.wires))}
    return Content(
        tuple((wire.name, wire.type) for wire in circuit.inputs),
        tuple((*_cell(wire), wire.type, *(place[x] for x in wire.operands)) for wire in circuit.wires),
        tuple((name, place[wire]) for name, wire in circuit.outputs.items()),
        circuit,
    )


def _cell(wire: Wire) -> tuple[Hashable, ...]:
    assert wire.cell is not None, f"{wire.name} has no driver"
    return wire.cell.name, wire.cell.arguments, wire.cell.summation, wire.cell.table


def remembered(function: Callable[[Circuit, *Rest], Result]) -> Callable[[Circuit, *Rest], Result]:
    """The same function, computed once for circuits of equal content; what it takes besides is hashable.

    The result must not depend on names of inner wires, nor hold wires.
    """

    @lru_cache(MOST)
    def known(of: Content, rest: tuple[*Rest]) -> Result:
        return function(of.circuit, *rest)

    @wraps(function)
    def recalled(circuit: Circuit, *rest: *Rest) -> Result:
        return known(content(circuit), rest)

    return recalled
