"""Where registers stand in a circuit: after which levels of logic, and which bits they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, pairwise

from mulfree.rtl.cell_moves import CONSTANT
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.pipeline.netlist import Bit, Netlist, netlist
from mulfree.rtl.remembered import remembered

Cuts = tuple[int, ...]
"""Levels of logic before each register, in order."""


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A netlist, and registers that cut it: each bit made before a register and read after it is held there."""

    netlist: Netlist
    cuts: Cuts

    @cached_property
    def bits(self) -> int:
        """Flip-flops of all registers."""
        return sum(self.held)

    @cached_property
    def held(self) -> tuple[int, ...]:
        """For each vector, flip-flops that hold a bit of it."""
        found = [0] * len(self.netlist.vectors)
        for (vector, _), until in _read_until(self.netlist).items():
            found[vector] += sum(self.netlist.levels[vector] <= cut < until for cut in self.cuts)
        return tuple(found)

    @property
    def longest(self) -> float:
        """The most levels between two registers, or before the first, as a share of all levels."""
        return max((b - a for a, b in pairwise((0, *self.cuts))), default=0) / max(1, self.deepest)

    @property
    def rest(self) -> float:
        """Levels behind the last register, as a share of all levels."""
        return (self.deepest - self.cuts[-1]) / max(1, self.deepest)

    @property
    def deepest(self) -> int:
        return max(self.netlist.levels, default=0)

    @cached_property
    def first(self) -> tuple[int, ...]:
        """For each vector, how many registers stand before it."""
        return tuple(sum(cut < level for cut in self.cuts) for level in self.netlist.levels)

    @cached_property
    def last(self) -> tuple[int, ...]:
        """For each vector, how many registers stand before the last that reads it."""
        found = list(self.first)
        for at, vector in zip(self.first, self.netlist.vectors, strict=True):
            for bit in vector.reads:
                if bit.vector != CONSTANT:
                    found[bit.vector] = max(found[bit.vector], at)
        for bit in _outputs(self.netlist):
            found[bit.vector] = len(self.cuts)
        return tuple(found)


def pipeline(circuit: Circuit, technology: str, registers: int, following: int | None = None) -> Pipeline:
    """`registers` >= 1 registers, with as few levels of logic as can be between them.

    The last stands behind everything; or, where a register of the reader's stands `following` levels behind the
    circuit, anywhere, so that these count as well. Of such places, those are taken where the fewest bits pass.
    """
    made = netlist(circuit, technology)
    crossing = _crossing(made)
    if following is None:
        return Pipeline(made, _cuts(crossing, registers))
    own = _cuts([*crossing, *crossing[-1:] * following], registers + 1)[:-1]
    return Pipeline(made, tuple(min(cut, len(crossing) - 1) for cut in own))


@remembered
def register_bits(circuit: Circuit, technology: str, registers: int) -> int:
    """Flip-flops of so many registers in the circuit."""
    return pipeline(circuit, technology, registers).bits


@remembered
def depth(circuit: Circuit, technology: str) -> int:
    """Levels of logic on the longest way: counters of heaps, and cells that compute."""
    return max(netlist(circuit, technology).levels, default=0)


def registers_within(circuit: Circuit, technology: str, levels: int, following: int | None = None) -> int:
    """How many registers leave at most so many levels of logic before each; see `pipeline` for `following`.

    The last behind everything is always there, so it is 1 at least; without it, 0.
    """
    if following is None:
        return max(1, -(-depth(circuit, technology) // levels))
    return max(0, -(-(depth(circuit, technology) + following) // levels) - 1)


def _outputs(netlist: Netlist) -> list[Bit]:
    return [bit for bits in netlist.outputs.values() for bit in bits if bit.vector != CONSTANT]


def _read_until(netlist: Netlist) -> dict[tuple[int, int], int]:
    """For each bit, as vector and place, after how many levels its last reader is made; an output after all."""
    found: dict[tuple[int, int], int] = {}
    for level, vector in zip(netlist.levels, netlist.vectors, strict=True):
        for bit in vector.reads:
            found[bit[:2]] = max(level, found.get(bit[:2], 0))
    deepest = max(netlist.levels, default=0)
    found |= {bit[:2]: deepest + 1 for bit in _outputs(netlist)}
    return {bit: level for bit, level in found.items() if bit[0] != CONSTANT}


def _crossing(netlist: Netlist) -> list[int]:
    """For each number of levels, the bits that are made within them and read beyond."""
    deepest = max(netlist.levels, default=0)
    changes = [0] * (deepest + 2)
    for (source, _), level in _read_until(netlist).items():
        changes[netlist.levels[source]] += 1
        changes[level] -= 1
    return [*accumulate(changes)][: deepest + 1]


def _cuts(crossing: Sequence[int], registers: int) -> Cuts:
    deepest = len(crossing) - 1
    longest = -(-deepest // registers)

    @cache
    def best(end: int, left: int) -> tuple[int, Cuts] | None:
        """The fewest bits of `left` registers, the last of them after `end` levels."""
        if left == 1:
            return (crossing[end], (end,)) if end <= longest else None
        ways = [way for start in range(max(0, end - longest), end + 1) if (way := best(start, left - 1))]
        return min(((bits + crossing[end], (*cuts, end)) for bits, cuts in ways), default=None)

    found = best(deepest, registers)
    assert found is not None, "as many registers as there are cannot be too few"
    return found[1]
