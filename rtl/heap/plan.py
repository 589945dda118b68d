"""Plans: which counters compress a heap, stage by stage, to one bit per column. Pure data, without names of bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from mulfree.rtl.heap.counter import Area, Heights, Stage, area_of, compressed
from mulfree.rtl.heap.technology import TECHNOLOGIES, Technology

HIGH = 16
"""Columns above this are compressed by the technology's first way only; below, every way is tried."""


@dataclass(frozen=True)
class Plan:
    """Stages that compress columns of `heights` to one bit each, modulo 2^len(heights)."""

    technology: str
    heights: Heights
    stages: tuple[Stage, ...]

    @property
    def area(self) -> Area:
        """Exactly what the counters take, the inverters before them left out."""
        return area_of(self.stages)

    @property
    def levels(self) -> int:
        """Counters on the longest path."""
        return len(self.stages)


@cache
def plan(heights: Heights, technology: str) -> Plan:
    """The cheapest plan found: by LUTs (standard cells: gates), then stages, then carries. Deterministic."""
    stages = _Search(TECHNOLOGIES[technology]).best(heights)
    assert stages is not None, f"no plan for {heights}"
    return Plan(technology, heights, stages)


class _Search:
    """Depth first over the ways to compress once, each heap planned once."""

    def __init__(self, technology: Technology) -> None:
        self.technology = technology
        self.known: dict[Heights, tuple[Stage, ...] | None] = {}

    def best(self, heights: Heights) -> tuple[Stage, ...] | None:
        if heights not in self.known:
            found = [stages for stages in self._all(heights) if stages is not None]
            self.known[heights] = min(found, key=_cost, default=None)
        return self.known[heights]

    def _all(self, heights: Heights) -> list[tuple[Stage, ...] | None]:
        end = self.technology.finish(heights)
        plans: list[tuple[Stage, ...] | None] = [None if end is None else ((end,) if end else ())]
        if max(heights) > 1:
            plans += [self._after(heights, stage) for stage in self._ways(heights)]
        return plans

    def _ways(self, heights: Heights) -> list[Stage]:
        ways = [stage for stage in self.technology.stages(heights) if stage]
        return ways if max(heights) <= HIGH else ways[:1]

    def _after(self, heights: Heights, stage: Stage) -> tuple[Stage, ...] | None:
        rest = self.best(compressed(heights, stage))
        return None if rest is None else (stage, *rest)


def _cost(stages: tuple[Stage, ...]) -> tuple[float, int, int]:
    area = area_of(stages)
    return area.luts + area.gates, len(stages), area.carries
