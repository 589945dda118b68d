"""A design: stages joined by streams of tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mulfree.ir import AnyArray, Graph, IntArray, Location, TensorType, Value
from mulfree.rtl.actors import Actor, Varying
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.heap import GENERIC


@dataclass(eq=False, slots=True)
class Stream:
    """A tensor on its way through the hardware: `lanes` elements per token, valid/ready handshake.

    `order[i]` is the index, in C order, of the i-th element sent, or -1 for padding. Token t holds elements
    t * lanes ..., the first of them in the least significant bits, each as the word `type.range.encode` gives.
    """

    name: str
    value: Value[TensorType]
    order: IntArray
    lanes: int
    type: TensorType
    """Range of the elements sent: the value's own, widened to hold `fill` where the order pads."""
    fill: int = 0
    """What is sent where the order is -1."""

    @property
    def tokens(self) -> int:
        """Tokens per frame."""
        return len(self.order) // self.lanes

    @property
    def element_bits(self) -> int:
        return max(1, self.type.range.width)

    @property
    def token_bits(self) -> int:
        return self.lanes * self.element_bits

    def elements(self, values: AnyArray) -> IntArray:
        """Values (batch, *shape) in the order sent, as (batch, tokens, lanes) stored words."""
        flat = values.reshape(len(values), -1)
        sent = np.where(self.order < 0, self.fill, flat[:, np.maximum(self.order, 0)])
        return self.type.range.encode(sent).reshape(len(values), self.tokens, self.lanes)

    def values(self, words: IntArray) -> IntArray:
        """Inverse of `elements` for an order without padding or repetition."""
        flat = np.empty((len(words), len(self.order)), dtype=np.int64)
        flat[:, self.order] = self.type.range.decode(words).reshape(len(words), -1)
        return flat.reshape(len(words), *self.value.type.shape)


@dataclass(frozen=True, slots=True)
class Memory:
    """Constant words that a stage reads: weights, thresholds. `words` are unsigned, of `width` bits."""

    width: int
    words: tuple[int, ...]
    style: str = "auto"
    """auto, distributed (LUT) or block."""

    @property
    def depth(self) -> int:
        return len(self.words)


@dataclass(eq=False, slots=True)
class Stage:
    """One module instance: its parameters, constants, arithmetic, and when it moves tokens.

    `actors` is a chain: the first takes the inputs, the last gives the outputs, one wire between neighbours.
    """

    name: str
    module: str
    inputs: tuple[Stream, ...]
    outputs: tuple[Stream, ...]
    actors: tuple[Actor, ...]
    parameters: Mapping[str, int] = field(default_factory=dict[str, int])
    memories: Mapping[str, Memory] = field(default_factory=dict[str, Memory])
    circuits: Mapping[str, Circuit] = field(default_factory=dict[str, Circuit])
    location: Location | None = None
    serves: Value[TensorType] | None = None
    """The result of the graph's node that the stage was made for; None if it stands at the boundary."""
    target: str = GENERIC
    """What the circuits' heaps are planned for when the stage is printed."""


@dataclass(eq=False, slots=True)
class Design:
    """Stages in an order in which data flows, and the streams at the boundary.

    `graph` is the integer graph that the stages compute; every stream carries one of its values, or
    one that a stage makes on the way to such a one.
    """

    name: str
    graph: Graph[TensorType]
    stages: list[Stage]
    inputs: list[Stream]
    outputs: list[Stream]

    def for_target(self, target: str) -> Design:
        """The same design, its heaps planned for another target when it is printed."""
        return replace(self, stages=[replace(stage, target=target) for stage in self.stages])

    @property
    def varying(self) -> list[Stage]:
        """The stages whose time for a frame depends on what it holds."""
        return [stage for stage in self.stages if any(isinstance(actor, Varying) for actor in stage.actors)]

    def streams(self) -> list[Stream]:
        """The inputs, then every stage's outputs, in order."""
        return [*self.inputs, *(stream for stage in self.stages for stream in stage.outputs)]
