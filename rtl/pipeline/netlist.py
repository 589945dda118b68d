"""A circuit as vectors of bits, each made at once from bits of other vectors: heaps counter by counter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from mulfree.ir import BIT, IntRange
from mulfree.rtl.cell import Cell
from mulfree.rtl.cell_moves import CONSTANT
from mulfree.rtl.cell_verilog import Operand, packed
from mulfree.rtl.cells import MAX, MIN
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.heap import Bit as HeapBit
from mulfree.rtl.heap import Plan, Summation
from mulfree.rtl.heap.text import given, stage_lines
from mulfree.rtl.heap.wiring import Place, Wired, wiring
from mulfree.rtl.wires import WireType


class Bit(NamedTuple):
    """A bit of vector `vector`, or, where that is CONSTANT, the bit `place` itself."""

    vector: int
    place: int
    is_inverted: bool = False


Bits = tuple[Bit, ...]
Refer = Callable[[Sequence[Bit]], str]
"""From bits, the lowest first, to the expression of a vector of them."""


@dataclass(frozen=True, eq=False)
class Vector:
    """Bits that are made together."""

    name: str
    type: WireType
    levels: int
    """Of logic that make it from what it reads; inputs: 0."""
    reads: Bits = ()
    text: Callable[[Refer], list[str]] | None = None
    """Statements that declare and drive it; inputs: none."""


@dataclass(frozen=True, eq=False)
class Netlist:
    """Vectors, each after those that it reads; and the bits of the circuit's outputs."""

    vectors: tuple[Vector, ...]
    outputs: dict[str, Bits]
    wires: Mapping[Wire, Bits]
    """Where the bits of every wire of the circuit are."""

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """For each vector, levels of logic on the longest way to it."""
        found = list[int]()
        for vector in self.vectors:
            before = (found[bit.vector] for bit in vector.reads if bit.vector != CONSTANT)
            found.append(vector.levels + max(before, default=0))
        return tuple(found)


def netlist(circuit: Circuit, technology: str) -> Netlist:
    """The circuit with its heaps planned for a technology. Cells that only move bits are no vectors."""
    reading = _Reading(technology)
    for wire in (*circuit.inputs, *circuit.wires):
        reading.add(wire)
    outputs = {name: reading.bits[wire] for name, wire in circuit.outputs.items()}
    return Netlist(tuple(reading.vectors), outputs, reading.bits)


def vectors_of(netlist: Netlist, names: Collection[str]) -> set[int]:
    """The vectors that inputs of these names decide alone."""
    found = set[int]()
    for i, vector in enumerate(netlist.vectors):
        read = {bit.vector for bit in vector.reads if bit.vector != CONSTANT}
        if vector.name in names if vector.text is None else read <= found:
            found.add(i)
    return found


class _Reading:
    """Vectors found so far, and the bits of every wire."""

    def __init__(self, technology: str) -> None:
        self.technology = technology
        self.vectors: list[Vector] = []
        self.bits: dict[Wire, Bits] = {}

    def add(self, wire: Wire) -> None:
        operands = [self.bits[x] for x in wire.operands]
        if wire.cell is None:
            self.bits[wire] = self._vector(Vector(wire.name, wire.type, 0))
        elif wire.cell.summation is not None:
            self.bits[wire] = self._heaps(wire, wire.cell.summation, operands)
        elif (moved := _moved(wire, operands)) is not None:
            self.bits[wire] = moved
        elif wire.cell.name in PAIRED:
            self.bits[wire] = self._tree(wire, PAIRED[wire.cell.name], operands[0])
        else:
            types = tuple(x.type for x in wire.operands)
            self.bits[wire] = self._vector(_computed(wire.name, wire.cell, wire.type, types, operands, self.technology))

    def _vector(self, vector: Vector) -> Bits:
        self.vectors.append(vector)
        return tuple(Bit(len(self.vectors) - 1, i) for i in range(vector.type.bits))

    def _tree(self, wire: Wire, cell: Cell, bits: Bits) -> Bits:
        """A vector for each level of a tree over the lanes; one that is left over goes on to the next level.

        Turning the sign over makes the order of two's complement that of plain binary, once for all comparisons.
        """
        width, is_signed, level = wire.type.element_bits, wire.range.is_signed, 0
        lanes = [_turned(bits[at : at + width], is_signed) for at in range(0, len(bits), width)]
        while len(lanes) > 1:
            level, paired = level + 1, len(lanes) // 2
            sides = [tuple(bit for lane in lanes[i : 2 * paired : 2] for bit in lane) for i in (0, 1)]
            type, name = WireType(IntRange(0, 2**width - 1), paired), f"{wire.name}_{level}"
            made = self._vector(_computed(name, cell, type, (type, type), sides, self.technology))
            lanes = [*(made[at : at + width] for at in range(0, len(made), width)), *lanes[2 * paired :]]
        return _turned(lanes[0], is_signed)

    def _heaps(self, wire: Wire, sum: Summation, operands: list[Bits]) -> Bits:
        """A heap for each lane of the result."""
        heap, plan = sum.planned(wire.type, tuple(x.type for x in wire.operands), self.technology)
        summed = [bit for column in heap.columns for bit in column]
        result = list[Bit]()
        for lane in range(wire.type.lanes):
            name = f"{wire.name}_{lane}" if wire.type.lanes > 1 else wire.name
            own = tuple(_summed(bit, wire.operands, operands, lane) for bit in summed)
            *below, top = self._heap(name, own, plan)
            result += [*below, _inverted(top, heap.is_top_inverted)]
        return tuple(result)

    def _heap(self, name: str, own: Bits, plan: Plan) -> Bits:
        """Vectors of the counters of every stage; the bits that are left."""
        stages, left = wiring(plan)
        made = [own]
        for number, wired in enumerate(stages, 1):
            made.append(self._vector(_stage(name, number, wired, made)))
        return _at(left, made)


def _stage(name: str, number: int, wired: list[Wired], made: list[Bits]) -> Vector:
    """What a stage of counters gives."""
    reads = _at([place for _, taken in wired for place in taken], made)

    def text(refer: Refer) -> list[str]:
        return stage_lines(name, number, wired, lambda places: refer(_at(places, made)))

    return Vector(f"{name}_{number}", WireType(BIT, given(wired)), 1, reads, text)


def _at(places: Sequence[Place | None], made: list[Bits]) -> Bits:
    return tuple(made[place[0]][place[1]] if place else ZERO for place in places)


def _summed(bit: HeapBit, operands: Sequence[Wire], bits: list[Bits], lane: int) -> Bit:
    """A heap's bit; `lane` is that of the result where lanes are summed one by one."""
    if bit.operand is None:
        return ONE
    type = operands[bit.operand].type
    at = bit.lane + (lane if type.lanes > 1 else 0)
    return _inverted(bits[bit.operand][at * type.element_bits + bit.place], bit.is_inverted)


def _inverted(bit: Bit, is_inverted: bool) -> Bit:
    if bit.vector == CONSTANT:
        return bit._replace(place=bit.place ^ is_inverted)
    return bit._replace(is_inverted=bit.is_inverted ^ is_inverted)


def _turned(word: Bits, is_signed: bool) -> Bits:
    return (*word[:-1], _inverted(word[-1], is_signed))


def _moved(wire: Wire, operands: list[Bits]) -> Bits | None:
    """The bits of a wire whose cell only moves bits."""
    assert wire.cell is not None, f"{wire.name} has no driver"
    moved = wire.cell.moves and wire.cell.moves(wire.type, tuple(x.type for x in wire.operands))
    if moved is None:
        return None
    return tuple(Bit(CONSTANT, at) if operand == CONSTANT else operands[operand][at] for operand, at in moved)


def _computed(
    name: str, cell: Cell, type: WireType, types: tuple[WireType, ...], operands: list[Bits], technology: str
) -> Vector:
    """The result of a cell, and before it a copy of each operand."""
    copies = tuple(Operand(f"{name}_x{i}", x) for i, x in enumerate(types))

    def text(refer: Refer) -> list[str]:
        declared = [f"{packed(x.type)} {x.name};" for x in (*copies, Operand(name, type))]
        taken = [f"assign {x.name} = {refer(bits)};" for x, bits in zip(copies, operands, strict=True)]
        return [*declared, *taken, *cell.verilog(Operand(name, type), copies, technology).splitlines()]

    return Vector(name, type, 1, tuple(bit for bits in operands for bit in bits), text)


PAIRED = {"largest": MAX, "smallest": MIN}
"""What a cell that takes all lanes does to two of them."""
ZERO, ONE = Bit(CONSTANT, 0), Bit(CONSTANT, 1)
