"""What a cost is made of before calibration: quantities that follow from the design, and what synthesis decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mulfree.rtl.cost.cost import Cost


@dataclass(frozen=True, slots=True)
class Terms:
    """`known` is exact by construction (registers, memory blocks); `weighed` are amounts by name, such as bits of
    adders, that the calibration table turns into look-up tables, carries and gates of a target.
    """

    known: Cost = field(default_factory=Cost)
    weighed: Mapping[str, float] = field(default_factory=dict[str, float])

    def __add__(self, other: Terms) -> Terms:
        names = [*self.weighed, *(name for name in other.weighed if name not in self.weighed)]
        both = {name: self.weighed.get(name, 0) + other.weighed.get(name, 0) for name in names}
        return Terms(self.known + other.known, both)

    def times(self, count: float) -> Terms:
        """So many copies, side by side."""
        return Terms(self.known.times(count), {name: count * amount for name, amount in self.weighed.items()})


def amounts(**weighed: float) -> Terms:
    return Terms(weighed=weighed)


NOTHING = Terms()
