"""Verilog of a heap: its bits, then counter by counter, then the row that is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from mulfree.rtl.heap.bits import Bit, Heap
from mulfree.rtl.heap.counter import Placed
from mulfree.rtl.heap.plan import Plan
from mulfree.rtl.heap.wiring import Place, Wired, wiring

Name = Callable[[Bit], str]
"""What a bit is called in Verilog."""
TextOf = Callable[[Sequence[Place | None]], str]
"""The expression of a vector of bits, the first lowest; 0 where there is none."""


def heap_lines(name: str, heap: Heap, plan: Plan, name_of: Name) -> tuple[list[str], str]:
    """Statements, and the expression of the sum; signals and instances are called <name>_*."""
    bits = [bit for column in heap.columns for bit in column]
    lines = [f"logic [{len(bits) - 1}:0] {name}_0;", f"assign {name}_0 = {_joined([name_of(b) for b in bits])};"]
    stages, left = wiring(plan)
    for number, wired in enumerate(stages, 1):
        lines += stage_lines(name, number, wired, lambda places: _text(name, places))
    row = ["1'b0" if place is None else _text(name, [place]) for place in left]
    if heap.is_top_inverted:
        row[-1] = f"~{row[-1]}"
    return (lines if bits else []), _joined(row)


def stage_lines(name: str, number: int, wired: Sequence[Wired], text_of: TextOf) -> list[str]:
    """The counters of a stage; what they give is the vector <name>_<number>, in their order."""
    lines, low = [f"logic [{given(wired) - 1}:0] {name}_{number};"], 0
    for index, (placed, taken) in enumerate(wired):
        high = low + placed.counter.gives
        lines.append(
            _instance(placed, f"u_{name}_{number}_{index}", text_of(taken), f"{name}_{number}[{high - 1}:{low}]")
        )
        low = high
    return lines


def given(wired: Sequence[Wired]) -> int:
    """Bits that the counters of a stage give."""
    return sum(placed.counter.gives for placed, _ in wired)


def _instance(placed: Placed, instance: str, x: str, y: str) -> str:
    values = ", ".join(f".{key}({value})" for key, value in placed.counter.parameters)
    parameters = f" #({values})" if values else ""
    return f"{placed.counter.module}{parameters} {instance} (.x({x}), .y({y}));"


def _text(name: str, places: Sequence[Place | None]) -> str:
    """A vector of bits, the first lowest; neighbours in a vector are written as a slice."""
    numbered = enumerate(places)
    runs = groupby(numbered, lambda item: item[1] and (item[1][0], item[1][1] - item[0]))
    return _joined([_slice(name, [place for _, place in run]) for _, run in runs])


def _slice(name: str, run: Sequence[Place | None]) -> str:
    first, last = run[0], run[-1]
    if first is None or last is None:
        return f"{len(run)}'h0"
    index = f"{last[1]}:{first[1]}" if len(run) > 1 else f"{first[1]}"
    return f"{name}_{first[0]}[{index}]"


def _joined(parts: Sequence[str]) -> str:
    """The first in the least significant bits."""
    return parts[0] if len(parts) == 1 else f"{{{', '.join(reversed(parts))}}}"
