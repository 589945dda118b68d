"""Where registers stand in a circuit: after which levels of logic, and which bits they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate

from mulfree.rtl.cell_moves import CONSTANT
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.pipeline.netlist import Bit, Netlist, netlist
from mulfree.rtl.remembered import remembered

Cuts = tuple[int, ...]
"""Levels of logic before each register, in order; the last is all of them."""


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A netlist, and registers that cut it: each bit made before a register and read after it is held there."""

    netlist: Netlist
    cuts: Cuts

    @cached_property
    def bits(self) -> int:
        """Flip-flops of all registers."""
        crossing = _crossing(self.netlist)
        return sum(crossing[cut] for cut in self.cuts)

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


def pipeline(circuit: Circuit, technology: str, registers: int) -> Pipeline:
    """`registers` >= 1 registers, the last behind everything, with as few levels of logic as can be between them.

    Of such places, those are taken where the fewest bits pass. A cell of several levels is not cut.
    """
    made = netlist(circuit, technology)
    return Pipeline(made, _cuts(_crossing(made), registers))


@remembered
def register_bits(circuit: Circuit, technology: str, registers: int) -> int:
    """Flip-flops of so many registers in the circuit."""
    return pipeline(circuit, technology, registers).bits


@remembered
def depth(circuit: Circuit, technology: str) -> int:
    """Levels of logic on the longest way: counters of heaps, and cells that compute."""
    return max(netlist(circuit, technology).levels, default=0)


def registers_within(circuit: Circuit, technology: str, levels: int) -> int:
    """How many registers leave at most so many levels of logic before each."""
    return max(1, -(-depth(circuit, technology) // levels))


def _outputs(netlist: Netlist) -> list[Bit]:
    return [bit for bits in netlist.outputs.values() for bit in bits if bit.vector != CONSTANT]


def _crossing(netlist: Netlist) -> list[int]:
    """For each number of levels, the bits that are made within them and read beyond."""
    read_at: dict[tuple[int, int], int] = {}
    for level, vector in zip(netlist.levels, netlist.vectors, strict=True):
        for bit in vector.reads:
            read_at[bit[:2]] = max(level, read_at.get(bit[:2], 0))
    deepest = max(netlist.levels, default=0)
    read_at |= {bit[:2]: deepest + 1 for bit in _outputs(netlist)}
    changes = [0] * (deepest + 2)
    for (source, _), level in read_at.items():
        if source != CONSTANT:
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
