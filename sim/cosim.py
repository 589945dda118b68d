"""Generated hardware against what it should compute and when: every token's value, every transfer's cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mulfree.ir import AnyArray, IntArray
from mulfree.rtl.design import Design, Stream
from mulfree.sim.cycles import Cycles, Timing, programs_of, token_time
from mulfree.sim.patterns import Pattern
from mulfree.sim.verilator import Run, StreamPort, Words, pack_tokens, unpack_tokens, verilate

MARGIN_CYCLES = 1000


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference. For a value, `lane` is the element of the token; for a transfer's cycle it is None."""

    stream: str
    frame: int
    token: int
    lane: int | None
    expected: int
    got: int
    cycle: int
    """In which the token moved."""

    def __str__(self) -> str:
        place = f"{self.stream}, frame {self.frame}, token {self.token}"
        if self.lane is None:
            return f"{place}: moved in cycle {self.got}, expected {self.expected}"
        return f"{place}, lane {self.lane}, cycle {self.cycle}: got {self.got}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class CosimReport:
    """How the hardware compares; `first_value`, `first_cycle` are the earliest differences of their kind."""

    frames: int
    cycles: int
    values: int
    transfers: int
    value_mismatches: int
    cycle_mismatches: int
    first_value: Mismatch | None
    first_cycle: Mismatch | None

    @property
    def is_equal(self) -> bool:
        return not self.value_mismatches and not self.cycle_mismatches

    def __str__(self) -> str:
        counts = f"{self.frames} frames, {self.cycles} cycles: "
        if self.is_equal:
            return f"{counts}all {self.values} values and {self.transfers} transfer cycles are equal"
        firsts = "; ".join(str(first) for first in (self.first_value, self.first_cycle) if first)
        return f"{counts}{self.value_mismatches} values and {self.cycle_mismatches} transfer cycles differ; {firsts}"


def cosimulate(
    design: Design,
    files: Mapping[str, str],
    top: str,
    ports: Sequence[StreamPort],
    inputs: Sequence[AnyArray],
    outputs: Sequence[AnyArray],
    valid: Sequence[Pattern] | None = None,
    ready: Sequence[Pattern] | None = None,
) -> CosimReport:
    """Run module `top` of the files on `inputs` and compare with `outputs`, the values expected, and with token-time.

    ports: of the design's inputs, then of its outputs; a port may be wider than its stream. Arrays are (batch,
    *shape) in the order of the design's streams; patterns as in `token_time`. SimulationError if the hardware stops.
    """
    frames, split = len(inputs[0]), len(design.inputs)
    hardware = verilate(files, top, ports[:split], ports[split:])
    timing = token_time(design, frames, valid, ready, programs=programs_of(design, inputs))
    tokens = [
        _padded(pack_tokens(stream.elements(values).reshape(-1, stream.lanes), stream.element_bits), port.words)
        for stream, values, port in zip(design.inputs, inputs, ports[:split], strict=True)
    ]
    counts = [frames * stream.tokens for stream in design.outputs]
    limit = 2 * timing.last_cycle + MARGIN_CYCLES
    run = hardware.run(tokens, counts, valid, ready, cycle_limit=limit, idle_limit=limit)
    return _report(design, run, outputs, timing)


def _padded(words: Words, size: int) -> Words:
    return np.pad(words, ((0, 0), (0, size - words.shape[1])))


def _report(design: Design, run: Run, outputs: Sequence[AnyArray], timing: Timing) -> CosimReport:
    moved = [*zip(design.inputs, run.input_cycles, strict=True), *zip(design.outputs, run.output_cycles, strict=True)]
    late = [_late(stream, cycles, timing.of(stream.name)) for stream, cycles in moved]
    wrong = [
        _wrong(stream, words, values, cycles)
        for stream, words, values, cycles in zip(design.outputs, run.outputs, outputs, run.output_cycles, strict=True)
    ]
    return CosimReport(
        timing.frames,
        run.cycles,
        sum(values.size for values in outputs),
        sum(len(cycles) for _, cycles in moved),
        sum(count for count, _ in wrong),
        sum(count for count, _ in late),
        _earliest([first for _, first in wrong]),
        _earliest([first for _, first in late]),
    )


def _late(stream: Stream, got: Cycles, expected: Cycles) -> tuple[int, Mismatch | None]:
    """How many transfers were in another cycle than expected (frames, tokens), and the first of them."""
    by_frame = got.reshape(expected.shape)
    different = np.argwhere(by_frame != expected)
    if not len(different):
        return 0, None
    frame, token = (int(i) for i in different[0])
    cycle = int(by_frame[frame, token])
    return len(different), Mismatch(stream.name, frame, token, None, int(expected[frame, token]), cycle, cycle)


def _wrong(stream: Stream, words: Words, values: AnyArray, cycles: Cycles) -> tuple[int, Mismatch | None]:
    """How many elements (batch, *shape) are not as expected, and the first of them."""
    expected = stream.elements(values)
    got = unpack_tokens(words, stream.lanes, stream.element_bits).reshape(expected.shape)
    different = np.argwhere(got != expected)
    if not len(different):
        return 0, None
    frame, token, lane = (int(i) for i in different[0])
    meant, is_ = (_value(stream, array[frame, token, lane]) for array in (expected, got))
    moved = int(cycles.reshape(expected.shape[:2])[frame, token])
    return len(different), Mismatch(stream.name, frame, token, lane, meant, is_, moved)


def _value(stream: Stream, word: int) -> int:
    array: IntArray = stream.type.range.decode(np.array([word]))
    return int(array[0])


def _earliest(mismatches: Sequence[Mismatch | None]) -> Mismatch | None:
    return min((m for m in mismatches if m is not None), key=lambda m: m.cycle, default=None)
