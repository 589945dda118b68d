"""even_threshold: a monotone step function per channel whose thresholds are evenly spaced but for rounding.

The index is a quotient, bit by bit from the top, by division that restores nothing: after x 2^places - offset, each
step takes a shifted slope off what is 0 or more and adds it to what is less, and each sign is a bit. A channel has two
constants where a table has one for each of its steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.ir import BIT, AnyArray, IntArray, IntRange, Location, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import cells
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.pipeline import registers_within
from mulfree.rtl.stages.ascending import ascending, result_of, stored_numbers
from mulfree.rtl.stages.constants import channel_pattern, like
from mulfree.rtl.stages.even_steps import EvenSteps, even_steps
from mulfree.rtl.stages.pipelined import fetched_stage_text, pipelined_stage_text
from mulfree.rtl.stages.token_constants import Rows, constant_wires, memory_of

LEVELS = 2
"""Additions between registers."""


@dataclass(frozen=True)
class _Division:
    """What every channel's steps come to."""

    steps: EvenSteps
    falls: AnyArray
    """(channels,)"""
    top: int
    """The largest index."""

    @property
    def bits(self) -> int:
        return self.top.bit_length()

    def rows(self, channels: IntArray) -> Rows:
        """Constants of tokens whose lanes have these channels (tokens, lanes); the top bit's step is in the offset."""
        slope = self.steps.slope[channels]
        first = self.steps.offset[channels] + (slope << self.bits - 1)
        rows = {"slope": slope, "first": first, "falls": self.falls[channels].astype(np.int64)}
        return {key: (numbers, _range_of(key, numbers)) for key, numbers in rows.items()}


def _range_of(key: str, numbers: IntArray) -> IntRange:
    if key == "falls":
        return BIT
    return IntRange(min(0, int(numbers.min())), max(0, int(numbers.max())))


def even_threshold(
    name: str,
    x: Stream,
    value: Value[TensorType],
    op: Threshold,
    *,
    style: str = "auto",
    levels: int = LEVELS,
    target: str = GENERIC,
    location: Location | None = None,
) -> Stage | None:
    """y = op(x), element by element in the order and lanes of x, or None where thresholds are not evenly spaced.

    The channel is axis 0 of x.value. One cycle fetches the channel's constants, if they differ, and as many registers
    stand in the division as leave at most `levels` additions before each.
    """
    table, falls = ascending(x.type.range, op, x.value.type.shape[0])
    steps = even_steps(table, stored_numbers(x.type.range))
    if steps is None:
        return None
    division = _Division(steps, falls, op.levels.count - 1)
    rows = division.rows(channel_pattern(x))
    stored = {key: row for key, row in rows.items() if (row[0] != row[0][:1]).any()}
    circuit = _circuit(x, value, op, division, rows, stored)
    registers = registers_within(circuit, target, levels)
    fetch = (every_step(),) if stored else ()
    return Stage(
        name=name,
        module="even_threshold",
        inputs=(x,),
        outputs=(like(name, x, value),),
        actors=(*fetch, every_step(latency=registers)),
        parameters={"registers": registers},
        memories={"weights": memory_of(stored, style)} if stored else {},
        circuits={"map": circuit},
        location=location,
        target=target,
    )


def _circuit(
    x: Stream, value: Value[TensorType], op: Threshold, division: _Division, rows: Rows, stored: Rows
) -> Circuit:
    circuit, top = Circuit(), division.top
    word = circuit.input("x", stored_numbers(x.type.range), x.lanes)
    known = {key: row for key, row in rows.items() if key not in stored}
    constants = constant_wires(circuit, stored, is_stored=True) | constant_wires(circuit, known, is_stored=False)
    count = _quotient(circuit, word, constants["first"], constants["slope"], division)
    if top + 1 < 1 << division.bits:
        count = circuit.drive(cells.MIN, count, circuit.constant([top] * x.lanes))
    mixed = division.falls.any() and not division.falls.all()
    falls = constants["falls"] if mixed else bool(division.falls.all())
    result = result_of(circuit, circuit.cast(count, IntRange(0, top)), op.levels, falls, value.type.range)
    circuit.output("y", result)
    circuit.prune()
    return circuit


def _quotient(circuit: Circuit, x: Wire, first: Wire, slope: Wire, division: _Division) -> Wire:
    """How many steps x reaches, up to all that the bits can say."""
    rest = circuit.total([x, first], [1 << division.steps.places, -1])
    below = [_is_negative(circuit, rest)]
    for place in reversed(range(division.bits - 1)):
        rest = circuit.drive(cells.towards_zero(place), rest, slope)
        below.append(_is_negative(circuit, rest))
    weights = [-1 << place for place in reversed(range(division.bits))]
    return circuit.total(below, weights, (1 << division.bits) - 1)


def _is_negative(circuit: Circuit, wire: Wire) -> Wire:
    if wire.range.lo >= 0:
        return circuit.constant([0] * wire.lanes, BIT)
    return circuit.drive(cells.bit(wire.type.element_bits - 1), wire)


def even_threshold_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    purpose = f"evenly spaced thresholds, {stage.inputs[0].lanes} elements at a time, by division."
    if not stage.memories:
        return pipelined_stage_text(stage, purpose)
    return fetched_stage_text(stage, purpose, "The quotient", "Slopes and offsets by token")
