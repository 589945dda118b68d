"""Does a design return to a state it was in before? Between frames no token is on its way, which keeps states small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.sim.cycles.tables import (
    CAPACITY,
    DEPTH,
    GIVER,
    LAST,
    LATENCY,
    MEMORY_WRITER,
    PERIOD,
    RELEASE,
    RING,
    RING_MASK,
    SINK,
    SLACK,
    SOURCE,
    TAKEN,
    TAKER,
    TIME,
    WORD_MASK,
    WORD_RING,
    WRITTEN,
    Numbers,
    Table,
    Tables,
)
from mulfree.sim.jit import jit


@dataclass(frozen=True, slots=True)
class State:
    """All that later times depend on, relative to `cycle`."""

    cycle: int
    values: Table


def state_of(t: Tables) -> State:
    """The state after a frame. Bounds that can no longer hold anything up are left out."""
    agents, edges, memories = (np.asarray(table) for table in (t.agents, t.edges, t.memories))
    cycle = int(agents[:, TIME].max())
    size = len(agents) + int(edges[:, CAPACITY].sum()) + 2 * len(edges) + int(memories[:, DEPTH].sum())
    values = np.zeros(size, np.int64)
    write_state(t, cycle, values)
    return State(cycle, values)


def same_state(a: State, b: State) -> bool:
    return bool(np.array_equal(a.values, b.values))


@jit
def write_state(t: Tables, cycle: int, values: Numbers) -> None:
    """Agents' last moves; per edge when its places come free; per memory the same; phases of the patterns."""
    at = 0
    for a in range(len(t.agents)):
        values[at] = t.agents[a][TIME] - cycle
        at += 1
    for e in range(len(t.edges)):
        edge = t.edges[e]
        if edge[PERIOD]:
            values[at] = (cycle + 1) % edge[PERIOD]
        at += 1
        if edge[SOURCE]:
            values[at] = max(edge[RELEASE], t.agents[edge[TAKER]][TIME] + 1) - cycle
            at += 1 + edge[CAPACITY]
            continue
        # The giver moves again in `earliest` or later, so a bound before it is none.
        earliest = t.agents[edge[GIVER]][TIME] + 1
        values[at] = max(edge[LAST] + 1, earliest + edge[LATENCY]) - cycle if edge[SINK] else 0
        at += 1
        for i in range(edge[CAPACITY]):
            gone = edge[TAKEN] - edge[CAPACITY] + i
            free = t.taken[edge[RING] + (gone & edge[RING_MASK])] + edge[SLACK] if gone >= 0 else 0
            values[at] = max(free, earliest) - cycle
            at += 1
    for m in range(len(t.memories)):
        memory = t.memories[m]
        earliest = t.agents[memory[MEMORY_WRITER]][TIME] + 1
        for i in range(memory[DEPTH]):
            gone = memory[WRITTEN] - memory[DEPTH] + i
            free = t.freed[memory[WORD_RING] + (gone & memory[WORD_MASK])] + 1 if gone >= 0 else 0
            values[at] = max(free, earliest) - cycle
            at += 1
