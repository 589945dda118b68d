"""What of a stage's module waits for what: arrivals at its registers while it is gone through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import log2
from typing import NamedTuple

import numpy as np

from mulfree.rtl.circuit import Circuit
from mulfree.rtl.cost.memory import in_blocks, ram_terms
from mulfree.rtl.cost.target import Target
from mulfree.rtl.design import Memory, Stage
from mulfree.rtl.timing.chain import added, counted
from mulfree.rtl.timing.circuit import arrival, read
from mulfree.rtl.timing.delays import Delays
from mulfree.rtl.timing.signal import Signal, leaf, table, wide

BYTE = 8


class Offer(NamedTuple):
    """A stream from its sender: when data (lanes, element bits) and valid are there."""

    data: Signal
    valid: Signal


Offers = Sequence[Offer]


@dataclass
class Paths:
    """Arrivals at a stage's registers; `latest` is the last of them."""

    delays: Delays
    target: Target
    latest: float = 0.0
    held: Signal = field(init=False)
    """The output of a register."""

    def __post_init__(self) -> None:
        self.held = leaf(self.delays.clock_to_out)

    def word(self, bits: int, readers: int = 1) -> Signal:
        """A register of so many bits, each read by so many."""
        return self.spread(leaf(self.delays.clock_to_out, (bits,)), readers)

    def lanes(self, lanes: int, bits: int, readers: int = 1) -> Signal:
        return self.word(lanes * bits, readers).reshape(lanes, bits)

    def spread(self, x: Signal, readers: int) -> Signal:
        return x.after(self.delays.fan_out * log2(max(1, readers)))

    def data(self, *signals: Signal) -> None:
        """Arrives at registers."""
        self.latest = max(self.latest, *(x.latest for x in signals))

    def enables(self, x: Signal, registers: int) -> None:
        """Arrives at the clock enables of so many registers."""
        self.latest = max(self.latest, self.spread(x, registers).latest + self.delays.enable)

    def counter(self, length: int, advance: Signal | None = None) -> None:
        """A counter of so many states."""
        bits = (length - 1).bit_length()
        if bits:
            self.latest = max(self.latest, counted(self.delays, bits, self.delays.clock_to_out))
        if bits and advance is not None:
            self.enables(advance, bits)

    def table(self, *operands: Signal) -> Signal:
        return table(self.delays, *operands)

    def difference(self, a: Signal, b: Signal) -> Signal:
        """Of two words of as many bits: b is complemented before the chain."""
        return added(self.delays, a.shape[-1], a, self.table(b))

    def ends(self, length: int) -> Signal:
        """Whether a counter of so many states is at a certain one."""
        bits = (length - 1).bit_length()
        return _of_all(self.delays, bits) if bits else leaf(0.0)

    def room(self, ready: Signal) -> Signal:
        """Whether an output register is empty or emptied."""
        return self.table(self.held, ready)

    def register(self, bits: int, valid: Signal, ready: Signal) -> Signal:
        """stream_register: gives its s_ready."""
        room = self.room(ready)
        self.enables(room, bits)
        self.data(self.table(valid, self.held))
        return room

    def circuit(self, stage: Stage, name: str, **inputs: Signal) -> Signal:
        """Output y of one of the stage's circuits."""
        return self.outputs(stage, name, **inputs)["y"]

    def outputs(self, stage: Stage, name: str, **inputs: Signal) -> dict[str, Signal]:
        return arrival(self.delays, stage.circuits[name], self.technology(stage), inputs)

    def technology(self, stage: Stage) -> str:
        """What the stage's heaps are planned for."""
        del stage
        return self.target.name

    def rom(self, memory: Memory, readers: int = 1) -> Signal:
        """A word of constants, behind its register; what comes before that register is looked at, too."""
        if memory.depth <= 1:
            return leaf(-1e9, (memory.width,))
        if in_blocks(memory, self.target):
            # A module of its own: nothing is merged with what reads it.
            return self.spread(leaf(self.blocks(memory.depth, memory.width).at), readers)
        self.data(self.looked_up(self.word(max(1, (memory.depth - 1).bit_length()), memory.width)))
        return self.word(memory.width, readers)

    def looked_up(self, address: Signal) -> Signal:
        """A bit of constants in logic."""
        return read(self.delays, address).reshape(1)

    def ram(self, depth: int, width: int, style: str, *, is_registered: bool) -> Signal:
        """A word of a writable memory: behind its register, or as it is read."""
        kind = ram_terms(depth, width, self.target, style, is_registered=is_registered).known
        address = self.word(max(1, (depth - 1).bit_length()), width)
        if kind.brams:
            word = self.blocks(depth, width)
            return word if is_registered else self.table(word, self.held, self.held)
        read_out = self.chosen(address, depth) if not kind.lutram else self.table(leaf(address.latest))
        if not is_registered:
            return read_out.to((width,))
        self.data(read_out)
        return self.word(width)

    def blocks(self, depth: int, width: int) -> Signal:
        """A word behind the registers of block memories; of several rows of them, one is chosen."""
        words, _ = min(self._shapes(), key=lambda shape: -(-depth // shape[0]) * -(-width // shape[1]))
        rows = -(-depth // words)
        address = self.word(max(1, (rows - 1).bit_length()), width)
        return self.chosen(address, rows, self.word(width).after(self.delays.block))

    def _shapes(self) -> list[tuple[int, int]]:
        """Where blocks have words of a byte, Yosys gives words of less bits a part of one, which is chosen outside."""
        shapes = self.target.block_shapes
        return [shape for shape in shapes if shape[1] >= BYTE] if max(b for _, b in shapes) > 2 * BYTE else [*shapes]

    def chosen(self, address: Signal, depth: int, word: Signal | None = None) -> Signal:
        """One of so many words, by default registers: multiplexers of two, bit by bit of the address."""
        found = self.held if word is None else word
        for place in range((depth - 1).bit_length()):
            found = self.table(found, found, address[place : place + 1])
        return found


@cache
def _of_all(delays: Delays, bits: int) -> Signal:
    """A function of a register of so many bits that splits freely."""
    return wide(delays, leaf(delays.clock_to_out, (bits,))).reshape(1)


def split(circuit: Circuit, name: str, word: Signal) -> Signal:
    """The bits of a vector as lanes of an input of the circuit."""
    type = next(wire.type for wire in circuit.inputs if wire.name == name)
    return word.reshape(-1)[np.arange(type.bits) % word.at.size].reshape(type.lanes, type.element_bits)
