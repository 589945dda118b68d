"""The end of a reducing stage: partial results of a run of steps become one token.

Partial results that are stored as an index add up as indices: the index of a sum is the sum of the indices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mulfree.ir import IntRange
from mulfree.rtl import cells
from mulfree.rtl.actors import Stepper, every_step
from mulfree.rtl.cell import Cell
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, handshake, instance


def run_of(steps: int) -> Stepper:
    """An actor that takes a token every step and gives one at the end of every run."""
    return every_step() if steps == 1 else Stepper(np.ones((1, steps), bool), np.arange(steps)[None] == steps - 1)


class Reduction(Protocol):
    """How the shares of a run of steps become the results of a stage's output lanes."""

    @property
    def starts(self) -> tuple[int, ...]:
        """The state of one output lane before the first step: a stored number for each lane of its share."""
        ...

    def circuits(self, result: IntRange) -> dict[str, Circuit]:
        """`step`: (state, partial) to y where there are several steps; `finish`: the last y to the result."""
        ...


Reduce = Callable[[IntRange, int, int], Reduction]
"""From the range of a share, the number of steps and of output lanes to the reduction."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of `steps` shares of a range, in `lanes` lanes."""

    share: IntRange
    steps: int
    lanes: int

    @property
    def state(self) -> IntRange:
        """Range of the stored sum, which starts at 0."""
        step = stored_number(self.share)
        return IntRange(min(0, step.lo * self.steps), max(0, step.hi * self.steps)) if self.steps > 1 else step

    @property
    def starts(self) -> tuple[int, ...]:
        return (0,)

    def circuits(self, result: IntRange) -> dict[str, Circuit]:
        finish = finishing(self.state, self.share.scaled(self.steps), self.lanes, result)
        return {"finish": finish} if self.steps == 1 else {"step": self._step(), "finish": finish}

    def _step(self) -> Circuit:
        return stepping(cells.ADD, self.state, stored_number(self.share), self.lanes)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The largest or smallest of `steps` numbers of a range, in `lanes` lanes."""

    cell: Cell
    share: IntRange
    steps: int
    lanes: int

    def circuits(self, result: IntRange) -> dict[str, Circuit]:
        number = stored_number(self.share)
        finish = finishing(number, self.share, self.lanes, result)
        step = stepping(self.cell, number, number, self.lanes)
        return {"finish": finish} if self.steps == 1 else {"step": step, "finish": finish}

    @property
    def starts(self) -> tuple[int, ...]:
        """The number that leaves every other as it is."""
        number = stored_number(self.share)
        return (number.lo if self.cell is cells.MAX else number.hi,)


@dataclass(frozen=True, slots=True)
class MaxPlusMin:
    """The largest of the shares' first lanes plus the smallest of their second ones, for `lanes` output lanes."""

    share: IntRange
    steps: int
    lanes: int

    @property
    def starts(self) -> tuple[int, ...]:
        return (self.share.lo, self.share.hi)

    def circuits(self, result: IntRange) -> dict[str, Circuit]:
        finish = {"finish": self._finish(result)}
        return finish if self.steps == 1 else {"step": self._step(), **finish}

    def _halves(self, circuit: Circuit, wire: Wire) -> tuple[Wire, Wire]:
        pairs = range(0, 2 * self.lanes, 2)
        return circuit.drive(cells.pick(pairs), wire), circuit.drive(cells.pick([i + 1 for i in pairs]), wire)

    def _step(self) -> Circuit:
        circuit = Circuit()
        state, partial = (circuit.input(name, self.share, 2 * self.lanes) for name in ("state", "partial"))
        (most, least), (x, y) = self._halves(circuit, state), self._halves(circuit, partial)
        ends = circuit.drive(cells.JOIN, circuit.drive(cells.MAX, most, x), circuit.drive(cells.MIN, least, y))
        in_pairs = [half * self.lanes + i for i in range(self.lanes) for half in (0, 1)]
        circuit.output("y", circuit.drive(cells.pick(in_pairs), ends))
        return circuit

    def _finish(self, result: IntRange) -> Circuit:
        circuit = Circuit()
        most, least = self._halves(circuit, circuit.input("total", self.share, 2 * self.lanes))
        circuit.output("y", circuit.cast(circuit.drive(cells.ADD, most, least), result))
        return circuit


def start_parameters(reduction: Reduction) -> dict[str, int]:
    """The starts among a stage's parameters."""
    return {f"start_{i}": start for i, start in enumerate(reduction.starts)}


def stored_number(range: IntRange) -> IntRange:
    """Range of the stored word as a number: of the index where there is one."""
    return IntRange(0, range.count - 1) if range.is_coded else range


def stepping(cell: Cell, state: IntRange, share: IntRange, lanes: int) -> Circuit:
    """y = cell(state, partial), which is known to stay within the state's range."""
    circuit = Circuit()
    y = circuit.drive(cell, circuit.input("state", state, lanes), circuit.input("partial", share, lanes))
    circuit.output("y", circuit.cast(y, state))
    return circuit


def finishing(stored: IntRange, meant: IntRange, lanes: int, result: IntRange) -> Circuit:
    """y: the stored number, an index into the range `meant` if that has a step, as an element of `result`."""
    circuit = Circuit()
    number = circuit.input("total", stored, lanes)
    if meant.is_coded:
        number = circuit.drive(cells.from_index(meant), number)
    circuit.output("y", circuit.cast(number, result))
    return circuit


def reduction_text(stage: Stage, steps: int, source: str = "step") -> tuple[list[str], list[str]]:
    """Statements from partial and <source>_* to the stage's output, and the modules of the circuits."""
    total = stage.circuits["finish"].inputs[0].type
    declared = [f"logic [{total.bits - 1}:0] total;"]
    finish = circuit_instance(stage, "finish", {"total": "total", "y": "m_data"})
    parts = [circuit_text(stage, "finish", "A finished result as it is sent")]
    if steps == 1:
        return [*declared, *_register(total.bits, source), finish], parts
    starts = total.range.encode(np.array([v for k, v in stage.parameters.items() if k.startswith("start_")])).tolist()
    packed = sum(starts[i % len(starts)] << (i * total.element_bits) for i in range(total.lanes))
    reduce = instance(
        "step_reduce",
        "u_reduce",
        {"WIDTH": total.bits, "START": literal(total.bits, packed)},
        {
            **CLOCK,
            **{f"s_{part}": f"{source}_{part}" for part in ("valid", "last", "ready")},
            "state": "state",
            "next": "next",
            **handshake("m", "m"),
            "m_data": "total",
        },
    )
    step = circuit_instance(stage, "step", {"state": "state", "partial": "partial", "y": "next"})
    state = f"logic [{total.bits - 1}:0] state, next;"
    return [*declared, state, step, reduce, finish], [circuit_text(stage, "step", "The state after a step"), *parts]


def _register(bits: int, source: str) -> list[str]:
    ports = {**CLOCK, **handshake("s", source), **handshake("m", "m"), "s_data": "partial", "m_data": "total"}
    unused = f"logic unused_last;\nassign unused_last = {source}_last;"
    return [unused, instance("stream_register", "u_register", {"WIDTH": bits}, ports)]
