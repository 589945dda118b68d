"""The few delays of a technology that all paths are made of, and the same as counts of cells."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from mulfree.rtl.cost.target import target_named


@dataclass(frozen=True, slots=True)
class Delays:
    """Nanoseconds; every step includes the wire to it of typical length."""

    lut_inputs: int
    """Inputs of a table, wide multiplexers beside it included; 2 where there are gates."""
    clock_to_out: float
    """From the clock's edge to a register's output, and the time that the next register needs before its edge."""
    lut: float
    """Through a table."""
    chain: float
    """Onto a carry chain and past its first bit."""
    carry: float
    """Past each further bit."""
    doubling: float
    """For each doubling of the bits of an adder, where carries are looked ahead; 0 where they ripple."""
    leave: float
    """From a carry to the sum's bit or to logic."""
    enable: float
    """To the clock enables of registers."""
    fan_out: float
    """For each doubling of what a signal goes to."""
    block: float
    """From the clock's edge to the output of a block memory, beyond a register's."""
    absorbs: bool = False
    """Whether the table behind a carry takes further logic."""
    splits: bool = False
    """Whether a carry that logic reads ends its chain."""
    shortest_chain: int = 0
    """Bits of an adder up to which tables are taken instead of a chain."""

    @classmethod
    def fitted(cls) -> tuple[str, ...]:
        """Names of those that are fitted."""
        known = ("lut_inputs", "absorbs", "splits", "shortest_chain", "doubling")
        return tuple(field.name for field in fields(cls) if field.name not in known)


def _cells(lut_inputs: int, chain: float, carry: float, leave: float, **others: float) -> Delays:
    rest = {"clock_to_out": 0.0, "lut": 1.0, "enable": 0.0, "fan_out": 0.0, "block": 1.0, "doubling": 0.0, **others}
    return Delays(lut_inputs, chain=chain, carry=carry, leave=leave, **rest)  # type: ignore[arg-type]


CELLS = {
    "xc7": _cells(6, chain=2.0, carry=0.25, leave=0.0),
    "xcup": _cells(6, chain=2.0, carry=0.125, leave=0.0),
    "ice40": _cells(4, chain=1.0, carry=1.0, leave=1.0, absorbs=True),
    "ecp5": _cells(4, chain=1.0, carry=0.5, leave=0.0, shortest_chain=4, splits=True),
    "gowin": _cells(4, chain=1.0, carry=1.0, leave=0.0),
    "asic": _cells(2, chain=2.0, carry=0.0, leave=1.0, doubling=2.0),
}
"""By target: a step is a cell of the technology, as Yosys counts them on the longest path."""


def cells_of(target: str) -> Delays:
    """Of a target without a row, those of its tables alone."""
    if target in CELLS:
        return CELLS[target]
    return _cells(target_named(target).lut_inputs or 2, chain=1.0, carry=1.0, leave=0.0)


UNPLACED = {
    "xc7": replace(
        CELLS["xc7"],
        clock_to_out=0.3,
        lut=0.72,
        chain=1.1,
        carry=0.03,
        leave=0.22,
        enable=0.41,
        block=2.15,
    )
}
"""Of targets that no open tool places: cells as in Yosys' models of them, every wire 0.3 ns, as its abc9 flow takes."""
