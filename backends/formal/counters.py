"""What counters promise, as the headers of the library say it: sums of bits by weight that are equal.

Nothing here knows how a counter is made, or of plans. SAT has to prove the promise of each instance that occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mulfree.backends.formal.netlist import Instance

Weighted = tuple[tuple[int, int], ...]
"""(net, weight)"""


@dataclass(frozen=True)
class Counting:
    """The sum of weights times `takes` is that of 2^i times `gives`, modulo 2^(how many these are)."""

    instance: Instance
    takes: Weighted
    gives: tuple[int, ...]

    @property
    def most(self) -> int:
        """The largest that comes in; where weights are negative the sum wraps, which counts as an overflow."""
        if any(weight < 0 for _, weight in self.takes):
            return 1 << len(self.gives)
        return sum(weight for net, weight in self.takes if net != 0)

    @property
    def is_known(self) -> bool:
        """Whether it is a cell of Yosys, whose meaning is the language's."""
        return self.instance.kind.startswith("$")


def counting(instance: Instance) -> Counting | None:
    """None where the instance is no counter."""
    rule = RULES.get(instance.kind)
    if rule is None:
        return None
    return Counting(instance, tuple(rule(instance)), instance.result)


def _full_adder(instance: Instance) -> Iterator[tuple[int, int]]:
    yield from ((net, 1) for net in instance.ports["x"])


def _row(instance: Instance) -> Iterator[tuple[int, int]]:
    carry, *pairs = instance.ports["x"]
    if instance.number("CARRY"):
        yield carry, 1
    yield from ((net, 1 << i // 2) for i, net in enumerate(pairs))


def _ternary(instance: Instance) -> Iterator[tuple[int, int]]:
    x = instance.ports["x"]
    yield from ((net, 1) for net in x[:2])
    yield from ((net, 1 << i // 3) for i, net in enumerate(x[2:]))


SHAPES = ((1, 1, 1, 1, 1, 1), (1, 1, 1, 1, 2, 0), (1, 1, 2, 2, 0, 0), (0,) * 6)
"""What the six bits of each kind of atom count for."""


def _chain(instance: Instance) -> Iterator[tuple[int, int]]:
    carry, *bits = instance.ports["x"]
    kinds = instance.number("KINDS")
    yield carry, 1
    for i in range(instance.number("ATOMS")):
        shape = SHAPES[kinds >> 2 * i & 3]
        for net, weight in zip(bits[6 * i : 6 * i + 6], shape, strict=True):
            yield from [(net, weight << 2 * i)] if weight else []


def _sum(instance: Instance) -> Iterator[tuple[int, int]]:
    yield from _word(instance, "A", 1)
    yield from _word(instance, "B", 1)


def _difference(instance: Instance) -> Iterator[tuple[int, int]]:
    yield from _word(instance, "A", 1)
    yield from _word(instance, "B", -1)


def _negative(instance: Instance) -> Iterator[tuple[int, int]]:
    yield from _word(instance, "A", -1)


def _word(instance: Instance, port: str, sign: int) -> Iterator[tuple[int, int]]:
    nets = instance.ports[port]
    *below, top = ((net, sign << i) for i, net in enumerate(nets))
    yield from below
    yield top[0], -top[1] if instance.number(f"{port}_SIGNED") else top[1]


RULES: dict[str, Callable[[Instance], Iterator[tuple[int, int]]]] = {
    "heap_full_adder": _full_adder,
    "heap_half_adder": _full_adder,
    "heap_row": _row,
    "heap_ternary": _ternary,
    "heap_chain": _chain,
    "$add": _sum,
    "$sub": _difference,
    "$neg": _negative,
}
"""The numbers that come in, by kind."""
