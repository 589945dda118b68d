"""When a stage may take and give tokens: all that the cycle models know of the hardware.

An actor decides by the order of tokens alone, never by their arrival time, so a design of actors has one
answer for every transfer time (max-plus linear), whichever model computes it. One kind of actor looks at what a frame
holds, too; given the frames, it is a counter program like the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mulfree.ir import AnyArray

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Stepper:
    """A counter program of `period` steps, repeated for ever, at most one step per cycle.

    Step s fires in the first cycle, later than the step before it, in which every input i with consumes[i, s]
    offers a token and every output o with emits[o, s] has room. It takes those tokens in that cycle. An emitted
    token passes `latency` >= 1 registers: it is offered `latency` cycles later at the earliest. Each register
    takes a new token in the very cycle in which it hands its own on (ready is combinational).
    """

    consumes: BoolArray
    """(inputs, period)"""
    emits: BoolArray
    """(outputs, period)"""
    latency: int = 1

    @property
    def period(self) -> int:
        return int(self.consumes.shape[1])


@dataclass(frozen=True, eq=False)
class Buffered:
    """A circular memory with one writer and one reader, each at most one word per cycle: a sliding window.

    Per frame the writer takes `tokens` words in order. Read step r shows word needs[r] of the frame (-1: padding,
    which waits for nothing), in a cycle later than that word's write. After step r the words before frees[r] of the
    frame are given up. A word is written only if fewer than `depth` words are held, and a word given up
    in a cycle makes room in the next. Every read emits one token through one register, as in `Stepper`.
    """

    tokens: int
    needs: npt.NDArray[np.int64]
    frees: npt.NDArray[np.int64]
    depth: int


@dataclass(frozen=True, eq=False)
class Fifo:
    """A queue of `depth` words with a registered count.

    A word leaves at the earliest one cycle after it came; a full queue takes a word in the cycle after one left.
    """

    depth: int


@dataclass(frozen=True, eq=False)
class Varying:
    """A `Stepper` whose program is another for each frame, and runs once for it: how long it is depends on the data.

    `programs(values)` gives the programs of frames from the values (frames, *shape) that the stage's first input
    carries; by definition, so that what they say of the hardware is a claim to be tested. All programs take and give
    the same tokens through the same registers, and none is longer than `longest`.
    """

    programs: Callable[[AnyArray], Sequence[Stepper]]
    longest: Stepper


Actor = Stepper | Buffered | Fifo | Varying


def every_step(inputs: int = 1, outputs: int = 1, latency: int = 1) -> Stepper:
    """An actor that takes one token of each input and gives one on each output, every step."""
    return Stepper(np.ones((inputs, 1), bool), np.ones((outputs, 1), bool), latency)
