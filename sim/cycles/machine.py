"""A net as registers and counters, for the stepped model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mulfree.rtl.actors import Buffered, Fifo, Stepper
from mulfree.sim.cycles.net import OUTSIDE, Net, Unit
from mulfree.sim.cycles.schedule import step_masks
from mulfree.sim.cycles.tables import Numbers, Rows
from mulfree.sim.patterns import Pattern

Table = npt.NDArray[np.int64]

# Units. COUNT: words in a queue; WRITTEN, FREED: words of a window since reset; PROGRAM: where its steps begin.
KIND, PORTS, INPUTS, OUTPUTS, PROGRAM, PERIOD, STEP, DEPTH, COUNT, WORDS, FRAME, WRITTEN, FREED = range(13)
UNIT_FIELDS = 13
STEPS, QUEUE, WINDOW = range(3)

# Wires. FULL: a bit per register on the way, the one that offers its token in the highest of LENGTH bits.
LENGTH, FULL, IS_TAKEN, DONE, LIMIT, RECORD, GIVER, PATTERN, PATTERN_PERIOD, PHASE = range(10)
WIRE_FIELDS = 10


class Machine(NamedTuple):
    """One row per unit and wire. `steps` are masks of ports; `needs`, `frees` programs; `record` cycles per wire."""

    units: Rows
    wires: Rows
    ports: Numbers
    sources: Numbers
    sinks: Numbers
    steps: Numbers
    needs: Numbers
    frees: Numbers
    patterns: Numbers
    record: Numbers


def machine(net: Net, frames: int, valid: Sequence[Pattern], ready: Sequence[Pattern]) -> Machine:
    """The machine in reset, with room to record the transfers of all frames."""
    assert all(len(unit.programs) in (0, frames) for unit in net.units), "there is a program for each frame, or none"
    programs = [program for unit in net.units for program in _programs(unit)]
    windows = [unit.actor for unit in net.units if isinstance(unit.actor, Buffered)]
    return Machine(
        _units(net),
        _wires(net, frames, valid, ready),
        np.array([wire for unit in net.units for wire in (*unit.inputs, *unit.outputs)], np.int64),
        np.array(net.sources, np.int64),
        np.array(net.sinks, np.int64),
        _joined([step_masks(program) for program in programs]),
        _joined([actor.needs for actor in windows]),
        _joined([actor.frees for actor in windows]),
        _joined([pattern.astype(np.int64) for pattern in [*valid, *ready]]),
        np.full(frames * sum(wire.tokens for wire in net.wires), -1, np.int64),
    )


def _units(net: Net) -> Table:
    table = np.zeros((len(net.units), UNIT_FIELDS), np.int64)
    ports, used = 0, {STEPS: 0, QUEUE: 0, WINDOW: 0}
    for row, unit in zip(table, net.units, strict=True):
        kind, period, depth, words = _shape(unit)
        row[: COUNT + 1] = [kind, ports, len(unit.inputs), len(unit.outputs), used[kind], period, 0, depth, 0]
        row[WORDS] = words
        ports += len(unit.inputs) + len(unit.outputs)
        used[kind] += period
    return table


def _programs(unit: Unit) -> Sequence[Stepper]:
    """What a counter runs through before it starts again: one program, or those of all frames."""
    if unit.programs:
        return unit.programs
    return [unit.actor] if isinstance(unit.actor, Stepper) else []


def _shape(unit: Unit) -> tuple[int, int, int, int]:
    """(kind, length of the program, depth, words per frame)."""
    match unit.actor:
        case Stepper():
            return STEPS, sum(program.period for program in _programs(unit)), 0, 0
        case Fifo(depth=depth):
            return QUEUE, 0, depth, 0
        case Buffered(tokens=tokens, needs=needs, depth=depth):
            return WINDOW, len(needs), depth, tokens


def _wires(net: Net, frames: int, valid: Sequence[Pattern], ready: Sequence[Pattern]) -> Table:
    table = np.zeros((len(net.wires), WIRE_FIELDS), np.int64)
    record = 0
    for row, wire in zip(table, net.wires, strict=True):
        limit = frames * wire.tokens
        row[: GIVER + 1] = [_registers(net, wire.producer), 0, 0, 0, limit, record, wire.producer]
        record += limit
    start = 0
    for index, pattern in zip([*net.sources, *net.sinks], [*valid, *ready], strict=True):
        table[index, PATTERN : PHASE + 1] = [start, len(pattern), 0]
        start += len(pattern)
    return table


def _registers(net: Net, producer: int) -> int:
    """Registers on the wire; none behind a queue, which offers its first word itself."""
    match net.units[producer].actor if producer != OUTSIDE else None:
        case Stepper(latency=latency):
            assert latency < 63, "at most 62 registers"
            return latency
        case Fifo():
            return 0
        case _:
            return 1


def _joined(parts: Sequence[Table]) -> Table:
    return np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.int64)
