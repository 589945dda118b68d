"""Agents that move tokens as far as what is known of the others allows."""

from __future__ import annotations

from mulfree.sim.cycles.edges import UNKNOWN, give, offer, room, stream, take
from mulfree.sim.cycles.tables import (
    CAPACITY,
    DEPTH,
    END_SEGMENT,
    FIRED,
    FIRST_SEGMENT,
    FRAME,
    FREED,
    GIVER,
    INPUTS,
    KIND,
    LEFT,
    MEMORY,
    MEMORY_READER,
    MEMORY_WRITER,
    OUTPUTS,
    PORTS,
    QUOTA,
    READER,
    READS,
    REST,
    SEGMENT,
    SINK,
    SLACK,
    SOURCE,
    STEP,
    STEPPER,
    STEPS,
    TAKEN,
    TAKER,
    TIME,
    WAIT,
    WORD_MASK,
    WORD_RING,
    WORDS,
    WRITER,
    WRITTEN,
    Tables,
)
from mulfree.sim.jit import borrowed, jit

DATA, ROOM = 0, 1
"""An agent waits for DATA or ROOM of edge e: WAIT = 2 e + it; the memories count on after the edges."""
NOTHING, RELEASED = -1, -2
"""An agent is not waiting; a jump has moved it on."""


@jit
def run_frame(tables: Tables) -> bool:
    """Moves every agent through one frame; False if they block each other for ever."""
    t = borrowed(tables)
    for a in range(len(t.agents)):
        t.agents[a][LEFT] = t.agents[a][QUOTA]
        t.agents[a][WAIT] = NOTHING
        t.stack[a] = len(t.agents) - 1 - a
    height = len(t.agents)
    while height:
        height -= 1
        a = t.stack[height]
        t.agents[a][WAIT] = NOTHING
        advance(t, a)
        height = wake_neighbours(t, a, height)
    return is_done(t)


@jit
def is_done(t: Tables) -> bool:
    left = 0
    for a in range(len(t.agents)):
        left += t.agents[a][LEFT]
    return left == 0


@jit
def advance(t: Tables, a: int) -> None:
    kind = t.agents[a][KIND]
    if kind == STEPPER:
        advance_stepper(t, a)
    elif kind == WRITER:
        advance_writer(t, a)
    else:
        advance_reader(t, a)


@jit
def wake_neighbours(t: Tables, a: int, height: int) -> int:
    """Puts on the stack, now `height` high, whoever waited for what `a` has done; returns its new height."""
    base, inputs = t.agents[a][PORTS], t.agents[a][INPUTS]
    for port in range(inputs + t.agents[a][OUTPUTS]):
        e = t.ports[base + port]
        edge = t.edges[e]
        if port < inputs and not edge[SOURCE] and edge[FIRED] - edge[TAKEN] < edge[CAPACITY]:
            height = wake(t, edge[GIVER], 2 * e + ROOM, height)
        elif port >= inputs and not edge[SINK]:
            height = wake(t, edge[TAKER], 2 * e + DATA if edge[FIRED] > edge[TAKEN] else RELEASED, height)
    if t.agents[a][KIND] != STEPPER:
        height = wake_partner(t, a, height)
    return height


@jit
def wake_partner(t: Tables, a: int, height: int) -> int:
    """As `wake_neighbours`, for the other end of a window's memory."""
    m = t.agents[a][MEMORY]
    memory, reason = t.memories[m], 2 * (len(t.edges) + m)
    if t.agents[a][KIND] == READER:
        is_free = memory[FREED] > memory[WRITTEN] - memory[DEPTH]
        return wake(t, memory[MEMORY_WRITER], reason + ROOM, height) if is_free else height
    is_there = memory[WRITTEN] > memory[FRAME] + t.needs[memory[READS] + memory[STEP]]
    return wake(t, memory[MEMORY_READER], reason + DATA, height) if is_there else height


@jit
def wake(t: Tables, a: int, reason: int, height: int) -> int:
    if t.agents[a][WAIT] == reason or t.agents[a][WAIT] == RELEASED:
        t.agents[a][WAIT] = NOTHING
        t.stack[height] = a
        return height + 1
    return height


@jit
def advance_stepper(t: Tables, a: int) -> None:
    agent = t.agents[a]
    while agent[LEFT]:
        mask = t.segments[agent[SEGMENT]][0]
        if mask == 0:
            agent[TIME] += agent[REST]
            next_steps(t, a, agent[REST])
        elif agent[REST] == 1 or not jump(t, a, mask):
            cycle = step_cycle(t, a, mask)
            if cycle == UNKNOWN:
                return
            move(t, a, mask, cycle)
            next_steps(t, a, 1)


@jit
def next_steps(t: Tables, a: int, n: int) -> None:
    """Stepper a has done n steps of its run of equal ones."""
    agent = t.agents[a]
    agent[REST] -= n
    if agent[REST] == 0:
        agent[SEGMENT] += 1
        if agent[SEGMENT] == agent[END_SEGMENT]:
            agent[SEGMENT] = agent[FIRST_SEGMENT]
            agent[LEFT] -= 1
        agent[REST] = t.segments[agent[SEGMENT]][1]


@jit
def step_cycle(t: Tables, a: int, mask: int) -> int:
    """Cycle of the stepper's next step, which moves the ports of the mask; if UNKNOWN, WAIT says why."""
    agent = t.agents[a]
    cycle = agent[TIME] + 1
    for port in range(agent[INPUTS] + agent[OUTPUTS]):
        if mask >> port & 1:
            e = t.ports[agent[PORTS] + port]
            is_input = port < agent[INPUTS]
            bound = offer(t, e) if is_input else room(t, e)
            if bound == UNKNOWN:
                agent[WAIT] = 2 * e + (DATA if is_input else ROOM)
                return UNKNOWN
            cycle = max(cycle, bound)
    return cycle


@jit
def move(t: Tables, a: int, mask: int, cycle: int) -> None:
    agent = t.agents[a]
    agent[TIME] = cycle
    for port in range(agent[INPUTS] + agent[OUTPUTS]):
        if mask >> port & 1:
            e = t.ports[agent[PORTS] + port]
            if port < agent[INPUTS]:
                take(t, e, cycle)
            else:
                give(t, e, cycle)


@jit
def jump(t: Tables, a: int, mask: int) -> bool:
    """Does at once the steps in which a only gives to an edge and its taker, which waits for it, only takes."""
    if mask & (mask - 1) or not mask >> t.agents[a][INPUTS]:
        return False
    port = 0
    while mask >> port != 1:
        port += 1
    e = t.ports[t.agents[a][PORTS] + port]
    edge = t.edges[e]
    if edge[SINK] or edge[SLACK] or edge[FIRED] != edge[TAKEN]:
        return False
    b = edge[TAKER]
    taking = t.segments[t.agents[b][SEGMENT]][0] if t.agents[b][KIND] == STEPPER else 0
    if t.agents[b][WAIT] != 2 * e + DATA or taking & (taking - 1) or not taking:
        return False
    n = min(t.agents[a][REST], t.agents[b][REST])
    t.agents[a][TIME], t.agents[b][TIME] = stream(t, e, n, t.agents[a][TIME], t.agents[b][TIME])
    next_steps(t, a, n)
    next_steps(t, b, n)
    if not t.segments[t.agents[b][SEGMENT]][0] & taking:
        t.agents[b][WAIT] = RELEASED
    return True


@jit
def advance_writer(t: Tables, a: int) -> None:
    agent, memory = t.agents[a], t.memories[t.agents[a][MEMORY]]
    e = t.ports[agent[PORTS]]
    while agent[LEFT]:
        word, gone = memory[WRITTEN], memory[WRITTEN] - memory[DEPTH]
        if gone >= memory[FREED]:
            agent[WAIT] = 2 * (len(t.edges) + agent[MEMORY]) + ROOM
            return
        cycle = offer(t, e)
        if cycle == UNKNOWN:
            agent[WAIT] = 2 * e + DATA
            return
        cycle = max(cycle, agent[TIME] + 1)
        if gone >= 0:
            cycle = max(cycle, t.freed[memory[WORD_RING] + (gone & memory[WORD_MASK])] + 1)
        take(t, e, cycle)
        t.written[memory[WORD_RING] + (word & memory[WORD_MASK])] = cycle
        memory[WRITTEN] += 1
        agent[TIME] = cycle
        agent[LEFT] -= 1


@jit
def advance_reader(t: Tables, a: int) -> None:
    agent, memory = t.agents[a], t.memories[t.agents[a][MEMORY]]
    e = t.ports[agent[PORTS]]
    while agent[LEFT]:
        base = memory[FRAME]
        need = t.needs[memory[READS] + memory[STEP]]
        if need >= 0 and base + need >= memory[WRITTEN]:
            agent[WAIT] = 2 * (len(t.edges) + agent[MEMORY]) + DATA
            return
        cycle = room(t, e)
        if cycle == UNKNOWN:
            agent[WAIT] = 2 * e + ROOM
            return
        cycle = max(cycle, agent[TIME] + 1)
        if need >= 0:
            cycle = max(cycle, t.written[memory[WORD_RING] + (base + need & memory[WORD_MASK])] + 1)
        give(t, e, cycle)
        agent[TIME] = cycle
        agent[LEFT] -= 1
        read_done(t, agent[MEMORY], cycle)


@jit
def read_done(t: Tables, m: int, cycle: int) -> None:
    """Gives up words after the current read step, and goes on to the next."""
    memory = t.memories[m]
    until = memory[FRAME] + t.frees[memory[READS] + memory[STEP]]
    while memory[FREED] < until:
        t.freed[memory[WORD_RING] + (memory[FREED] & memory[WORD_MASK])] = cycle
        memory[FREED] += 1
    memory[STEP] += 1
    if memory[STEP] == memory[STEPS]:
        memory[STEP] = 0
        memory[FRAME] += memory[WORDS]
