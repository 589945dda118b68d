"""A combinational circuit: wires, each driven by one cell, by a constant or by an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mulfree.ir import AnyArray, IntRange
from mulfree.rtl.cell import Cell
from mulfree.rtl.cells import DECODE, INDEX, constant, dot, encode, reaches, weighted_sum
from mulfree.rtl.price import FREE, Price
from mulfree.rtl.wires import WireType


@dataclass(eq=False, slots=True)
class Wire:
    """A named vector. An input has no cell."""

    name: str
    type: WireType
    cell: Cell | None = None
    operands: tuple[Wire, ...] = ()

    @property
    def range(self) -> IntRange:
        return self.type.range

    @property
    def lanes(self) -> int:
        return self.type.lanes


@dataclass(eq=False, slots=True)
class Circuit:
    """Inputs, driven wires in an order in which operands come first, and named outputs."""

    inputs: list[Wire] = field(default_factory=list[Wire])
    wires: list[Wire] = field(default_factory=list[Wire])
    outputs: dict[str, Wire] = field(default_factory=dict[str, Wire])

    def input(self, name: str, range: IntRange, lanes: int = 1) -> Wire:
        wire = Wire(name, WireType(range, lanes))
        self.inputs.append(wire)
        return wire

    def constant(self, values: Sequence[int], range: IntRange | None = None) -> Wire:
        """One lane per value; without a range, the plain interval that holds them."""
        return self.drive(constant(tuple(values), range))

    def drive(self, cell: Cell, *operands: Wire) -> Wire:
        type = cell.infer(*(w.type for w in operands))
        wire = Wire(f"{cell.name}_{len(self.wires)}", type, cell, operands)
        self.wires.append(wire)
        return wire

    def output(self, name: str, wire: Wire) -> None:
        self.outputs[name] = wire

    def prune(self) -> None:
        """Forget wires that no output depends on. Wires driven later may bear their names: to be called last."""
        needed = set(self.outputs.values())
        for wire in reversed(self.wires):
            if wire in needed:
                needed.update(wire.operands)
        self.wires = [wire for wire in self.wires if wire in needed]

    def plain(self, wire: Wire) -> Wire:
        """The same numbers, decoded if they are stored as an index: what arithmetic cells take."""
        return wire if wire.type.is_plain else self.drive(DECODE, wire)

    def index(self, wire: Wire) -> Wire:
        """The stored word as a number; no hardware."""
        return wire if wire.type.is_plain else self.drive(INDEX, wire)

    def cast(self, wire: Wire, range: IntRange) -> Wire:
        """The same numbers stored as `range` stores them; the caller knows that they belong to it."""
        return wire if wire.range == range else self.drive(encode(range), self.plain(wire))

    def total(self, wires: Sequence[Wire], weights: Sequence[int] | None = None, constant: int = 0) -> Wire:
        """constant + sum of the wires, each times its weight (default 1), lane by lane: a heap per lane."""
        if len(wires) == 1 and weights is None and constant == 0:
            return wires[0]
        return self.drive(weighted_sum(tuple(weights or (1,) * len(wires)), constant), *wires)

    def dot(
        self, terms: Sequence[tuple[Wire, int | tuple[int, ...]]], constant: int = 0, held: IntRange | None = None
    ) -> Wire:
        """constant + sum over all lanes of all wires, each times its weight: one heap.

        A weight is an integer for all lanes of its wire, or a tuple with one for each lane. `held` as in `cells.dot`.
        """
        return self.drive(dot(tuple(weight for _, weight in terms), constant, held), *(wire for wire, _ in terms))

    def reaches(
        self, terms: Sequence[tuple[Wire, int | tuple[int, ...]]], threshold: int, held: IntRange | None = None
    ) -> Wire:
        """1 where the sum of the terms, as of `dot`, is the threshold or more; `held` is the range of that sum."""
        weights = tuple(weight for _, weight in terms)
        less = held and IntRange(held.lo - threshold, held.hi - threshold, held.step)
        return self.drive(reaches(weights, -threshold, less), *(wire for wire, _ in terms))

    def evaluate(self, **inputs: AnyArray) -> dict[str, AnyArray]:
        """Outputs (..., lanes) from inputs (..., lanes), as numbers, exactly."""
        value = self.evaluate_all(**inputs)
        return {name: value[wire] for name, wire in self.outputs.items()}

    def evaluate_all(self, **inputs: AnyArray) -> dict[Wire, AnyArray]:
        """Every wire, inputs included; constants without the leading axes."""
        fits = all(w.range.fits_int64 for w in (*self.inputs, *self.wires))
        dtype = np.int64 if fits else object
        value: dict[Wire, AnyArray] = {w: np.asarray(inputs[w.name]).astype(dtype) for w in self.inputs}
        for wire in self.wires:
            value[wire] = _evaluated(wire, [value[w] for w in wire.operands])
        return value

    @property
    def price(self) -> Price:
        """Gates and LUTs of all cells, and the delay of the longest path."""
        done: dict[Wire, Price] = dict.fromkeys(self.inputs, FREE)
        for wire in self.wires:
            done[wire] = priced(wire)
        arrival: dict[Wire, int] = dict.fromkeys(self.inputs, 0)
        for wire in self.wires:
            arrival[wire] = done[wire].delay + max((arrival[w] for w in wire.operands), default=0)
        delay = max((arrival[w] for w in self.outputs.values()), default=0)
        return Price(sum(p.gates for p in done.values()), sum(p.luts for p in done.values()), delay)


def priced(wire: Wire) -> Price:
    """Price of the cell that drives the wire."""
    if wire.cell is None:
        return FREE
    return wire.cell.price(wire.type, tuple(w.type for w in wire.operands))


def _evaluated(wire: Wire, values: list[AnyArray]) -> AnyArray:
    assert wire.cell is not None, f"{wire.name} has no driver"
    result: AnyArray = wire.cell.evaluate(tuple(w.type for w in wire.operands), *values)
    return result
