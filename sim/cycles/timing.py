"""The transfer cycle of every token, in the compact form in which a model finds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mulfree.sim.cycles.net import Net

Cycles = npt.NDArray[np.int64]


class DeadlockError(Exception):
    """No actor can move again and the frames are not through."""


@dataclass(frozen=True)
class Timing:
    """Cycle of every transfer; cycle 0 is the first after reset.

    `head` holds the frames that were computed, (frames, tokens of all wires one after the other). From frame
    `repeats_from` on, each frame is the one `period_frames` earlier, `period_cycles` later.
    """

    net: Net
    head: Cycles
    frames: int
    period_frames: int = 0
    period_cycles: int = 0
    _starts: dict[str, tuple[int, int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ends = np.cumsum([0, *(wire.tokens for wire in self.net.wires)])
        starts = {wire.name: (int(ends[i]), int(ends[i + 1])) for i, wire in enumerate(self.net.wires)}
        object.__setattr__(self, "_starts", starts)

    def of(self, wire: str) -> Cycles:
        """Cycles (frames, tokens) of the stream, or of wire i inside a stage by the name '<stage>.<i>'."""
        first, last = self._starts[wire]
        return self._frames_of(self.head[:, first:last])

    @property
    def is_periodic(self) -> bool:
        return self.period_frames > 0

    @cached_property
    def frame_ends(self) -> Cycles:
        """Per frame, the cycle in which its last output token leaves."""
        outputs = [self._starts[self.net.wires[wire].name] for wire in self.net.sinks]
        return self._frames_of(np.max([self.head[:, last - 1] for _, last in outputs], axis=0)[:, None])[:, 0]

    @property
    def last_cycle(self) -> int:
        """Cycle in which the last output token of the last frame leaves."""
        return int(self.frame_ends.max())

    @property
    def latency_cycles(self) -> int:
        """Cycles from the one in which the first token enters to that in which frame 0 has left, both counted."""
        entry = min(int(self.head[0, self._starts[self.net.wires[wire].name][0]]) for wire in self.net.sources)
        return int(self.frame_ends[0]) - entry + 1

    @property
    def interval_cycles(self) -> Fraction:
        """Cycles per frame in the steady state; ValueError if the run did not reach one."""
        if not self.is_periodic:
            raise ValueError(f"no steady state within {self.frames} frames")
        return Fraction(self.period_cycles, self.period_frames)

    def _frames_of(self, head: Cycles) -> Cycles:
        beyond = np.arange(len(head), self.frames)
        if not len(beyond):
            return head[: self.frames]
        first = len(head) - self.period_frames
        turns, phase = np.divmod(beyond - first, self.period_frames)
        return np.concatenate([head, head[first + phase] + (turns * self.period_cycles)[:, None]])
