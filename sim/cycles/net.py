"""A design as the cycle models see it: actors joined by wires, nothing of what the tokens mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mulfree.rtl.actors import Actor, Buffered, Fifo, Stepper, Varying
from mulfree.rtl.design import Design, Stage

OUTSIDE = -1
Programs = Mapping[str, Sequence[Stepper]]
"""For each stage that has an actor whose time depends on the data, its program for every frame."""
NOT_KNOWN: Programs = {}
"""Such a stage takes as long as any frame can make it take."""


@dataclass(slots=True)
class Wire:
    """A stream, or the link of two actors of one stage. `producer`, `consumer` index the units, or OUTSIDE."""

    name: str
    tokens: int
    """Per frame."""
    producer: int
    consumer: int = OUTSIDE


@dataclass(frozen=True, slots=True)
class Unit:
    """An actor with the wires at its inputs and outputs."""

    name: str
    actor: Stepper | Buffered | Fifo
    """Of programs that differ from frame to frame the longest."""
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    periods: int
    """Runs of its program per frame."""
    programs: tuple[Stepper, ...] = ()
    """One for each frame, instead of the actor's own."""


@dataclass(frozen=True, slots=True)
class Net:
    """Units in the order in which data flows; `sources` and `sinks` are the wires at the design's boundary."""

    units: tuple[Unit, ...]
    wires: tuple[Wire, ...]
    sources: tuple[int, ...]
    sinks: tuple[int, ...]


def flatten(design: Design, programs: Programs = NOT_KNOWN) -> Net:
    """The net of a design; a stream of its own name each, the wires inside stage s are s.0, s.1, ..."""
    build = _Build([], [], {}, programs)
    for stream in design.inputs:
        build.streams[stream.name] = build.wire(stream.name, stream.tokens, OUTSIDE)
    sources = tuple(build.streams.values())
    for stage in design.stages:
        build.stage(stage)
    sinks = tuple(build.streams[stream.name] for stream in design.outputs)
    dangling = [w.name for i, w in enumerate(build.wires) if (w.consumer == OUTSIDE) != (i in sinks)]
    assert not dangling, f"streams of {design.name} that nothing or more than one stage takes: {dangling}"
    return Net(tuple(build.units), tuple(build.wires), sources, sinks)


@dataclass(slots=True)
class _Build:
    units: list[Unit]
    wires: list[Wire]
    streams: dict[str, int]
    programs: Programs

    def wire(self, name: str, tokens: int, producer: int) -> int:
        self.wires.append(Wire(name, tokens, producer))
        return len(self.wires) - 1

    def stage(self, stage: Stage) -> None:
        inputs = [self.streams[stream.name] for stream in stage.inputs]
        for i, actor in enumerate(stage.actors[:-1]):
            inputs = [self.unit(stage, f"{stage.name}.{i}", actor, inputs, None)]
        names = [(stream.name, stream.tokens) for stream in stage.outputs]
        first = self.unit(stage, stage.name, stage.actors[-1], inputs, names)
        self.streams |= {name: first + i for i, (name, _) in enumerate(names)}

    def unit(
        self, stage: Stage, name: str, actor: Actor, inputs: Sequence[int], outputs: Sequence[tuple[str, int]] | None
    ) -> int:
        """Adds a unit and its output wires, one of unknown length if `outputs` is None; returns the first of them."""
        index, programs = len(self.units), tuple[Stepper, ...]()
        if isinstance(actor, Varying):
            actor, programs = actor.longest, tuple(self.programs.get(stage.name, ()))
        for wire in inputs:
            assert self.wires[wire].consumer == OUTSIDE, f"{self.wires[wire].name} is taken twice"
            self.wires[wire].consumer = index
        needed = [self.wires[wire].tokens for wire in inputs]
        takes, gives = per_period(actor, len(inputs), len(outputs) if outputs is not None else 1)
        known = [
            *zip(needed, takes, strict=True),
            *zip([t for _, t in outputs or []], gives, strict=outputs is not None),
        ]
        periods = _periods(name, known)
        named = outputs if outputs is not None else [(name, gives[0] * periods)]
        wires = tuple(self.wire(wire, tokens, index) for wire, tokens in named)
        self.units.append(Unit(name, actor, tuple(inputs), wires, periods, programs))
        return wires[0]


def per_period(actor: Stepper | Buffered | Fifo, inputs: int, outputs: int) -> tuple[list[int], list[int]]:
    """Tokens that one run of the actor's program takes from each input and gives to each output."""
    match actor:
        case Stepper():
            takes, gives = ([int(n) for n in table.sum(axis=1)] for table in (actor.consumes, actor.emits))
        case Buffered():
            takes, gives = [actor.tokens], [len(actor.needs)]
        case Fifo():
            takes, gives = [1], [1]
    assert (len(takes), len(gives)) == (inputs, outputs), f"{actor} has other ports than its stage"
    return takes, gives


def _periods(name: str, known: Sequence[tuple[int, int]]) -> int:
    """Runs per frame: the tokens of every port must be the same multiple of what one run moves."""
    counts = {tokens // moved if moved and tokens % moved == 0 else -1 for tokens, moved in known}
    assert len(counts) == 1, f"{name}: (tokens per frame, tokens per period) {list(known)} do not agree"
    (periods,) = counts
    assert periods > 0, f"{name}: (tokens per frame, tokens per period) {list(known)} do not divide"
    return periods
