"""The stepped model: every actor, every cycle. Slower than token-time, written independently, the same answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mulfree.rtl.design import Design
from mulfree.sim.cycles.clock import run_cycles
from mulfree.sim.cycles.machine import DONE, LIMIT, Machine, machine
from mulfree.sim.cycles.net import NOT_KNOWN, Net, Programs, flatten
from mulfree.sim.cycles.timing import Cycles, DeadlockError, Timing
from mulfree.sim.patterns import ALWAYS, Pattern


def stepped(
    design: Design,
    frames: int,
    valid: Sequence[Pattern] | None = None,
    ready: Sequence[Pattern] | None = None,
    programs: Programs = NOT_KNOWN,
) -> Timing:
    """As `token_time`, found by clocking the design through all frames."""
    net = flatten(design, programs)
    gives, takes = valid or [ALWAYS] * len(net.sources), ready or [ALWAYS] * len(net.sinks)
    m = machine(net, frames, gives, takes)
    patience = max(len(pattern) for pattern in [*gives, *takes])
    if run_cycles(m, patience) < 0:
        raise DeadlockError(_blocked(net, m))
    return Timing(net, _by_frame(net, m, frames), frames)


def _by_frame(net: Net, m: Machine, frames: int) -> Cycles:
    """Records, wire after wire, as (frames, tokens of all wires)."""
    ends = np.cumsum([wire.tokens * frames for wire in net.wires])
    parts = np.split(np.asarray(m.record), ends[:-1])
    return np.concatenate([part.reshape(frames, -1) for part in parts], axis=1)


def _blocked(net: Net, m: Machine) -> str:
    rows = zip(net.wires, np.asarray(m.wires), strict=True)
    return "nothing moves any more: " + ", ".join(f"{w.name} {r[DONE]} of {r[LIMIT]}" for w, r in rows)
