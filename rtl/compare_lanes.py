"""Comparisons of a circuit's sums with constants, made as the last step of these sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mulfree.ir import BIT, IntRange
from mulfree.rtl import cells
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.heap import Summation, Weights
from mulfree.rtl.wires import WireType

_BIT = WireType(BIT)


class Step(NamedTuple):
    """1 where a number is the threshold or more, else 0; where it falls, the other way round."""

    threshold: int
    falls: bool = False


def compare_lanes(circuit: Circuit, y: Wire, steps: Sequence[Step], target: str) -> Wire:
    """A bit for each lane of y, by the lane's step.

    A lane that is a heap which nothing else reads becomes the carry of that heap, where this costs no more on `target`
    than to compare the sum. What nothing reads any more is left to `Circuit.prune`.
    """
    readers = Counter(operand for wire in circuit.wires for operand in wire.operands)
    lanes = [_source(circuit, y, lane) for lane in range(y.lanes)]
    return circuit.drive(
        cells.JOIN,
        *(_compared(circuit, lane, step, target, readers[lane] <= 1) for lane, step in zip(lanes, steps, strict=True)),
    )


def _source(circuit: Circuit, wire: Wire, lane: int) -> Wire:
    """A wire of one lane with the number of this one: where it is made, before it is stored and joined."""
    if wire.cell and wire.cell.name in ("encode", "decode"):
        return _source(circuit, wire.operands[0], lane)
    if wire.cell and wire.cell.name == "join":
        for operand in wire.operands:
            if lane < operand.lanes:
                return _source(circuit, operand, lane)
            lane -= operand.lanes
    return wire if wire.lanes == 1 else circuit.drive(cells.pick((lane,)), wire)


def _compared(circuit: Circuit, lane: Wire, step: Step, target: str, is_free: bool) -> Wire:
    """`is_free`: nothing else reads the lane."""
    if not lane.range.lo < step.threshold <= lane.range.hi:
        return circuit.constant([int((step.threshold <= lane.range.lo) != step.falls)])
    word = _sign(Summation((1,)), lane.range, step)
    made = lane.cell.summation if lane.cell else None
    if made is None or not made.is_across or made.of_words or made.is_sign or not is_free:
        return circuit.drive(cells.sign(word), lane)
    whole, types = _sign(made, lane.range, step), tuple(x.type for x in lane.operands)
    apart = _cost(made, lane.type, types, target) + _cost(word, _BIT, (lane.type,), target)
    if apart < _cost(whole, _BIT, types, target):
        return circuit.drive(cells.sign(word), lane)
    return circuit.drive(cells.sign(whole), *lane.operands)


def _sign(sum: Summation, range: IntRange, step: Step) -> Summation:
    """s >= t as s - t >= 0; s < t as t - 1 - s >= 0, for a sum s of a range."""
    t = step.threshold
    if not step.falls:
        held = IntRange(range.lo - t, range.hi - t)
        return replace(sum, constant=sum.constant - t, held=held, is_sign=True)
    held = IntRange(t - 1 - range.hi, t - 1 - range.lo)
    return Summation(_negated(sum.weights), t - 1 - sum.constant, held=held, is_sign=True)


def _negated(weights: Weights) -> Weights:
    return tuple(-of if isinstance(of, int) else tuple(-w for w in of) for of in weights)


def _cost(sum: Summation, out: WireType, operands: tuple[WireType, ...], target: str) -> float:
    return sum.planned(out, operands, target)[1].cost
