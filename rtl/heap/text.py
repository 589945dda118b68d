"""Verilog of a heap: its bits, then counter by counter, then the row that is left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby

from mulfree.rtl.heap.bits import Bit, Heap
from mulfree.rtl.heap.counter import UNUSED, Placed, Stage
from mulfree.rtl.heap.plan import Plan

Name = Callable[[Bit], str]
"""What a bit is called in Verilog."""
Place = tuple[int, int]
"""A bit of a plan: the vector (0: the heap's own bits, s: what stage s gave) and its index there."""
Columns = list[deque[Place]]


def heap_lines(name: str, heap: Heap, plan: Plan, name_of: Name) -> tuple[list[str], str]:
    """Statements, and the expression of the sum; signals and instances are called <name>_*."""
    bits = [bit for column in heap.columns for bit in column]
    lines = [f"logic [{len(bits) - 1}:0] {name}_0;", f"assign {name}_0 = {_joined([name_of(b) for b in bits])};"]
    columns = _first_columns(heap)
    for number, stage in enumerate(plan.stages, 1):
        lines += _stage_lines(name, number, stage, columns)
    row = [_text(name, [column[0]]) if column else "1'b0" for column in columns]
    return (lines if bits else []), _joined(row)


def _first_columns(heap: Heap) -> Columns:
    numbers = iter(range(sum(heap.heights)))
    return [deque((0, next(numbers)) for _ in column) for column in heap.columns]


def _stage_lines(name: str, number: int, stage: Stage, columns: Columns) -> list[str]:
    """Takes the oldest bits of the columns, and gives theirs back."""
    lines = [f"logic [{sum(placed.counter.gives for placed in stage) - 1}:0] {name}_{number};"]
    given = list[tuple[int, Place]]()
    for index, placed in enumerate(stage):
        taken = [None if port == UNUSED else columns[placed.column + port].popleft() for port in placed.counter.ports]
        y = f"{name}_{number}[{len(given) + placed.counter.gives - 1}:{len(given)}]"
        lines.append(_instance(placed, f"u_{name}_{number}_{index}", _text(name, taken), y))
        given += [(placed.column + k, (number, len(given) + k)) for k in range(placed.counter.gives)]
    for column, place in given:
        if column < len(columns):
            columns[column].append(place)
    return lines


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
