"""A printed number beside the one that is computed: equal to every printed digit, or different and why."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

Number = int | float | Fraction


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of a table. `reason` says why it differs, and is empty where it does not."""

    row: str
    column: str
    printed: str
    computed: Number
    reason: str = ""

    @property
    def rounded(self) -> Decimal:
        """What is computed, to the last digit that is printed; halves go away from zero."""
        exact = Fraction(self.computed)
        value = Decimal(exact.numerator) / Decimal(exact.denominator)
        return value.quantize(Decimal(self.printed), ROUND_HALF_UP)

    @property
    def is_equal(self) -> bool:
        return self.rounded == Decimal(self.printed)


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A table of a paper, by the rule that computes it."""

    name: str
    title: str
    rule: str
    entries: tuple[Entry, ...]

    @property
    def equal(self) -> int:
        return sum(entry.is_equal for entry in self.entries)

    @property
    def different(self) -> dict[str, list[Entry]]:
        """The numbers that differ, by the reason."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if not entry.is_equal:
                found.setdefault(entry.reason, []).append(entry)
        return found
