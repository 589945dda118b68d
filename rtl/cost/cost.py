"""What hardware costs: look-up tables, registers, carries, memories, gates, levels."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """Resources of one piece of hardware on one target. `a + b` is both, side by side.

    Estimates are sums of closed forms and so not whole; `rounded` is what to print.
    """

    luts: float = 0
    """Look-up tables for logic: of up to six inputs on xc7, of four on ice40 and ecp5, carries included there."""
    ffs: float = 0
    """Flip-flops."""
    carries: float = 0
    """Carry primitives of the target: CARRY4, SB_CARRY, CCU2C."""
    brams: float = 0
    """Block memories of the target's smallest size: RAMB18, SB_RAM40, DP16KD. A RAMB36 counts as two."""
    lutram: float = 0
    """Look-up tables used as memory or shift register."""
    gates: float = 0
    """NAND2 equivalents of logic and registers; memory blocks are not counted."""
    levels: float = 0
    """Cells of the target on the longest path of a stage by itself: tables, carries, memories; gates where there are no
    tables. From `mulfree.rtl.timing.levels`; 0 where that was not asked.
    """

    def __add__(self, other: Cost) -> Cost:
        amounts = [a + b for a, b in zip(self._area, other._area, strict=True)]
        return Cost(*[*amounts, max(self.levels, other.levels)])

    @property
    def _area(self) -> tuple[float, ...]:
        return self.luts, self.ffs, self.carries, self.brams, self.lutram, self.gates

    def times(self, count: float) -> Cost:
        """So many copies, side by side."""
        amounts = [count * a for a in self._area]
        return Cost(*[*amounts, self.levels])

    def rounded(self) -> Cost:
        return Cost(*map(round, (*self._area, self.levels)))

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def total(costs: list[Cost]) -> Cost:
    """All of them, side by side."""
    return sum(costs, Cost())
