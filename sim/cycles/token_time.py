"""The token-time model: transfer times from the order of tokens; its cost grows with tokens, not with cycles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import numpy as np

from mulfree.rtl.design import Design
from mulfree.sim.cycles.agents import run_frame
from mulfree.sim.cycles.net import NOT_KNOWN, Net, Programs, flatten
from mulfree.sim.cycles.steady import State, same_state, state_of
from mulfree.sim.cycles.tables import (
    CAPACITY,
    END_SEGMENT,
    FIRST_SEGMENT,
    LEFT,
    RECORD,
    RELEASE,
    REST,
    SEGMENT,
    TAKEN,
    WAIT,
    Tables,
    tables,
)
from mulfree.sim.cycles.timing import Cycles, DeadlockError, Timing
from mulfree.sim.patterns import ALWAYS, Pattern


def token_time(
    design: Design,
    frames: int,
    valid: Sequence[Pattern] | None = None,
    ready: Sequence[Pattern] | None = None,
    depths: Mapping[str, int] | None = None,
    programs: Programs = NOT_KNOWN,
) -> Timing:
    """Transfer cycles of all tokens of `frames` frames, from reset, fed and taken as the patterns let them.

    valid, ready: one pattern per input and per output of the design; without them, always. depths: other depths for
    the queues of the stages named. programs: what stages do whose time depends on the data, see `programs_of`; without
    them such a stage takes as long as any frame can make it take. Once the design is in a state it was in before, what
    follows is not computed again. DeadlockError if the frames cannot pass.
    """
    net = flatten(design, programs)
    patterns = [valid or [ALWAYS] * len(net.sources), ready or [ALWAYS] * len(net.sinks)]
    return run(net, tables(net, patterns[0], patterns[1], depths or {}), frames)


def run(net: Net, t: Tables, frames: int, pace: int = 0) -> Timing:
    """The frames one by one until they are done or a state returns; one may begin every `pace` cycles."""
    rows: list[Cycles] = []
    for period_frames, period_cycles in _passing(net, t, pace):
        rows.append(np.asarray(t.record).copy())
        if period_frames or len(rows) == frames:
            return Timing(net, np.stack(rows), frames, period_frames, period_cycles)
    raise AssertionError("frames never end")


def leaves_at(net: Net, t: Tables, ends: Cycles, pace: int) -> tuple[bool, int]:
    """Whether every frame leaves in the cycle that `ends` says, until a state returns; and how many were computed.

    False where none returns within these frames. DeadlockError if a frame cannot pass.
    """
    lasts = np.cumsum([wire.tokens for wire in net.wires])[list(net.sinks)] - 1
    for frame, (period, cycles) in enumerate(_passing(net, t, pace), 1):
        if np.asarray(t.record)[lasts].max() != ends[frame - 1] or frame == len(ends):
            return False, frame
        if period:
            return bool((ends[frame:] == ends[frame - period : -period] + cycles).all()), frame
    raise AssertionError("frames never end")


def _passing(net: Net, t: Tables, pace: int) -> Iterator[tuple[int, int]]:
    """Frame after frame, whose transfers are then in the record: (0, 0), or the frames and cycles of the period."""
    edges = np.asarray(t.edges)
    starts = edges[:, RECORD].copy()
    known: State | None = None
    known_at = 0
    for frame in count(1):
        edges[:, RECORD] = starts
        _begin(t, frame - 1)
        if not run_frame(t):
            raise DeadlockError(_blocked(net, t, frame - 1))
        edges[:, RELEASE] = pace * frame
        state = None if len(t.turns) else state_of(t)
        if state and known and same_state(known, state):
            yield frame - known_at, state.cycle - known.cycle
        else:
            yield 0, 0
        if frame & (frame - 1) == 0:  # a cycle of any length shows once it fits between powers of two
            known, known_at = state, frame


def _begin(t: Tables, frame: int) -> None:
    """Points agents whose programs differ from frame to frame at that of the frame."""
    agents, segments, turns = np.asarray(t.agents), np.asarray(t.segments), np.asarray(t.turns)
    for _, agent, first, end in turns[turns[:, 0] == frame].tolist():
        agents[agent, [FIRST_SEGMENT, SEGMENT, END_SEGMENT, REST]] = [first, first, end, segments[first, 1]]


def _blocked(net: Net, t: Tables, frame: int) -> str:
    agents = np.asarray(t.agents)
    told = [_reason(net, t, int(wait)) for wait in agents[agents[:, LEFT] > 0, WAIT]]
    return f"the design is stuck in frame {frame}: {'; '.join(told)}"


def _reason(net: Net, t: Tables, wait: int) -> str:
    """What an agent waits for, in words."""
    index, lacks_room = divmod(wait, 2)
    if index >= len(net.wires):
        return "a sliding window waits for " + ("a free word" if lacks_room else "a word")
    wire, taken = net.wires[index], t.edges[index][TAKEN]
    if lacks_room:
        return f"{net.units[wire.producer].name} waits for {wire.name} to be taken: {t.edges[index][CAPACITY]} held"
    return f"{net.units[wire.consumer].name} waits for token {taken} of {wire.name}"
