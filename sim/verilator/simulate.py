"""Run a verilated module on batches of tokens."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mulfree.sim.patterns import ALWAYS, Pattern
from mulfree.sim.verilator.compile import Harness, Recipe, build_library, read_folder
from mulfree.sim.verilator.ports import StreamPort, check_ports, port_glue

Words = npt.NDArray[np.uint32]
"""Tokens as (tokens, 32-bit words), least significant word first, bits above the port's width zero."""
Cycles = npt.NDArray[np.int64]


class SimulationError(Exception):
    """The hardware stopped before it had taken and given all tokens."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came out, and the cycle of every transfer: cycle 0 is the first after reset is released."""

    outputs: tuple[Words, ...]
    input_cycles: tuple[Cycles, ...]
    output_cycles: tuple[Cycles, ...]
    cycles: int


@dataclass(frozen=True, slots=True)
class Verilated:
    """A module as a shared library, with the streams that it has."""

    library: Path
    inputs: tuple[StreamPort, ...]
    outputs: tuple[StreamPort, ...]

    def run(
        self,
        inputs: Sequence[Words],
        output_tokens: Sequence[int],
        valid: Sequence[Pattern] | None = None,
        ready: Sequence[Pattern] | None = None,
        cycle_limit: int = 1 << 32,
        idle_limit: int = 1 << 20,
        reset_cycles: int = 3,
        seed: int = 1,
    ) -> Run:
        """Feed all input tokens and take the given number from each output, from reset.

        valid, ready: one pattern per input and per output; without them, always. idle_limit: cycles without any
        transfer after which the design counts as stuck (SimulationError).
        """
        give = _channels(self.inputs, inputs, valid or [ALWAYS] * len(self.inputs))
        room = [np.zeros((n, port.words), np.uint32) for n, port in zip(output_tokens, self.outputs, strict=True)]
        take = _channels(self.outputs, room, ready or [ALWAYS] * len(self.outputs))
        limits = _Limits(cycle_limit, idle_limit, reset_cycles, seed)
        cycles = int(_library(self.library).mulfree_run(give.raw, take.raw, ctypes.byref(limits)))
        if cycles < 0:
            raise SimulationError(_stuck(self, give, take))
        return Run(take.words, give.cycles, take.cycles, cycles)


def verilate(
    files: Mapping[str, str] | Path,
    top: str,
    inputs: Sequence[StreamPort],
    outputs: Sequence[StreamPort],
    unknowns: str = "fast",
) -> Verilated:
    """Build module `top` of the given Verilog and memory files; every warning of Verilator is a CompileError.

    unknowns: 'fast' for speed, or 'unique' to start every register from a random value drawn from the run's seed.
    """
    texts = read_folder(files) if isinstance(files, Path) else files
    source, glue = (Path(__file__).parent / "harness.cpp").read_text(), port_glue(inputs, outputs)

    def harness(header: str) -> Harness:
        check_ports(header, inputs, outputs)
        return Harness(source, {"ports.h": glue})

    library = build_library(texts, Recipe(top, unknowns), harness, [source, glue])
    return Verilated(library, tuple(inputs), tuple(outputs))


class _Channel(ctypes.Structure):
    _fields_ = (
        ("words", ctypes.c_void_p),
        ("cycles", ctypes.c_void_p),
        ("pattern", ctypes.c_void_p),
        ("period", ctypes.c_int64),
        ("tokens", ctypes.c_int64),
        ("done", ctypes.c_int64),
    )


class _Limits(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int64) for name in ("cycles", "idle", "reset", "seed"))


@dataclass(frozen=True, slots=True)
class _Channels:
    """Arrays shared with C++, and the structures that point to them."""

    words: tuple[Words, ...]
    cycles: tuple[Cycles, ...]
    patterns: tuple[Pattern, ...]
    raw: ctypes.Array[_Channel]

    def progress(self, ports: Sequence[StreamPort]) -> str:
        rows = zip(ports, self.raw, strict=True)
        return ", ".join(f"{port.prefix} {channel.done} of {channel.tokens}" for port, channel in rows)

    def last_cycle(self) -> int:
        return max((int(c[r.done - 1]) for c, r in zip(self.cycles, self.raw, strict=True) if r.done), default=-1)


def _channels(ports: Sequence[StreamPort], tokens: Sequence[Words], patterns: Sequence[Pattern]) -> _Channels:
    words = tuple(np.ascontiguousarray(t, np.uint32) for t in tokens)
    for port, t in zip(ports, words, strict=True):
        assert t.shape == (len(t), port.words), f"{port.prefix}: tokens of {port.words} words, got {t.shape}"
    cycles = tuple(np.full(len(t), -1, np.int64) for t in words)
    bytes_ = tuple(np.ascontiguousarray(p, np.uint8) for p in patterns)
    rows = [
        _Channel(w.ctypes.data, c.ctypes.data, p.ctypes.data, len(p), len(w), 0)
        for w, c, p in zip(words, cycles, bytes_, strict=True)
    ]
    return _Channels(words, cycles, bytes_, (_Channel * len(rows))(*rows))


def _stuck(design: Verilated, give: _Channels, take: _Channels) -> str:
    last = max(give.last_cycle(), take.last_cycle())
    return (
        f"the hardware is stuck: its last transfer was in cycle {last}; "
        f"taken: {give.progress(design.inputs)}; given: {take.progress(design.outputs)}"
    )


@cache
def _library(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    library.mulfree_run.restype = ctypes.c_int64
    return library
