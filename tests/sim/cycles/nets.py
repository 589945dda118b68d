"""Random designs of actors without meaning: what the cycle models must agree on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import gcd

import numpy as np
from hypothesis import strategies as st

from mulfree.ir import Graph, IntRange, TensorType, Value
from mulfree.rtl import Actor, Buffered, Design, Fifo, Stage, Stepper, Stream, Varying, every_step


def stream(name: str, tokens: int) -> Stream:
    type = TensorType((tokens,), IntRange(0, 1))
    return Stream(name, Value(name, type), np.arange(tokens), 1, type)


@dataclass
class Net:
    """A design that grows stage by stage; `ends` are the streams that nothing takes yet."""

    inputs: list[Stream] = field(default_factory=list[Stream])
    stages: list[Stage] = field(default_factory=list[Stage])
    ends: list[Stream] = field(default_factory=list[Stream])

    def source(self, tokens: int) -> Stream:
        self.inputs.append(stream(f"x{len(self.inputs)}", tokens))
        self.ends.append(self.inputs[-1])
        return self.inputs[-1]

    def stage(self, inputs: list[Stream], tokens: list[int], *actors: Actor) -> list[Stream]:
        name = f"stage{len(self.stages)}"
        outputs = [stream(f"{name}_m{i}", count) for i, count in enumerate(tokens)]
        self.stages.append(Stage(name, "any", tuple(inputs), tuple(outputs), actors))
        self.ends = [end for end in self.ends if end not in inputs] + outputs
        return outputs

    def design(self) -> Design:
        return Design("net", Graph[TensorType](), self.stages, self.inputs, self.ends)


def scatter(draw: st.DrawFn, count: int, period: int) -> list[bool]:
    """`count` of `period` steps, anywhere."""
    chosen = draw(st.sets(st.integers(0, period - 1), min_size=count, max_size=count))
    return [step in chosen for step in range(period)]


def divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]


@st.composite
def steppers(draw: st.DrawFn, takes: list[int], gives: list[int]) -> Stepper:
    """A program that takes and gives so many tokens per period, in any order, with idle steps."""
    period = max(*takes, *gives) + draw(st.integers(0, 5))
    consumes = np.array([scatter(draw, count, period) for count in takes]).reshape(len(takes), period)
    emits = np.array([scatter(draw, count, period) for count in gives]).reshape(len(gives), period)
    return Stepper(consumes, emits, draw(st.integers(1, 3)))


@st.composite
def windows(draw: st.DrawFn, tokens: int) -> Buffered:
    """Any reads, in any order, of words that are still held; the memory is just deep enough, or deeper."""
    needs, frees, freed = [], [], 0
    for _ in range(draw(st.integers(1, 12))):
        reach = min(freed + draw(st.integers(1, tokens)), tokens)
        needs.append(draw(st.integers(-1, reach - 1)) if reach > freed else -1)
        needs[-1] = -1 if needs[-1] < freed else needs[-1]
        freed = draw(st.integers(freed, tokens))
        frees.append(freed)
    frees[-1] = tokens
    if max(needs) < 0:  # padding alone would wait for nothing, and run ahead without end
        needs[0] = draw(st.integers(0, tokens - 1))
    held = [need - free + 1 for need, free in zip(needs, [0, *frees], strict=False)]
    return Buffered(tokens, np.array(needs), np.array(frees), max(1, *held) + draw(st.integers(0, 3)))


@st.composite
def designs(draw: st.DrawFn, stages: int = 5) -> Design:
    """Chains with forks, joins and queues; a few of them block themselves for ever."""
    net = Net()
    for _ in range(draw(st.integers(1, 2))):
        _step(draw, net, [net.source(draw(st.integers(1, 8)))])
    for _ in range(draw(st.integers(1, stages))):
        x = draw(st.sampled_from(net.ends))
        match draw(st.sampled_from(["step", "pair", "queue", "window", "fork", "join"])):
            case "step":
                _step(draw, net, [x])
            case "pair":
                # One program feeds the other by a wire of its own, as fetch and accumulate do.
                replay, out = draw(st.integers(1, 8)), draw(st.integers(1, 3))
                first = Stepper(np.arange(replay)[None] < 1, np.ones((1, replay), bool), draw(st.integers(1, 3)))
                fold = draw(st.sampled_from(divisors(replay)))
                last = Stepper(np.ones((1, fold), bool), np.arange(fold)[None] >= fold - 1, out)
                net.stage([x], [x.tokens * replay // fold], first, last)
            case "queue":
                net.stage([x], [x.tokens], Fifo(draw(st.integers(1, 4))))
            case "window":
                window = draw(windows(x.tokens))
                net.stage([x], [len(window.needs)], window)
            case "fork":
                net.stage([x], [x.tokens] * 2, every_step(1, 2))
            case _:
                others = [end for end in net.ends if end is not x]
                if others:
                    ends = [x, draw(st.sampled_from(others))]
                    ends = [net.stage([end], [end.tokens], Fifo(2 * end.tokens))[0] for end in ends]
                    _step(draw, net, ends)
    return net.design()


@st.composite
def varying_designs(draw: st.DrawFn, frames: int) -> tuple[Design, dict[str, list[Stepper]]]:
    """Stages before and after one whose program differs from frame to frame, and its programs."""
    net = Net()
    _step(draw, net, [net.source(draw(st.integers(1, 6)))])
    (x,), latency, gives = net.ends, draw(st.integers(1, 3)), draw(st.integers(1, 3))
    programs = [replace(draw(steppers([x.tokens], [gives])), latency=latency) for _ in range(frames)]
    longest = max(programs, key=lambda program: program.period)
    (y,) = net.stage([x], [gives], Varying(lambda values: programs, longest))
    _step(draw, net, net.stage([y], [y.tokens], Fifo(draw(st.integers(1, 4)))))
    return net.design(), {net.stages[1].name: programs}


def _step(draw: st.DrawFn, net: Net, inputs: list[Stream]) -> None:
    periods = draw(st.sampled_from(divisors(gcd(*(x.tokens for x in inputs)))))
    gives = [draw(st.integers(1, 4))]
    program = draw(steppers([x.tokens // periods for x in inputs], gives))
    net.stage(inputs, [count * periods for count in gives], program)
