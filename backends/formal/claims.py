"""What SAT is asked: that a counter counts, that a cell's printed logic is its definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mulfree.backends.formal.counters import Counting
from mulfree.backends.formal.definition import Bits, lane_bits
from mulfree.backends.formal.linear import Form, NotLinear, form_of
from mulfree.backends.formal.netlist import CONSTANTS, Instance, Literal, Netlist
from mulfree.backends.formal.reference import Naive
from mulfree.backends.formal.sat import Claim, gate_text
from mulfree.rtl import Circuit, Wire
from mulfree.rtl.heap import TECHNOLOGIES

UNREAD = 2
"""A net for a port that has no bits."""
LAST = ("heap_carry", "heap_table")
"""Counters that give the top bit of a sum alone."""
ACROSS = ("largest", "smallest", "any", "dot", "popcount", "reaches")
"""Cells from all lanes to one."""


def theorems(counters: Iterable[Counting], target: str) -> list[Claim]:
    """One for each counter that is ours; what Yosys' own adders mean is the language's."""
    return [
        _theorem(rule.instance, rule.takes, range(len(rule.gives)), target) for rule in counters if not rule.is_known
    ]


def _theorem(
    instance: Instance, takes: Iterable[tuple[int, int]], given: range, target: str, constant: int = 0
) -> Claim:
    """Bits `given` of constant + the sum of weights times what comes in are what the instance gives."""
    inputs, width = _inputs(instance), given.stop
    names = {net: f"i[{k}]" for k, net in enumerate(inputs)} | {0: "1'b0", 1: "1'b1"}
    terms = [f"({names[net]} ? {width}'h{weight % (1 << width):x} : {width}'h0)" for net, weight in takes]
    total = " + ".join([f"{width}'h{constant % (1 << width):x}", *terms])
    text = "\n".join(
        [
            f"module top (input logic [{len(inputs) - 1}:0] i, output logic bad);",
            f"  logic [{len(instance.result) - 1}:0] y;",
            f"  logic [{width - 1}:0] sum;",
            "  gate u_gate (.i(i), .y(y));",
            f"  assign sum = {total};",
            f"  assign bad = y != sum[{given.stop - 1}:{given.start}];",
            "endmodule\n",
        ]
    )
    return Claim(text, gate_text([instance], inputs, instance.result), ("i", "y", "sum"), target)


def _inputs(instance: Instance) -> list[int]:
    """Nets that are no constants, in the order of the ports."""
    return _some(net for nets in instance.operands.values() for net in nets if net not in CONSTANTS)


def _some(nets: Iterable[int]) -> list[int]:
    """Each once; a net that nothing reads where there is none, as a port has a bit at least."""
    return [*dict.fromkeys(nets)] or [UNREAD]


@dataclass(frozen=True)
class LastCounter:
    """The end of a heap of which one bit is wanted: `form`, a multiple of 2^low, has it as its highest bit."""

    form: Form
    low: int
    instance: Instance | None = None
    takes: tuple[tuple[int, int], ...] = ()
    """Weights of what the instance takes, in units of 2^low."""
    constant: int = 0
    lowest: int = 0

    def claims(self, target: str) -> list[Claim]:
        if self.instance is None:
            return []
        return [_theorem(self.instance, self.takes, range(self.lowest, self.lowest + 1), target, self.constant)]


def last_counter(netlist: Netlist, bit: Literal, wire: Wire, width: int) -> LastCounter:
    """Of a bit that should be the highest of a sum of `width` bits.

    What the last counter's ports count for is taken from the plan, and is what SAT has to prove of it.
    """
    modulus, plain = 1 << width, _through_inverters(netlist, bit)
    instance = netlist.driver.get(plain.net)
    if instance is None or instance.kind not in LAST:
        return LastCounter(form_of([plain], [1 << width - 1], modulus=modulus), width - 1)
    ports, constant, lowest = _planned(instance, wire)
    low = width - 1 - lowest
    takes = tuple((net, 1 << port) for net, port in zip(instance.ports["x"], ports, strict=True) if port >= 0)
    # The complement of the highest bit is that bit of the sum and 2^(w-1).
    form = Form(modulus=modulus)
    form.add(1, (constant << low) + (plain.is_inverted << width - 1))
    for net, weight in takes:
        form.add(net, weight << low)
    return LastCounter(form, low, instance, takes, constant, lowest)


def _through_inverters(netlist: Netlist, bit: Literal) -> Literal:
    while (found := netlist.driver.get(bit.net)) is not None and found.kind == "$not":
        bit = Literal(found.ports["A"][found.result.index(bit.net)], not bit.is_inverted)
    return bit


def _planned(instance: Instance, wire: Wire) -> tuple[Sequence[int], int, int]:
    """Ports, constant and lowest bit of the last counter of the wire's plan for whichever technology has such a one."""
    assert wire.cell is not None
    assert wire.cell.summation is not None
    for technology in TECHNOLOGIES:
        plan = wire.cell.summation.planned(wire.type, tuple(x.type for x in wire.operands), technology)[1]
        for placed in plan.stages[-1] if plan.stages else ():
            counter = placed.counter
            if counter.module == instance.kind and len(counter.ports) == len(instance.ports["x"]):
                return counter.ports, counter.constant, counter.lowest
    raise NotLinear(f"no plan ends with such a {instance.kind}")


def of_lane(netlist: Netlist, target: str, wire: Wire, lane: int, where: Mapping[Wire, Bits]) -> Claim:
    """The printed logic between a cell's operands and a lane of its result is the cell.

    Operands are free within their ranges; so is whatever else the logic turns out to read.
    """
    assert wire.cell is not None
    across = wire.cell.name in ACROSS
    bits = [where[x] if across else lane_bits(where[x], x, lane) for x in wire.operands]
    result = lane_bits(where[wire], wire, lane)
    known = dict.fromkeys(bit.net for word in bits for bit in word if bit.net not in CONSTANTS)
    instances, ends = netlist.cone([bit.net for bit in result], set(known))
    inputs = _some([*known, *ends])
    circuit = Circuit()
    xs = [circuit.input(f"x{k}", x.range, x.lanes if across else 1) for k, x in enumerate(wire.operands)]
    circuit.output("y", circuit.drive(wire.cell, *xs))
    text = _compared(circuit, bits, inputs, result)
    return Claim(text, gate_text(instances, inputs, [bit.net for bit in result]), (*(x.name for x in xs), "y"), target)


def of_unit(netlist: Netlist, target: str, circuit: Circuit) -> Claim:
    """All outputs of a module are those of the circuit, for inputs within their ranges."""
    bits = [[Literal(net) for net in netlist.ports[x.name]] for x in circuit.inputs]
    outputs = [net for name in circuit.outputs for net in netlist.ports[name]]
    instances, ends = netlist.cone(outputs, {bit.net for word in bits for bit in word})
    inputs = _some([*(bit.net for word in bits for bit in word), *ends])
    text = _compared(circuit, bits, inputs, [Literal(net) for net in outputs])
    shown = (*(x.name for x in circuit.inputs), *circuit.outputs)
    return Claim(text, gate_text(instances, inputs, outputs), shown, target)


def _compared(circuit: Circuit, bits: Sequence[Bits], inputs: Sequence[int], result: Bits) -> str:
    """A module that gives 1 where the outputs of the circuit, one after the other, are not the gate's."""
    naive, low = Naive(circuit), 0
    mask = "".join(str(int(bit.is_inverted)) for bit in reversed(result))
    lines = [f"logic [{len(result) - 1}:0] raw, result;", "gate u_gate (.i(i), .y(raw));"]
    lines += [f"assign result = raw ^ {len(result)}'b{mask};", *_operands(circuit, bits, inputs)]
    valid = [naive.within(f"v_{x.name}_{i}", x.range) for x in circuit.inputs for i in range(x.lanes)]
    # The circuit's author promises these ranges.
    promised = [(wire, i) for wire in circuit.wires if is_promised(wire) for i in range(wire.lanes)]
    valid += [naive.member(f"v_{wire.name}_{i}", wire.range) for wire, i in promised]
    lines += [*naive.lines(), f"logic valid; assign valid = {' && '.join(valid) or 1};"]
    good = list[str]()
    for name, wire in circuit.outputs.items():
        lines.append(
            f"logic [{wire.type.bits - 1}:0] {name}; assign {name} = result[{low + wire.type.bits - 1}:{low}];"
        )
        low += wire.type.bits
        for i in range(wire.lanes):
            lines.append(f"wire signed [{naive.width - 1}:0] {name}_{i}_given;")
            lines.append(f"assign {name}_{i}_given = {naive.decoded(name, wire.type, i)};")
            good += [naive.within(f"{name}_{i}_given", wire.range), naive.is_value(f"{name}_{i}_given", wire, i)]
    body = "\n".join(f"  {line}" for line in [*lines, f"assign bad = valid && !({' && '.join(good)});"])
    return f"module top (input logic [{len(inputs) - 1}:0] i, output logic bad);\n{body}\nendmodule\n"


def _operands(circuit: Circuit, bits: Sequence[Bits], inputs: Sequence[int]) -> list[str]:
    """The words of the circuit's inputs, of bits of i."""
    names = {net: f"i[{k}]" for k, net in enumerate(inputs)} | {0: "1'b0", 1: "1'b1"}
    lines = list[str]()
    for x, word in zip(circuit.inputs, bits, strict=True):
        listed = ", ".join(f"{'~' if b.is_inverted else ''}{names[b.net]}" for b in reversed(word))
        lines.append(f"logic [{x.type.bits - 1}:0] {x.name}; assign {x.name} = {{{listed}}};")
    return lines


def is_promised(wire: Wire) -> bool:
    """Whether the circuit's author knows the range of what the wire's cell makes."""
    assert wire.cell is not None
    sum = wire.cell.summation
    return wire.cell.name in ("encode", "ring_decode") or (sum is not None and sum.held is not None and not sum.is_sign)
