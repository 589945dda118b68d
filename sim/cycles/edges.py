"""Tokens on an edge, in max-plus: the registers or the queue between the agent that gives and the one that takes.

With f the cycle in which token k is given to an edge of latency L, capacity C and slack c, and x that in which it is
taken:  f[k] >= x[k - C] + c,  x[k] >= max(f[k] + L, x[k - 1] + 1).  For a chain of L registers that pass on in the
very cycle in which they fill, C = L and c = 0; for a queue of D words with a registered count, L = 1, C = D, c = 1.
"""

from __future__ import annotations

from mulfree.sim.cycles.tables import (
    CAPACITY,
    FIRED,
    LAST,
    LATENCY,
    PERIOD,
    RECORD,
    RELEASE,
    RING,
    RING_MASK,
    SINK,
    SLACK,
    SOURCE,
    TAKEN,
    WAITS,
    Tables,
)
from mulfree.sim.jit import jit

UNKNOWN = -1


@jit
def patience(t: Tables, e: int, cycle: int) -> int:
    """Cycles from the given one to the next that the pattern of the source or sink at edge e permits."""
    return t.waits[t.edges[e][WAITS] + cycle % t.edges[e][PERIOD]]


@jit
def offer(t: Tables, e: int) -> int:
    """First cycle in which the next token of edge e can be taken."""
    edge = t.edges[e]
    if edge[SOURCE]:
        cycle = max(edge[LAST] + 1, edge[RELEASE])
        return cycle + patience(t, e, cycle)
    if edge[TAKEN] == edge[FIRED]:
        return UNKNOWN
    return max(t.fired[edge[RING] + (edge[TAKEN] & edge[RING_MASK])] + edge[LATENCY], edge[LAST] + 1)


@jit
def room(t: Tables, e: int) -> int:
    """First cycle in which edge e can be given its next token."""
    edge = t.edges[e]
    gone = edge[FIRED] - edge[CAPACITY]
    if gone < 0:
        return 0
    if gone >= edge[TAKEN]:
        return UNKNOWN
    return t.taken[edge[RING] + (gone & edge[RING_MASK])] + edge[SLACK]


@jit
def take(t: Tables, e: int, cycle: int) -> None:
    """The next token of edge e is taken in the given cycle."""
    edge = t.edges[e]
    t.taken[edge[RING] + (edge[TAKEN] & edge[RING_MASK])] = cycle
    t.record[edge[RECORD]] = cycle
    edge[RECORD] += 1
    edge[TAKEN] += 1
    edge[LAST] = cycle


@jit
def give(t: Tables, e: int, cycle: int) -> None:
    """Edge e is given its next token in the given cycle; a sink takes it as soon as its pattern permits."""
    edge = t.edges[e]
    t.fired[edge[RING] + (edge[FIRED] & edge[RING_MASK])] = cycle
    edge[FIRED] += 1
    if edge[SINK]:
        ready = offer(t, e)
        take(t, e, ready + patience(t, e, ready))


@jit
def stream(t: Tables, e: int, n: int, giver: int, taker: int) -> tuple[int, int]:
    """n tokens through an empty chain of registers whose giver gives and whose taker takes one whenever it can.

    giver, taker: the last cycles in which they moved; returns the same for afterwards. From the first token on
    both move every cycle, x[i] = x[0] + i, but the giver may first make up for a taker that was late.
    """
    edge = t.edges[e]
    ring, mask, capacity, k = edge[RING], edge[RING_MASK], edge[CAPACITY], edge[TAKEN]
    f, bound = giver + 1, room(t, e)
    first = max(max(f, bound) + edge[LATENCY], taker + 1, edge[LAST] + 1)
    for i in range(min(n, capacity)):
        before = k + i - capacity
        f = max(f, t.taken[ring + (before & mask)]) if before >= 0 else f
        t.taken[ring + ((k + i) & mask)] = first + i
        f += 1
    for i in range(max(capacity, n - capacity), n):
        t.taken[ring + ((k + i) & mask)] = first + i
    for i in range(n):
        t.record[edge[RECORD] + i] = first + i
    for field in (RECORD, FIRED, TAKEN):
        edge[field] += n
    edge[LAST] = first + n - 1
    return (first + n - 1 - capacity if n > capacity else f - 1), first + n - 1
