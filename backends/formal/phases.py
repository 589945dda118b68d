"""Registers on the way: whether a pipelined module is its logic, some cycles later."""

from __future__ import annotations

from collections.abc import Mapping

from mulfree.backends.formal.netlist import REGISTERS, Instance, Netlist

Phases = dict[int, int]
"""How many registers stand before each net."""


def phase_fault(netlist: Netlist, inputs: set[str], registers: int) -> str | None:
    """None if every way from the inputs to the outputs passes registers 0, 1, ... `registers` - 1, in this order.

    Register k takes its input in cycles in which enable[k] is 1, on the rising edge of clk. Whatever is computed from
    several nets then belongs to one token, and the outputs are those of the logic without registers.
    """
    phases: Phases = {net: 0 for name in inputs for net in netlist.ports[name]}
    for instance in sorted(netlist.instances, key=netlist.order.__getitem__):
        fault = _advance(instance, phases, netlist.ports)
        if fault:
            return fault
    outputs = [net for name, nets in netlist.ports.items() if name not in {*inputs, "clk", "enable"} for net in nets]
    wrong = {phases.get(net, registers) for net in outputs} - {registers}
    return f"an output comes after {min(wrong)} registers of {registers}" if wrong else None


def _advance(instance: Instance, phases: Phases, ports: Mapping[str, tuple[int, ...]]) -> str | None:
    is_register = instance.kind in REGISTERS
    taken = instance.ports["D"] if is_register else [n for nets in instance.operands.values() for n in nets]
    found = {phases[net] for net in taken if net in phases}
    if len(found) > 1:
        return f"{instance.kind} meets what {sorted(found)} registers stand before"
    if found:
        (phase,) = found
        if is_register and not _is_in_place(instance, phase, ports):
            return f"a register of place {phase} has another's enable"
        phases |= dict.fromkeys(instance.result, phase + is_register)
    return None


def _is_in_place(register: Instance, phase: int, ports: Mapping[str, tuple[int, ...]]) -> bool:
    if register.kind != "$dffe" or not (register.number("CLK_POLARITY") and register.number("EN_POLARITY")):
        return False
    return register.ports["CLK"] == ports["clk"] and register.ports["EN"] == ports["enable"][phase : phase + 1]
