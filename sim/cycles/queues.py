"""How deep queues must be to hold nothing up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mulfree.rtl.actors import Buffered, Fifo, Stepper
from mulfree.rtl.design import Design
from mulfree.sim.cycles.net import Net, Unit, flatten
from mulfree.sim.cycles.tables import Tables, tables
from mulfree.sim.cycles.timing import DeadlockError, Timing
from mulfree.sim.cycles.token_time import leaves_at, run
from mulfree.sim.patterns import ALWAYS

FRAMES = 64
"""How long to wait for a design to repeat itself."""
ATTEMPTS = 8
MOST_TOKENS = 400_000_000
"""How many transfers are computed at most to make queues shorter than their most words: some ten seconds."""


def minimal_fifo_depths(design: Design, most_tokens: int = MOST_TOKENS) -> dict[str, int]:
    """For each queue, by the name of its stage, the fewest words that cost no speed.

    Measured at the fastest pace that endless queues allow, a frame beginning every so many cycles, until the design
    repeats itself: with these depths every frame leaves in the same cycle as with endless queues, and with one word
    less in any of them some frame leaves later. A source that does not keep the pace cannot make it slower.
    Where the search for the fewest takes longer than `most_tokens` transfers, the queues that would become least
    smaller hold what they ever hold at that pace: that costs no speed either.
    """
    net = flatten(design)
    queues = [unit for unit in net.units if isinstance(unit.actor, Fifo)]
    if not queues:
        return {}
    endless = paced(net)
    depths = {unit.name: _peak(net, unit, endless) for unit in queues}
    bits = {stage.name: stage.outputs[0].token_bits for stage in design.stages}
    search = _Search(net, endless, depths, most_tokens)
    for name in sorted(depths, key=lambda name: -bits[name] * depths[name]):
        search.shorten(name)
    return depths


@dataclass(slots=True)
class _Search:
    """Depths that are known to suffice, made smaller one after the other."""

    net: Net
    endless: Timing
    depths: dict[str, int]
    tokens_left: int
    saved: int = 0
    """By how much the last queue became shorter: the next one is like it as often as not."""

    def shorten(self, name: str) -> None:
        """The fewest words, downwards in growing strides from what is known to suffice."""
        most = self.depths[name]
        fails, stride = 0, max(1, min(self.saved, most - 1))
        while self.depths[name] - fails > 1 and self.tokens_left > 0:
            probe = max(fails + 1, self.depths[name] - stride)
            if self._suffices(name, probe):
                # What was guessed is as a rule exact: the next stride is one word.
                stride = 1 if most - probe == self.saved else 2 * stride
                self.depths[name] = probe
            else:
                fails = probe
                stride = max(1, (self.depths[name] - fails) // 2)
        self.saved = most - self.depths[name]

    def _suffices(self, name: str, depth: int) -> bool:
        """Whether all frames leave on time with another depth of one queue."""
        start, pace = _start(self.net, self.depths | {name: depth}), int(self.endless.interval_cycles)
        try:
            on_time, frames = leaves_at(self.net, start, self.endless.frame_ends, pace)
        except DeadlockError:
            on_time, frames = False, 1
        self.tokens_left -= frames * self.endless.head.shape[1]
        return on_time


def paced(net: Net) -> Timing:
    """A run at the fastest pace that the net can keep, with endless queues."""
    endless = {unit.name: FRAMES * net.wires[unit.outputs[0]].tokens for unit in net.units}
    pace = max(_steps(unit) for unit in net.units)
    for _ in range(ATTEMPTS):
        timing = run(net, _start(net, endless), FRAMES, pace)
        if timing.is_periodic and timing.interval_cycles == pace:
            return timing
        # What comes out tells what the net can keep: the window memories and registers may allow less than the steps.
        ends = timing.frame_ends[FRAMES // 2 :]
        pace = max(pace + 1, -(-int(ends[-1] - ends[0]) // (len(ends) - 1)))
    raise ValueError(f"the design keeps no pace of {pace} cycles a frame or fewer")


def _start(net: Net, depths: Mapping[str, int]) -> Tables:
    return tables(net, [ALWAYS] * len(net.sources), [ALWAYS] * len(net.sinks), depths)


def _steps(unit: Unit) -> int:
    """Fewest cycles that a unit spends on a frame."""
    match unit.actor:
        case Stepper(period=period):
            return unit.periods * period
        case Buffered(tokens=tokens, needs=needs):
            return unit.periods * max(tokens, len(needs))
        case Fifo():
            return unit.periods


def _peak(net: Net, unit: Unit, timing: Timing) -> int:
    """Most words held at once; a word that leaves in a cycle still takes its place in that cycle."""
    came, went = (timing.of(net.wires[wire].name).ravel() for wire in (*unit.inputs, *unit.outputs))
    held = np.arange(1, len(came) + 1) - np.searchsorted(went, came, side="left")
    return int(held.max())
