"""A circuit with the register behind it: constants that a bit is set to are what its reset does.

Yosys' opt_dff takes a choice between a constant and a word, in front of a register, into the register's synchronous
set or reset. Registers of equal bits become one, those of constants none.
"""

from __future__ import annotations

from typing import NamedTuple

from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.logic import FALSE, TRUE
from mulfree.rtl.cost.mapping import Circuitry, circuitry_terms, compared
from mulfree.rtl.cost.target import TARGETS
from mulfree.rtl.cost.terms import Terms


class Kept(NamedTuple):
    """A bit of the register: what it takes, and `value` where one of the controls is 1."""

    next: int
    controls: tuple[int, ...] = ()
    value: int = FALSE


def registered(circuit: Circuit, target: str) -> Terms:
    """stream_register behind a circuit that is mapped (`is_mapped`)."""
    made = Circuitry(target)
    made.include(circuit)
    read, resets = _Readers(circuit, made), TARGETS[target].is_fpga
    kept = {read.kept(wire, bit, resets) for wire in circuit.outputs.values() for bit in range(wire.type.bits)}
    kept = {bit for bit in kept if bit.next > TRUE or bit.controls}
    enable = made.logic.input()
    for controls in {bit.controls for bit in kept if bit.controls}:
        made.chains.roots.append(made.logic.both(enable, _any_of(made, controls)))
    made.chains.roots += [bit.next for bit in kept]
    return circuitry_terms(made) + Terms(Cost(ffs=len(kept) + 1), {"handshakes": 1})


def _any_of(made: Circuitry, controls: tuple[int, ...]) -> int:
    return made.logic.all_of([control ^ 1 for control in controls]) ^ 1


class _Readers:
    """What drives bits, followed backwards."""

    def __init__(self, circuit: Circuit, made: Circuitry) -> None:
        self.inputs, self.made = set(circuit.inputs), made

    def kept(self, wire: Wire, bit: int, resets: bool) -> Kept:
        found = Kept(self.made.bits[wire][bit])
        step = self._choice(wire, bit) if resets else None
        while step is not None and (not found.controls or found.value == step.value):
            found = Kept(self.made.bits[step.wire][step.bit], (*found.controls, step.control), step.value)
            step = self._choice(step.wire, step.bit)
        return found

    def _choice(self, wire: Wire, bit: int) -> _Choice | None:
        """Where the bit is chosen, perhaps after being moved, and one of the choices is constant."""
        while wire not in self.inputs and (moved := self._moved(wire, bit)) is not None:
            wire, bit = moved
        if wire in self.inputs or wire.cell is None or wire.cell.name not in ("mux", "max", "min"):
            return None
        lane, place = divmod(bit, wire.type.element_bits)
        select, *words = self._selected(wire, lane)
        for word, control in zip(words, (select, select ^ 1), strict=True):
            other = words[0] if word is words[1] else words[1]
            value, source = self._bit(word, lane, place), self._place(other, lane, place)
            if value <= TRUE and source is not None and select > TRUE:
                return _Choice(control, value, other, source)
        return None

    def _moved(self, wire: Wire, bit: int) -> tuple[Wire, int] | None:
        assert wire.cell is not None
        moves = wire.cell.moves and wire.cell.moves(wire.type, tuple(w.type for w in wire.operands))
        if moves is None or moves[bit][0] < 0:
            return None
        return wire.operands[moves[bit][0]], moves[bit][1]

    def _selected(self, wire: Wire, lane: int) -> tuple[int, Wire, Wire]:
        """The literal, what is taken where it is 1, and what else."""
        if wire.cell is not None and wire.cell.name == "mux":
            select, a, b = wire.operands
            return self.made.lane(select, lane, 1)[0], a, b
        a, b = wire.operands
        return compared(self.made, wire, lane), a, b

    def _bit(self, wire: Wire, lane: int, place: int) -> int:
        return self.made.lane(wire, lane, place + 1)[place]

    def _place(self, wire: Wire, lane: int, place: int) -> int | None:
        """Where in the wire the bit stands; None for one that extends a number without a sign."""
        size = wire.type.element_bits
        if place >= size and not wire.range.is_signed:
            return None
        return (0 if wire.lanes == 1 else lane * size) + min(place, size - 1)


class _Choice(NamedTuple):
    """Where `control` is 1 the bit is `value`, else that bit of that wire."""

    control: int
    value: int
    wire: Wire
    bit: int
