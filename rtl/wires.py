"""Wires: vectors of elements that share one range."""

from __future__ import annotations

from dataclasses import dataclass

from mulfree.ir import IntRange


@dataclass(frozen=True, slots=True)
class WireType:
    """`lanes` elements of one range, each as the word `range.encode` gives; lane 0 in the least significant bits.

    A range with a step is stored as its index; every other range is a plain number.
    """

    range: IntRange
    lanes: int = 1

    @property
    def element_bits(self) -> int:
        return max(1, self.range.width)

    @property
    def bits(self) -> int:
        return self.lanes * self.element_bits

    @property
    def is_plain(self) -> bool:
        """Whether the stored word is the number itself."""
        return not self.range.is_coded

    def of_lanes(self, lanes: int) -> WireType:
        return WireType(self.range, lanes)
