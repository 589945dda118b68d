"""A net as the integer tables that the token-time engine works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mulfree.rtl.actors import Buffered, Fifo, Stepper
from mulfree.sim.cycles.net import OUTSIDE, Net, Unit
from mulfree.sim.cycles.schedule import runs, shortest_period, step_masks
from mulfree.sim.patterns import Pattern, waits

Table = npt.NDArray[np.int64]

# Agents: what moves. A stepper or queue is one, a sliding window two: its writer and its reader.
KIND, TIME, LEFT, QUOTA, SEGMENT, REST, FIRST_SEGMENT, END_SEGMENT, PORTS, INPUTS, OUTPUTS, WAIT, MEMORY = range(13)
AGENT_FIELDS = 13
STEPPER, WRITER, READER = range(3)

# Edges: wires with the registers, or the queue, that feed them.
LATENCY, CAPACITY, SLACK, FIRED, TAKEN, LAST, RING, RING_MASK, GIVER, TAKER, RECORD = range(11)
WAITS, PERIOD, SOURCE, SINK, RELEASE = range(11, 16)
EDGE_FIELDS = 16

# Memories of sliding windows.
DEPTH, WORDS, WRITTEN, FREED, WORD_RING, WORD_MASK, READS, STEPS, STEP, FRAME, MEMORY_WRITER, MEMORY_READER = range(12)
MEMORY_FIELDS = 12


class Numbers(Protocol):
    """An array of int64, as compiled code sees it."""

    def __getitem__(self, index: int, /) -> int: ...
    def __setitem__(self, index: int, value: int, /) -> None: ...
    def __len__(self) -> int: ...


class Rows(Protocol):
    """A two-dimensional array of int64, as compiled code sees it."""

    def __getitem__(self, row: int, /) -> Numbers: ...
    def __len__(self) -> int: ...


class Tables(NamedTuple):
    """One row per agent, edge and memory; the fields are the constants of this module.

    `segments` rows are (mask of ports, steps). `fired`, `taken` are rings per edge, `written`, `freed` rings per
    memory, all of cycles; `needs`, `frees` the read programs; `waits` the patterns, see `patterns.waits`. `record`
    has the cycles in which the tokens of one frame are taken, wire after wire; `stack` is room for every agent.
    `turns` rows are (frame, agent, first segment, end segment): programs of single frames.
    """

    agents: Rows
    edges: Rows
    memories: Rows
    ports: Numbers
    segments: Rows
    fired: Numbers
    taken: Numbers
    written: Numbers
    freed: Numbers
    needs: Numbers
    frees: Numbers
    waits: Numbers
    record: Numbers
    stack: Numbers
    turns: Rows


def tables(net: Net, valid: Sequence[Pattern], ready: Sequence[Pattern], depths: Mapping[str, int]) -> Tables:
    """Tables of a net at reset. `depths` replaces the depths of the queues it names."""
    build = _Build(net)
    for unit in net.units:
        build.unit(unit)
    return build.finish(valid, ready, depths)


class _Build:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.givers = dict[int, int]()
        self.takers = dict[int, int]()
        self.agents: list[list[int]] = []
        self.ports: list[int] = []
        self.segments: list[tuple[Table, Table]] = []
        self.segment_count = 0
        self.memories: list[list[int]] = []
        self.reads: list[Buffered] = []
        self.turns: list[list[int]] = []

    def unit(self, unit: Unit) -> None:
        match unit.actor:
            case Stepper() if unit.programs:
                self.varying(unit)
            case Stepper():
                masks = step_masks(unit.actor)
                short = shortest_period(masks)
                self.agent(unit, STEPPER, unit.inputs, unit.outputs, unit.periods * (len(masks) // len(short)), short)
            case Fifo():
                both = np.array([0b11], np.int64)
                self.agent(unit, STEPPER, unit.inputs, unit.outputs, unit.periods, both)
            case Buffered():
                self.memory(unit, unit.actor)

    def varying(self, unit: Unit) -> None:
        """An agent that begins every frame with a program of its own."""
        first, *later = (step_masks(program) for program in unit.programs)
        self.agent(unit, STEPPER, unit.inputs, unit.outputs, unit.periods, first)
        segments = [self.segments[-1], *(runs(masks) for masks in later)]
        self.segments += segments[1:]
        ends = self.segment_count - len(segments[0][0]) + np.cumsum([0, *(len(masks) for masks, _ in segments)])
        self.segment_count = int(ends[-1])
        agent = len(self.agents) - 1
        self.turns += [[frame, agent, int(ends[frame]), int(ends[frame + 1])] for frame in range(len(segments))]

    def memory(self, unit: Unit, actor: Buffered) -> None:
        assert actor.frees[-1] == actor.tokens, f"{unit.name}: the last read of a frame gives up all of its words"
        none = np.zeros(0, np.int64)
        writer, reads = len(self.agents), sum(len(other.needs) for other in self.reads)
        self.agent(unit, WRITER, unit.inputs, (), unit.periods * actor.tokens, none)
        self.agent(unit, READER, (), unit.outputs, unit.periods * len(actor.needs), none)
        row = [actor.depth, actor.tokens, 0, 0, 0, 0, reads, len(actor.needs), 0, 0, writer, writer + 1]
        self.memories.append(row)
        self.reads.append(actor)

    def agent(
        self, unit: Unit, kind: int, inputs: Sequence[int], outputs: Sequence[int], quota: int, masks: Table
    ) -> None:
        """quota: steps (or words) per frame; for a stepper, runs of its program."""
        index, first = len(self.agents), self.segment_count
        self.takers |= dict.fromkeys(inputs, index)
        self.givers |= dict.fromkeys(outputs, index)
        if kind == STEPPER:
            self.segments.append(runs(masks))
            self.segment_count += len(self.segments[-1][0])
        row = [kind, -1, 0, quota, first, 0, first, self.segment_count, len(self.ports), len(inputs), len(outputs)]
        self.agents.append([*row, -1, len(self.memories)])
        self.ports += [*inputs, *outputs]

    def finish(self, valid: Sequence[Pattern], ready: Sequence[Pattern], depths: Mapping[str, int]) -> Tables:
        patterns = [waits(pattern) for pattern in [*valid, *ready]]
        edges, ring_words = self._edges(patterns, depths)
        memories, memory_words = self._memories()
        masks, lengths = (np.concatenate([s[i] for s in self.segments] or [np.zeros(0, np.int64)]) for i in (0, 1))
        agents = np.array(self.agents, np.int64).reshape(-1, AGENT_FIELDS)
        stepping = agents[:, KIND] == STEPPER
        agents[stepping, REST] = lengths[agents[stepping, SEGMENT]]
        return Tables(
            agents,
            edges,
            memories,
            np.array(self.ports, np.int64),
            np.stack([masks, lengths], axis=1),
            np.zeros(ring_words, np.int64),
            np.zeros(ring_words, np.int64),
            np.zeros(memory_words, np.int64),
            np.zeros(memory_words, np.int64),
            _joined([actor.needs for actor in self.reads]),
            _joined([actor.frees for actor in self.reads]),
            _joined(patterns),
            np.zeros(sum(wire.tokens for wire in self.net.wires), np.int64),
            np.zeros(len(agents), np.int64),
            np.array(self.turns, np.int64).reshape(-1, 4),
        )

    def _edges(self, patterns: Sequence[Table], depths: Mapping[str, int]) -> tuple[Table, int]:
        edges = np.zeros((len(self.net.wires), EDGE_FIELDS), np.int64)
        bounds = [*self.net.sources, *self.net.sinks]
        starts = np.cumsum([0, *(len(pattern) for pattern in patterns)])
        ring = record = 0
        for index, wire in enumerate(self.net.wires):
            latency, capacity, slack = self._registers(wire.producer, depths)
            size = _power_of_two(capacity)
            giver, taker = self.givers.get(index, OUTSIDE), self.takers.get(index, OUTSIDE)
            row = [latency, capacity, slack, 0, 0, -1, ring, size - 1, giver, taker, record]
            which = bounds.index(index) if index in bounds else -1
            pattern = [int(starts[which]), len(patterns[which])] if which >= 0 else [0, 0]
            edges[index] = [*row, *pattern, int(giver == OUTSIDE), int(taker == OUTSIDE), 0]
            ring, record = ring + size, record + wire.tokens
        return edges, ring

    def _registers(self, producer: int, depths: Mapping[str, int]) -> tuple[int, int, int]:
        """(cycles to pass, tokens held, cycles until a place given up is free) on the way out of a unit."""
        unit = self.net.units[producer] if producer != OUTSIDE else None
        match unit.actor if unit else None:
            case Stepper(latency=latency):
                return latency, latency, 0
            case Fifo(depth=depth):
                assert unit is not None
                return 1, depths.get(unit.name, depth), 1
            case _:
                return 1, 1, 0

    def _memories(self) -> tuple[Table, int]:
        memories = np.array(self.memories, np.int64).reshape(-1, MEMORY_FIELDS)
        start = 0
        for row in memories:
            # A reader may give up words of its frame that are still to come: they need a place too.
            size = _power_of_two(int(row[DEPTH] + row[WORDS]))
            row[WORD_RING], row[WORD_MASK] = start, size - 1
            start += size
        return memories, start


def _joined(parts: Sequence[Table]) -> Table:
    return np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)


def _power_of_two(size: int) -> int:
    return 1 << (size - 1).bit_length()
