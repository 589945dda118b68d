"""The stepped model's clock: what every register and counter does in one cycle, as the hardware does it."""

from __future__ import annotations

from mulfree.sim.cycles.machine import (
    COUNT,
    DEPTH,
    DONE,
    FRAME,
    FREED,
    FULL,
    GIVER,
    INPUTS,
    IS_TAKEN,
    KIND,
    LENGTH,
    LIMIT,
    OUTPUTS,
    PATTERN,
    PATTERN_PERIOD,
    PERIOD,
    PHASE,
    PORTS,
    PROGRAM,
    QUEUE,
    RECORD,
    STEP,
    STEPS,
    WORDS,
    WRITTEN,
    Machine,
)
from mulfree.sim.jit import borrowed, jit


@jit
def run_cycles(machine: Machine, patience: int) -> int:
    """Clocks the machine until all transfers are recorded; cycles run, or -1 after `patience` ones without change."""
    m = borrowed(machine)
    cycle, last_change = 0, 0
    left = len(m.wires)
    while left:
        offer_and_ask(m)
        changes = 0
        for u in range(len(m.units) - 1, -1, -1):  # ready runs against the flow of data
            changes += clock_unit(m, u)
        for w in range(len(m.wires)):
            wire = m.wires[w]
            if wire[IS_TAKEN]:
                changes += 1
                left -= finish_transfer(m, w, cycle)
        if changes:
            last_change = cycle
        elif cycle - last_change > patience:
            return -1
        cycle += 1
    return cycle


@jit
def offer_and_ask(m: Machine) -> None:
    """Sources offer and sinks ask, as their patterns say; an offer stands until it is taken."""
    for i in range(len(m.sources)):
        wire = m.wires[m.sources[i]]
        if next_permission(m, m.sources[i]) and wire[DONE] < wire[LIMIT]:
            wire[FULL] = 1
    for i in range(len(m.sinks)):
        w = m.sinks[i]
        m.wires[w][IS_TAKEN] = next_permission(m, w) and is_offered(m, w)


@jit
def next_permission(m: Machine, w: int) -> bool:
    wire = m.wires[w]
    now = m.patterns[wire[PATTERN] + wire[PHASE]]
    wire[PHASE] = wire[PHASE] + 1 if wire[PHASE] + 1 < wire[PATTERN_PERIOD] else 0
    return now != 0


@jit
def is_offered(m: Machine, w: int) -> bool:
    wire = m.wires[w]
    if wire[LENGTH] == 0:
        return m.units[wire[GIVER]][COUNT] > 0
    return wire[FULL] >> (wire[LENGTH] - 1) != 0


@jit
def has_room(m: Machine, w: int) -> bool:
    """Whether the first register of the wire is empty or hands its token on in this cycle."""
    wire = m.wires[w]
    return wire[IS_TAKEN] != 0 or wire[FULL] != (1 << wire[LENGTH]) - 1


@jit
def shift(m: Machine, w: int, is_given: bool) -> bool:
    """Clocks the registers of a wire; whether one changed."""
    wire = m.wires[w]
    full, hole = wire[FULL], wire[LENGTH] - 1
    if not wire[IS_TAKEN]:
        while hole >= 0 and full >> hole & 1:
            hole -= 1
    stay = full >> (hole + 1) << (hole + 1)
    moving = full & ((1 << max(hole, 0)) - 1)
    wire[FULL] = stay | moving << 1 | is_given if hole >= 0 else full
    return wire[FULL] != full


@jit
def finish_transfer(m: Machine, w: int, cycle: int) -> int:
    """Records the transfer on the wire; 1 if it was the last one wanted."""
    wire = m.wires[w]
    wire[IS_TAKEN] = 0
    if wire[GIVER] < 0:
        wire[FULL] = 0
    if wire[DONE] == wire[LIMIT]:
        return 0
    m.record[wire[RECORD] + wire[DONE]] = cycle
    wire[DONE] += 1
    return 1 if wire[DONE] == wire[LIMIT] else 0


@jit
def clock_unit(m: Machine, u: int) -> int:
    """Lets a unit see its inputs and outputs, and clocks it; the number of changes."""
    kind = m.units[u][KIND]
    if kind == STEPS:
        return clock_stepper(m, u)
    if kind == QUEUE:
        return clock_queue(m, u)
    return clock_window(m, u)


@jit
def clock_stepper(m: Machine, u: int) -> int:
    unit = m.units[u]
    mask = m.steps[unit[PROGRAM] + unit[STEP]]
    inputs, ports = unit[INPUTS], unit[PORTS]
    fires = True
    for port in range(inputs + unit[OUTPUTS]):
        if mask >> port & 1:
            w = m.ports[ports + port]
            fires = fires and (is_offered(m, w) if port < inputs else has_room(m, w))
    changes = 0
    for port in range(inputs + unit[OUTPUTS]):
        w = m.ports[ports + port]
        moves = fires and mask >> port & 1 != 0
        if port >= inputs:
            changes += shift(m, w, moves)
        elif moves:
            m.wires[w][IS_TAKEN] = 1
    if fires:
        unit[STEP] = unit[STEP] + 1 if unit[STEP] + 1 < unit[PERIOD] else 0
    return changes + fires


@jit
def clock_queue(m: Machine, u: int) -> int:
    unit = m.units[u]
    source, target = m.ports[unit[PORTS]], m.ports[unit[PORTS] + 1]
    writes = unit[COUNT] < unit[DEPTH] and is_offered(m, source)
    reads = m.wires[target][IS_TAKEN] != 0
    if writes:
        m.wires[source][IS_TAKEN] = 1
    unit[COUNT] += int(writes) - int(reads)
    return int(writes or reads)


@jit
def clock_window(m: Machine, u: int) -> int:
    unit = m.units[u]
    source, target = m.ports[unit[PORTS]], m.ports[unit[PORTS] + 1]
    need = m.needs[unit[PROGRAM] + unit[STEP]]
    writes = unit[WRITTEN] - unit[FREED] < unit[DEPTH] and is_offered(m, source)
    reads = (need < 0 or unit[FRAME] + need < unit[WRITTEN]) and has_room(m, target)
    changes = shift(m, target, reads) + int(writes) + int(reads)
    if writes:
        m.wires[source][IS_TAKEN] = 1
        unit[WRITTEN] += 1
    if reads:
        unit[FREED] = max(unit[FREED], unit[FRAME] + m.frees[unit[PROGRAM] + unit[STEP]])
        unit[STEP] += 1
        if unit[STEP] == unit[PERIOD]:
            unit[STEP] = 0
            unit[FRAME] += unit[WORDS]
    return changes
