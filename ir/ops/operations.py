"""How many operations a layer takes, as papers count them: of what is computed, not of how it is built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operations:
    """Two-operand operations, and the parameters that take part in them."""

    parameters: int = 0
    multiplications: int = 0
    additions: int = 0
    comparisons: int = 0

    def times(self, positions: int) -> Operations:
        """Of so many positions of a map, which share the parameters."""
        counts = (self.multiplications, self.additions, self.comparisons)
        return Operations(self.parameters, *(positions * count for count in counts))
