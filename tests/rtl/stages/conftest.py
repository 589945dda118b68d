"""Run one stage under Verilator and hold it to its definition, token by token and cycle by cycle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from mulfree.ir import AnyArray, Graph, IntArray
from mulfree.rtl import Actor, Buffered, Design, Fifo, Stage, Stepper, Varying
from mulfree.rtl.library import needed_by
from mulfree.rtl.stages import memory_files, port_names, stage_verilog
from mulfree.sim.cycles import stepped, token_time
from mulfree.sim.patterns import ALWAYS, Pattern, random_pattern
from mulfree.sim.verilator import Run, StreamPort, Verilated, pack_tokens, unpack_tokens, verilate

Check = Callable[[Stage, Sequence[AnyArray], Sequence[AnyArray]], None]


@pytest.fixture(scope="session")
def check_stage() -> Check:
    """check(stage, input values, expected output values), each (frames, *shape)."""
    return _check


def _check(stage: Stage, inputs: Sequence[AnyArray], expected: Sequence[AnyArray]) -> None:
    words = [s.elements(v).reshape(-1, s.lanes) for s, v in zip(stage.inputs, inputs, strict=True)]
    wanted = [s.elements(v).reshape(-1, s.lanes) for s, v in zip(stage.outputs, expected, strict=True)]
    hardware = _verilated(stage)
    _check_under(stage, hardware, words, wanted, [ALWAYS] * 9)
    _check_under(stage, hardware, words, wanted, [random_pattern(0.6, seed) for seed in range(9)])
    _check_under(
        stage, hardware, words, wanted, [ALWAYS if seed % 2 else random_pattern(0.3, seed) for seed in range(9)]
    )


def _check_under(
    stage: Stage, hardware: Verilated, words: list[IntArray], wanted: list[IntArray], patterns: Sequence[Pattern]
) -> None:
    valid, ready = patterns[: len(words)], patterns[len(words) : len(words) + len(wanted)]
    packed = [pack_tokens(w, s.element_bits) for w, s in zip(words, stage.inputs, strict=True)]
    run = hardware.run(packed, [len(w) for w in wanted], valid, ready, idle_limit=10_000)
    for tokens, stream, expected in zip(run.outputs, stage.outputs, wanted, strict=True):
        np.testing.assert_array_equal(unpack_tokens(tokens, stream.lanes, stream.element_bits), expected)
    model = Model(stage.actors, [len(w) for w in words], valid, ready)
    model.run([len(w) for w in wanted])
    for given, cycles in zip(model.given, run.output_cycles, strict=True):
        np.testing.assert_array_equal(given[: len(cycles)], cycles)
    for taken, cycles in zip(model.taken, run.input_cycles, strict=True):
        done = cycles[cycles >= 0]
        np.testing.assert_array_equal(taken[: len(done)], done)

    _check_cycle_models(stage, run, valid, ready, len(wanted[0]) // stage.outputs[0].tokens)


def _check_cycle_models(
    stage: Stage, run: Run, valid: Sequence[Pattern], ready: Sequence[Pattern], frames: int
) -> None:
    design = Design(stage.name, Graph(), [stage], list(stage.inputs), list(stage.outputs))
    timings = [model(design, frames, valid, ready) for model in (token_time, stepped)]
    for stream, cycles in zip([*stage.inputs, *stage.outputs], [*run.input_cycles, *run.output_cycles], strict=True):
        for timing in timings:
            np.testing.assert_array_equal(timing.of(stream.name).ravel(), cycles)


def _verilated(stage: Stage) -> Verilated:
    text = stage_verilog(stage)
    streams = [*stage.inputs, *stage.outputs]
    ports = [StreamPort(name, s.token_bits) for name, s in zip(port_names(stage), streams, strict=True)]
    files = {f"{stage.name}.sv": text, **needed_by(text), **memory_files(stage)}
    return verilate(files, stage.name, ports[: len(stage.inputs)], ports[len(stage.inputs) :], unknowns="unique")


class Model:
    """The contract of rtl/actors.py, cycle by cycle and word for word; slow, and independent of sim/cycles."""

    def __init__(
        self, actors: Sequence[Actor], tokens: Sequence[int], valid: Sequence[Pattern], ready: Sequence[Pattern]
    ):
        self.actors = [_state(actor) for actor in actors]
        self.left, self.valid, self.ready = list(tokens), valid, ready
        self.offering = [False] * len(tokens)
        self.taken: list[list[int]] = [[] for _ in tokens]
        self.given: list[list[int]] = [[] for _ in ready]

    def run(self, wanted: Sequence[int]) -> None:
        cycle = 0
        while any(self.left) or any(len(g) < n for g, n in zip(self.given, wanted, strict=True)):
            self.cycle(cycle)
            cycle += 1
            assert cycle < 10**6

    def cycle(self, now: int) -> None:
        for i, pattern in enumerate(self.valid):
            self.offering[i] |= self.left[i] > 0 and bool(pattern[now % len(pattern)])
        offers = [self.offering, *(actor.offers() for actor in self.actors)]
        room = [bool(pattern[now % len(pattern)]) for pattern in self.ready]
        for given, offered, ready in zip(self.given, offers[-1], room, strict=True):
            if offered and ready:
                given.append(now)
        for actor, arriving in reversed(list(zip(self.actors, offers[:-1], strict=True))):
            room = actor.step(arriving, room)
        for i, accepted in enumerate(room):
            if accepted and self.offering[i]:
                self.taken[i].append(now)
                self.left[i] -= 1
                self.offering[i] = False


def _state(actor: Actor) -> StepperState | BufferedState | FifoState:
    match actor:
        case Stepper():
            return StepperState(actor)
        case Buffered():
            return BufferedState(actor)
        case Fifo():
            return FifoState(actor)
        case Varying(longest=longest):
            return StepperState(longest)


class Registers:
    """A chain of registers with combinational ready."""

    def __init__(self, length: int) -> None:
        self.valid = [False] * length

    def has_room(self, ready: bool) -> bool:
        return ready or not all(self.valid)

    def move(self, ready: bool, new: bool) -> None:
        """One cycle: the last register hands on if it may, `new` enters the first."""
        rooms = [ready or not all(self.valid[i:]) for i in range(len(self.valid))]
        sources = [new, *self.valid[:-1]]
        self.valid = [source if room else kept for source, room, kept in zip(sources, rooms, self.valid, strict=True)]


class StepperState:
    def __init__(self, actor: Stepper) -> None:
        self.actor, self.at = actor, 0
        self.out = [Registers(actor.latency) for _ in actor.emits]

    def offers(self) -> list[bool]:
        return [chain.valid[-1] for chain in self.out]

    def step(self, offered: Sequence[bool], ready: Sequence[bool]) -> list[bool]:
        takes, gives = self.actor.consumes[:, self.at], self.actor.emits[:, self.at]
        room = [chain.has_room(r) for chain, r in zip(self.out, ready, strict=True)]
        fire = all(o or not t for o, t in zip(offered, takes, strict=True))
        fire = fire and all(r or not g for r, g in zip(room, gives, strict=True))
        for chain, r, g in zip(self.out, ready, gives, strict=True):
            chain.move(r, fire and bool(g))
        if fire:
            self.at = (self.at + 1) % self.actor.period
        return [fire and bool(t) for t in takes]


class BufferedState:
    def __init__(self, actor: Buffered) -> None:
        self.actor, self.written, self.frame, self.at = actor, 0, 0, 0
        self.out = Registers(1)

    @property
    def freed(self) -> int:
        return self.frame * self.actor.tokens + (int(self.actor.frees[self.at - 1]) if self.at else 0)

    def offers(self) -> list[bool]:
        return self.out.valid

    def step(self, offered: Sequence[bool], ready: Sequence[bool]) -> list[bool]:
        needed = int(self.actor.needs[self.at])
        arrived = needed < 0 or self.frame * self.actor.tokens + needed < self.written
        write = offered[0] and self.written - self.freed < self.actor.depth
        read = arrived and self.out.has_room(ready[0])
        self.out.move(ready[0], read)
        self.written += write
        if read:
            self.at += 1
            if self.at == len(self.actor.needs):
                self.at, self.frame = 0, self.frame + 1
        return [write]


class FifoState:
    def __init__(self, actor: Fifo) -> None:
        self.actor, self.count = actor, 0

    def offers(self) -> list[bool]:
        return [self.count > 0]

    def step(self, offered: Sequence[bool], ready: Sequence[bool]) -> list[bool]:
        write, read = offered[0] and self.count < self.actor.depth, self.count > 0 and ready[0]
        self.count += write - read
        return [write]
