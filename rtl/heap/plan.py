"""Plans: which counters compress a heap, stage by stage, to one bit per column. Pure data, without names of bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import NamedTuple

from mulfree.rtl.heap.counter import Area, Heights, Stage, alive, area_of, compressed
from mulfree.rtl.heap.technology import TECHNOLOGIES, Finish, Stages

WORTH_OF_STAGE = 1.0
"""LUTs or gates that are spent to have a stage less: stages are delay, and registers where a heap is pipelined."""
HIGH = 16
"""Columns above this are compressed by the technology's first way only; below, every way is tried."""


@dataclass(frozen=True)
class Plan:
    """Stages that compress columns of `heights` to one bit each, modulo 2^len(heights); or the top column alone."""

    technology: str
    heights: Heights
    stages: tuple[Stage, ...]
    is_sign: bool = False
    """Whether only the top column's bit is right, the others perhaps not made."""

    @property
    def cost(self) -> float:
        """What makes one plan cheaper than another: LUTs with passes (standard cells: gates), and stages."""
        return sum(_cost(stage) for stage in self.stages)

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
    """The cheapest plan found: by LUTs with passes (standard cells: gates) and stages, then stages, then carries.

    The same heights give the same plan.
    """
    known = TECHNOLOGIES[technology]
    found = _Search(known.stages, known.finish, compressed, known.bits_per_area).best(heights)
    assert found is not None, f"no plan for {heights}"
    return Plan(technology, heights, found.stages)


@cache
def plan_sign(heights: Heights, technology: str, constant: int = 0) -> Plan | None:
    """As `plan`, but for the top bit of constant + sum alone; the last counter knows the constant.

    None where no counter can take the heap and the constant; without constant below the top there is always one.
    """
    known = TECHNOLOGIES[technology]

    def after(heights: Heights, stage: Stage) -> Heights:
        return _living(compressed(heights, stage), constant)

    def finish(heights: Heights) -> Stage | None:
        return known.sign.finish(heights, constant)

    search = _Search(known.sign.stages, finish, after, known.bits_per_area)
    found = search.best(_living(heights, constant))
    return found and Plan(technology, heights, found.stages, is_sign=True)


def _living(heights: Heights, constant: int) -> Heights:
    """Without bits that the top one does not depend on."""
    first = alive(heights, constant)
    return (*(0 for _ in range(first)), *heights[first:])


def _cost(stage: Stage) -> float:
    area = area_of((stage,))
    return area.luts + area.passes + area.gates + WORTH_OF_STAGE


class _Found(NamedTuple):
    """What decides between ways to finish a heap, and the way."""

    area: float
    levels: int
    carries: int
    stages: tuple[Stage, ...]

    def after(self, stage: Stage) -> _Found:
        carries = self.carries + area_of((stage,)).carries
        return _Found(self.area + _cost(stage), self.levels + 1, carries, (stage, *self.stages))


_DONE = _Found(0, 0, 0, ())


class _Way(NamedTuple):
    """A next stage: what the heap becomes, what the stage takes, what it and all that must follow take at least."""

    bound: float
    cost: float
    after: Heights
    stage: Stage


class _Search:
    """Depth first over the ways to compress once, each heap planned once; ways that are too dear are not followed."""

    def __init__(
        self,
        stages: Stages,
        finish: Finish,
        compress: Callable[[Heights, Stage], Heights],
        bits_per_area: float,
    ) -> None:
        self.stages, self.finish, self.compress, self.bits_per_area = stages, finish, compress, bits_per_area
        self.known: dict[Heights, _Found] = {}
        self.failed: dict[Heights, float] = {}
        """Budgets within which a heap was not finished."""

    def best(self, heights: Heights, budget: float = inf) -> _Found | None:
        """The best way that takes no more than the budget."""
        if heights not in self.known and self.failed.get(heights, -inf) < budget:
            found = min(self._all(heights, budget), key=lambda found: found[:3], default=None)
            if found is None:
                self.failed[heights] = budget
                return None
            self.known[heights] = found
        found = self.known.get(heights)
        return found if found and found.area <= budget else None

    def _all(self, heights: Heights, budget: float) -> Iterator[_Found]:
        end = self.finish(heights)
        found = None if end is None else _DONE.after(end) if end else _DONE
        if found and found.area <= budget:
            budget = found.area
            yield found
        for bound, cost, after, stage in self._ways(heights):
            rest = self.best(after, budget - cost) if bound <= budget else None
            if rest is not None:
                budget = rest.area + cost
                yield rest.after(stage)

    def _ways(self, heights: Heights) -> list[_Way]:
        """All that the heap may become, the most promising first; of equal results the first way."""
        if max(heights) <= 1:
            return []
        stages = [stage for stage in self.stages(heights) if stage]
        tried = stages if max(heights) <= HIGH else stages[:1]
        ways = {self.compress(heights, stage): stage for stage in reversed(tried)}
        return sorted((self._way(after, stage) for after, stage in ways.items()), key=lambda way: way.bound)

    def _way(self, after: Heights, stage: Stage) -> _Way:
        cost = _cost(stage)
        return _Way(cost + max(0, sum(after) - len(after)) / self.bits_per_area, cost, after, stage)
