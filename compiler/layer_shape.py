"""What of a layer can be folded, and how many cycles that makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mulfree.ir import Node, TensorType

WORTH_A_LIST = 2
"""A layer counts on a list of its entries where that is so much shorter: each lane then has memories of its own."""


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What of a layer can be folded: all that its cycle count depends on."""

    positions: int
    groups: int
    taps: int
    channels: int
    """Input channels per group."""
    outputs: int
    """Output channels per group."""
    listed_steps: Callable[[int, int], int | None] = field(default=lambda lanes, pe: None, compare=False)
    """See `Contraction.listed_steps`."""

    @property
    def is_channelwise(self) -> bool:
        """Depthwise convolutions and pools: every lane keeps to its own channel."""
        return self.channels == 1 and self.outputs == 1 and self.groups > 1

    def simd_choices(self) -> list[int]:
        return divisors(self.channels)

    def pe_choices(self) -> list[int]:
        return divisors(self.groups if self.is_channelwise else self.outputs)

    def interval(self, pe: int, simd: int) -> int:
        """Cycles per frame of the layer and of the window that feeds it."""
        if self.is_channelwise:
            return self.positions * self.taps * (self.groups // pe)
        tokens = self.groups * self.taps * (self.channels // simd)
        steps, listed = tokens * (self.outputs // pe), self.listed_steps(simd, pe)
        if listed is not None and max(listed, tokens) * WORTH_A_LIST <= steps:
            steps = max(listed, tokens)
        return self.positions * steps


Shape = Callable[[Node[TensorType]], LayerShape]
"""What of a node can be folded."""


def divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]
