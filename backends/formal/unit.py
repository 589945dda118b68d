"""A unit: the printed module of a circuit, and what has to be proven so that it is the circuit.

Every wire of the circuit is looked up in the printed netlist, and the logic between its operands and itself is shown to
be the cell's definition: by wiring, by leading a sum back through counters, or by SAT. Cells proven at their own
operands compose, so the module is the circuit for all inputs within their ranges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mulfree.backends.formal import claims
from mulfree.backends.formal.counters import Counting
from mulfree.backends.formal.definition import Bits, Linear, lane_bits, number, parts, word
from mulfree.backends.formal.facts import Facts, sign_width
from mulfree.backends.formal.linear import Form, LedBack, NotLinear, form_of, lead_back
from mulfree.backends.formal.netlist import Literal, Netlist
from mulfree.backends.formal.phases import phase_fault
from mulfree.backends.formal.reference import MEANINGS
from mulfree.backends.formal.sat import Claim
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.cell_moves import CONSTANT
from mulfree.rtl.pipeline import netlist as pipelined

WIRING, SUM, SAT = "wiring", "composition", "SAT"
UNDEFINED = "no reference"
"""How a cell is proven: as wires alone; as a sum led back through counters that SAT proves; by SAT at once; or
that the reference has no such cell."""


@dataclass(frozen=True)
class Unit:
    """A printed module (without the parts that it instantiates), and the circuit that it should be."""

    name: str
    text: str
    circuit: Circuit
    target: str
    planned_for: str | None = None
    """What its heaps are planned for, if that is not the target."""


@dataclass(frozen=True)
class CellProof:
    """How one wire is proven, and the claims that this rests on."""

    wire: str
    method: str
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class UnitPlan:
    """The proofs of a unit's cells, what it takes for granted, and what is wrong with its registers, if anything."""

    cells: tuple[CellProof, ...]
    assumptions: tuple[str, ...]
    fault: str | None = None


def plan_proof(unit: Unit, netlist: Netlist) -> UnitPlan:
    """What to prove."""
    inputs, registers = {w.name for w in unit.circuit.inputs}, len(netlist.ports.get("enable", ()))
    fault = phase_fault(netlist, inputs, registers)
    if fault is not None:
        return UnitPlan((), (), fault)
    logic, facts = netlist.without_registers(), tuple(Facts(unit.circuit).assumptions())
    walk = _Walk(unit, logic, is_pipelined=registers > 0)
    cells = tuple(walk.cells()) if walk.has_ports() else (whole(unit, logic),)
    return UnitPlan(cells, facts)


def whole(unit: Unit, netlist: Netlist) -> CellProof:
    """All of a unit at once, without its wires' names."""
    return CellProof("the unit", SAT, (claims.of_unit(netlist.without_registers(), unit.target, unit.circuit),))


class _Walk:
    """The bits of every wire in the netlist, and the cells between them."""

    def __init__(self, unit: Unit, netlist: Netlist, *, is_pipelined: bool) -> None:
        self.unit, self.netlist = unit, netlist
        self.where = _pipelined_places(unit, netlist) if is_pipelined else _places(unit.circuit, netlist)

    def has_ports(self) -> bool:
        """Whether the ports are seen to be the circuit's inputs and outputs, and the wires between them are there."""
        circuit = self.unit.circuit
        ends = [*((w.name, w) for w in circuit.inputs), *circuit.outputs.items()]
        read = [x for wire in circuit.wires if wire in self.where for x in wire.operands]
        return all(wire in self.where for wire in (*read, *(wire for _, wire in ends))) and all(
            self._is_same(_literals(self.netlist.ports[name]), self.where[wire]) for name, wire in ends
        )

    def _is_same(self, port: Bits, bits: Bits) -> bool:
        return len(port) == len(bits) and all(
            self._led_back(form_of([a], [1]), {b.net}).form == form_of([b], [1])
            for a, b in zip(port, bits, strict=True)
        )

    def _led_back(self, form: Form, stop: set[int]) -> LedBack:
        try:
            return lead_back(self.netlist, form, stop)
        except NotLinear:
            return LedBack(Form({-1: 1}), (), 0)

    def cells(self) -> Iterator[CellProof]:
        for wire in self.unit.circuit.wires:
            if wire in self.where:
                yield self._cell(wire)

    def _cell(self, wire: Wire) -> CellProof:
        assert wire.cell is not None
        if wire.cell.name not in MEANINGS:
            return CellProof(wire.name, UNDEFINED)
        for attempt in (self._sign, self._linear):
            try:
                found = attempt(wire)
            except NotLinear:
                found = None
            if found is not None:
                return found
        return CellProof(wire.name, SAT, tuple(dict.fromkeys(self._by_sat(wire))))

    def _stop(self, wire: Wire) -> set[int]:
        return {bit.net for x in wire.operands for bit in self.where[x]}

    def _numbers(self, wire: Wire, lane: int) -> Form:
        return number(lane_bits(self.where[wire], wire, lane), wire.range)

    def _words(self, wire: Wire, lane: int) -> Form:
        return word(lane_bits(self.where[wire], wire, lane))

    def _linear(self, wire: Wire) -> CellProof | None:
        """By its definition as a sum, lane by lane; None for cells that are no sums."""
        assert wire.cell is not None
        used, meaning, counts = list[Claim](), Linear(self._numbers, self._words), False
        of_operand = self.where[wire.operands[0]] if wire.operands else ()
        for lane in range(wire.lanes):
            wanted = meaning.lane(wire, lane) or parts(of_operand, wire, lane)
            if wanted is None:
                return None
            counters = self._counters(wire, lane, wanted)
            used, counts = [*used, *claims.theorems(counters, self.unit.target)], counts or bool(counters)
        return CellProof(wire.name, SUM if counts else WIRING, tuple(dict.fromkeys(used)))

    def _counters(self, wire: Wire, lane: int, wanted: Form) -> tuple[Counting, ...]:
        """By which a lane's word is seen to be that of the wanted number. Raises NotLinear if it is not."""
        bits, modulus = lane_bits(self.where[wire], wire, lane), 1 << wire.type.element_bits
        given = form_of(bits, (1 << i for i in range(len(bits))), modulus=modulus)
        led = lead_back(self.netlist, given, self._stop(wire))
        if not led.form.plus(_stored(wanted, wire), -1).is_zero:
            raise NotLinear("it is another sum")
        return led.counters

    def _sign(self, wire: Wire) -> CellProof | None:
        """Bit w - 1 of the sum + 2^(w-1), w bits holding the sum: what `reaches` is."""
        assert wire.cell is not None
        sum = wire.cell.summation
        if sum is None or not sum.is_sign:
            return None
        width = sign_width(wire)
        last = claims.last_counter(self.netlist, self.where[wire][0], wire, width)
        led = lead_back(self.netlist, last.form, self._stop(wire), may_drop=True)
        wanted = Linear(self._numbers, self._words).sum(wire, 0)
        wanted.add(1, 1 << width - 1)
        least, most = Form(modulus=1 << width).plus(wanted).plus(led.form, -1).ends()
        if least < 0 or most + led.slack >= 1 << last.low:
            raise NotLinear("it is another sum's sign")
        used = [*last.claims(self.unit.target), *claims.theorems(led.counters, self.unit.target)]
        return CellProof(wire.name, SUM if used or led.counters else WIRING, tuple(dict.fromkeys(used)))

    def _by_sat(self, wire: Wire) -> Iterator[Claim]:
        """A claim for each lane, or one for a cell that takes all lanes."""
        for lane in range(wire.lanes):
            yield claims.of_lane(self.netlist, self.unit.target, wire, lane, self.where)


def _stored(wanted: Form, wire: Wire) -> Form:
    """The stored word of a number; raises NotLinear where that is no sum."""
    range = wire.range
    if not range.is_coded:
        return wanted
    shifted = wanted.plus(Form(constant=range.lo), -1)
    if any(weight % range.step for weight in (shifted.constant, *shifted.weights.values())):
        raise NotLinear("the index is no sum")
    return Form({net: w // range.step for net, w in shifted.weights.items()}, shifted.constant // range.step)


def _literals(nets: Sequence[int]) -> tuple[Literal, ...]:
    return tuple(Literal(net) for net in nets)


def _places(circuit: Circuit, netlist: Netlist) -> Mapping[Wire, Bits]:
    """By name, as every wire has its name in the module."""
    wires = (*circuit.inputs, *circuit.wires)
    return {wire: _literals(netlist.names[wire.name]) for wire in wires if wire.name in netlist.names}


def _pipelined_places(unit: Unit, netlist: Netlist) -> Mapping[Wire, Bits]:
    """Where the printer says that they are: if that is not true the proof fails."""
    known = pipelined.netlist(unit.circuit, unit.planned_for or unit.target)

    def literal(bit: pipelined.Bit) -> Literal:
        if bit.vector == CONSTANT:
            return Literal(bit.place, bit.is_inverted)
        return Literal(netlist.names[known.vectors[bit.vector].name][bit.place], bit.is_inverted)

    return {wire: tuple(literal(bit) for bit in bits) for wire, bits in known.wires.items()}
