"""Arrival of the bits of a sum: counter by counter through the plan of its heap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from mulfree.rtl.heap import Heap, Plan
from mulfree.rtl.heap.counter import NO_AREA, UNUSED, Counter
from mulfree.rtl.heap.wiring import Place, Wired, wiring
from mulfree.rtl.timing.chain import added
from mulfree.rtl.timing.delays import Delays
from mulfree.rtl.timing.signal import NEVER, Signal, joined, leaf, table


def summed(delays: Delays, heap: Heap, plan: Plan, own: Signal) -> Signal:
    """`own`: the heap's bits in its order, (bits, lanes); the result: (lanes, bits of the sum that are made)."""
    lanes = own.shape[-1]
    stages, left = wiring(plan)
    own = _complemented(delays, heap, stages, own)
    # The last row is the constant 0.
    made, first = [own], [0]
    for wired in stages:
        first.append(first[-1] + made[-1].shape[0])
        made.append(_stage(delays, wired, _Bits(made, first, lanes)))
    result = _Bits(made, first, lanes).at(left)
    return Signal(*(np.moveaxis(part, 0, -1) for part in result))


def _complemented(delays: Delays, heap: Heap, stages: list[list[Wired]], own: Signal) -> Signal:
    """Complements before counters that cannot absorb them take a table, if none makes the bit anyway."""
    bits = [bit for column in heap.columns for bit in column]
    taken = [
        place[1]
        for wired in stages
        for placed, places in wired
        for place in places
        if place and place[0] == 0 and bits[place[1]].is_inverted and placed.counter.inverter != NO_AREA
    ]
    if not taken:
        return own
    result = Signal(*(part.copy() for part in own))
    for whole, part in zip(result, table(delays, own[taken]), strict=True):
        whole[taken] = part
    return result


class _Bits:
    """All bits made so far, one below the other, and a 0."""

    def __init__(self, made: list[Signal], first: list[int], lanes: int) -> None:
        self.first = first
        self.all = joined([*made, leaf(NEVER, (1, lanes))], axis=0)

    def at(self, places: list[Place | None]) -> Signal:
        """(places, lanes)"""
        zero = self.all.shape[0] - 1
        return self.all[np.array([self.first[p[0]] + p[1] if p else zero for p in places], dtype=np.int64)]


def _stage(delays: Delays, wired: list[Wired], bits: _Bits) -> Signal:
    """What the counters give, in their order; equal ones at once."""
    alike: dict[Counter, list[int]] = defaultdict(list)
    for number, (placed, _) in enumerate(wired):
        alike[placed.counter].append(number)
    given = np.cumsum([0, *(placed.counter.gives for placed, _ in wired)])
    lanes = bits.all.shape[-1]
    result = Signal(*(np.zeros((int(given[-1]), lanes), part.dtype) for part in bits.all))
    for counter, numbers in alike.items():
        places = [place for number in numbers for place in wired[number][1]]
        x = bits.at(places).reshape(len(numbers), len(counter.ports), lanes)
        y = _counted(delays, counter, Signal(*(np.moveaxis(part, 1, -1) for part in x)))
        rows = given[numbers][:, None] + np.arange(counter.gives)
        for whole, part in zip(result, y, strict=True):
            whole[rows] = np.moveaxis(part, -1, 1)
    return result


def _counted(delays: Delays, counter: Counter, x: Signal) -> Signal:
    """From (counters, lanes, ports) to (counters, lanes, bits of the result)."""
    return _COUNTERS[counter.module](delays, counter, x)


def _adder(delays: Delays, counter: Counter, x: Signal) -> Signal:
    """A full or a half adder: each bit a table."""
    bit = table(delays, *(x[..., i] for i in range(x.shape[-1])))
    return Signal(*(np.stack([part] * counter.gives, axis=-1) for part in bit))


def _row(delays: Delays, counter: Counter, x: Signal) -> Signal:
    """Two rows of bits, and below them a carry, which takes a column of its own."""
    values = dict(counter.parameters)
    first, second, total = x[..., 1::2], x[..., 2::2], int(values["SUM"])
    if values["CARRY"] == "0":
        return added(delays, total, first, second)
    below = leaf(NEVER, (*x.shape[:-1], 1))
    rows = joined([below, first]), joined([x[..., :1], second])
    return added(delays, total + 1, *rows)[..., 1:]


def _primitives(delays: Delays, counter: Counter, x: Signal) -> Signal:
    """Tables and carries that stand in the text as such: a table before a chain, which swallows nothing.

    A bit's place on the chain is its column; each table may wait for that of the column below.
    """
    width = max(port for port in counter.ports) + 1
    latest = np.full((*x.shape[:-1], width), NEVER)
    for index, port in enumerate(counter.ports):
        if port != UNUSED:
            latest[..., port] = np.maximum(latest[..., port], x.at[..., index])
    if counter.module != "heap_chain":
        latest[..., 1:] = np.maximum(latest[..., 1:], latest[..., :-1] + delays.lut)
    steps = np.arange(width) * delays.carry
    carries = np.maximum.accumulate(latest + delays.chain - steps, axis=-1) + steps
    places = np.clip(np.arange(counter.gives) + counter.lowest, 0, width - 1)
    return leaf(np.asarray(carries[..., places] + delays.leave, dtype=np.float64))


def _primitive(delays: Delays, counter: Counter, x: Signal) -> Signal:
    """A table of two outputs that swallows nothing."""
    at = x.at.max(axis=-1, keepdims=True) + delays.lut
    return leaf(np.repeat(at, counter.gives, axis=-1))


def _full_adder(delays: Delays, counter: Counter, x: Signal) -> Signal:
    return (
        _primitive(delays, counter, x)
        if delays.lut_inputs > 4 and not counter.area.gates
        else _adder(delays, counter, x)
    )


_COUNTERS: dict[str, Callable[[Delays, Counter, Signal], Signal]] = {
    "heap_full_adder": _full_adder,
    "heap_half_adder": _adder,
    "heap_row": _row,
    "heap_chain": _primitives,
    "heap_ternary": _primitives,
    "heap_carry": _primitives,
    "heap_table": _adder,
}
