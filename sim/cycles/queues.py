"""How deep queues must be to hold nothing up."""

from __future__ import annotations

from bisect import bisect_left
from functools import partial

import numpy as np

from mulfree.rtl.actors import Buffered, Fifo, Stepper
from mulfree.rtl.design import Design
from mulfree.sim.cycles.net import Net, Unit, flatten
from mulfree.sim.cycles.tables import Blueprint
from mulfree.sim.cycles.timing import DeadlockError, Timing
from mulfree.sim.cycles.token_time import run
from mulfree.sim.patterns import ALWAYS

FRAMES = 64
"""How long to wait for a design to repeat itself."""
ATTEMPTS = 8


def minimal_fifo_depths(design: Design) -> dict[str, int]:
    """For each queue, by the name of its stage, the fewest words that cost no speed.

    Measured at the fastest pace that endless queues allow, a frame beginning every so many cycles, until the design
    repeats itself: with these depths every frame leaves in the same cycle as with endless queues, and with one word
    less in any of them some frame leaves later. A source that does not keep the pace cannot make it slower.
    """
    net = flatten(design)
    queues = [unit for unit in net.units if isinstance(unit.actor, Fifo)]
    if not queues:
        return {}
    plan = Blueprint(net)
    endless = _paced(plan)
    depths = {unit.name: _peak(net, unit, endless) for unit in queues}
    for name, most in depths.items():
        fewest = bisect_left(range(1, most), True, key=partial(_suffices, plan, depths, name, endless)) + 1
        depths[name] = fewest
    return depths


def _suffices(plan: Blueprint, depths: dict[str, int], name: str, endless: Timing, depth: int) -> bool:
    """Whether all frames leave on time with another depth of one queue."""
    pace = int(endless.interval_cycles)
    try:
        # Most depths that are too small show at once.
        short = _run(plan, len(endless.head), pace, depths | {name: depth})
        if not np.array_equal(short.frame_ends, endless.frame_ends[: short.frames]):
            return False
        timing = _run(plan, FRAMES, pace, depths | {name: depth})
    except DeadlockError:
        return False
    return timing.is_periodic and np.array_equal(timing.frame_ends, endless.frame_ends)


def paced(net: Net) -> Timing:
    """A run at the fastest pace that the net can keep, with endless queues."""
    return _paced(Blueprint(net))


def _paced(plan: Blueprint) -> Timing:
    net = plan.net
    endless = {unit.name: FRAMES * net.wires[unit.outputs[0]].tokens for unit in net.units}
    pace = max(_steps(unit) for unit in net.units)
    for _ in range(ATTEMPTS):
        timing = _run(plan, FRAMES, pace, endless)
        if timing.is_periodic and timing.interval_cycles == pace:
            return timing
        # What comes out tells what the net can keep: the window memories and registers may allow less than the steps.
        ends = timing.frame_ends[FRAMES // 2 :]
        pace = max(pace + 1, -(-int(ends[-1] - ends[0]) // (len(ends) - 1)))
    raise ValueError(f"the design keeps no pace of {pace} cycles a frame or fewer")


def _run(plan: Blueprint, frames: int, pace: int, depths: dict[str, int]) -> Timing:
    always = [ALWAYS] * len(plan.net.sources), [ALWAYS] * len(plan.net.sinks)
    return run(plan.net, plan.tables(*always, depths), frames, pace)


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
