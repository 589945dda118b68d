"""Plans: which counters compress a heap, stage by stage, to one bit per column. Pure data, without names of bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

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
        """What the counters take; see `inverters` for what is before them."""
        return area_of(self.stages)

    @property
    def levels(self) -> int:
        """Counters on the longest path."""
        return len(self.stages)


@cache
def plan(heights: Heights, technology: str) -> Plan:
    """The cheapest plan found: by LUTs with passes (standard cells: gates), stages, carries, in that order.

    The same heights give the same plan.
    """
    found = _Search(TECHNOLOGIES[technology]).best(heights)
    assert found is not None, f"no plan for {heights}"
    return Plan(technology, heights, found.stages)


class _Found(NamedTuple):
    """What decides between ways to finish a heap, and the way."""

    area: float
    levels: int
    carries: int
    stages: tuple[Stage, ...]

    def after(self, stage: Stage) -> _Found:
        area = area_of((stage,))
        cost = area.luts + area.passes + area.gates
        return _Found(self.area + cost, self.levels + 1, self.carries + area.carries, (stage, *self.stages))


_DONE = _Found(0, 0, 0, ())


class _Search:
    """Depth first over the ways to compress once, each heap planned once."""

    def __init__(self, technology: Technology) -> None:
        self.technology = technology
        self.known: dict[Heights, _Found | None] = {}

    def best(self, heights: Heights) -> _Found | None:
        if heights not in self.known:
            self.known[heights] = min(self._all(heights), key=lambda found: found[:3], default=None)
        return self.known[heights]

    def _all(self, heights: Heights) -> Iterator[_Found]:
        end = self.technology.finish(heights)
        if end is not None:
            yield _DONE.after(end) if end else _DONE
        for after, stage in self._ways(heights).items():
            rest = self.best(after)
            if rest is not None:
                yield rest.after(stage)

    def _ways(self, heights: Heights) -> dict[Heights, Stage]:
        """What the heap may become, and the first way to it."""
        if max(heights) <= 1:
            return {}
        stages = [stage for stage in self.technology.stages(heights) if stage]
        tried = stages if max(heights) <= HIGH else stages[:1]
        return {compressed(heights, stage): stage for stage in reversed(tried)}
