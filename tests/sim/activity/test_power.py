"""Toggles of words and gates: against their definition, and against the changes of signals in Verilator's trace."""

from __future__ import annotations

import re
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import mulfree
from mulfree.api import CompiledModel
from mulfree.backends.verilog import ports
from mulfree.ir import AnyArray, IntRange
from mulfree.networks import describe, to_onnx
from mulfree.rtl import Circuit, cells
from mulfree.rtl.names import identifier
from mulfree.samples import random_samples
from mulfree.sim.activity import stream_toggles, toggles_of
from mulfree.sim.activity.circuits import weighed
from mulfree.sim.activity.streams import tokens_of
from mulfree.sim.reference import run_graph

FRAMES, CYCLES = 5, 20_000


@pytest.fixture(scope="module")
def design() -> CompiledModel:
    return mulfree.compile(to_onnx(describe("mac", inputs=16, width=8, classes=3), seed=1))


def samples(design: CompiledModel) -> AnyArray:
    (x,) = random_samples(design.model, FRAMES, 0).inputs.values()
    return np.asarray(x)


def test_toggles_are_the_bits_in_which_neighbours_differ() -> None:
    found = toggles_of(np.array([[0b00, 0b11], [0b01, 0b11], [0b10, 0b00]]), 2)
    assert (found.changes, found.bits, found.words) == (1 + 2 + 2, 4, 3)
    assert found.rate(10) == 5 / 40


def test_negative_words_toggle_in_their_own_width() -> None:
    assert toggles_of(IntRange(-4, 3).encode(np.array([[-1], [0], [-1]])), 3).changes == 6


def test_a_gate_toggles_as_often_as_a_bit_of_its_cell() -> None:
    circuit = Circuit()
    a, b = (circuit.input(name, IntRange(0, 1), 2) for name in "ab")
    circuit.output("y", circuit.drive(cells.XOR, a, b))
    zeros, ones = np.zeros((4, 2), np.int64), np.array([[0, 0], [1, 1], [0, 0], [1, 1]])
    moved, gates = weighed(circuit, {"a": ones, "b": zeros})
    assert moved == 3 * gates
    assert weighed(circuit, {"a": zeros, "b": zeros}) == (0, gates)


def test_samples_that_never_change_leave_the_input_still(design: CompiledModel) -> None:
    x = samples(design)
    still, lively = design.power(np.repeat(x[:1], FRAMES, axis=0)), design.power(x)
    assert still.gates == lively.gates
    assert still.toggled > 0
    assert lively.activity < 1


def test_the_total_is_the_sum_of_the_stages(design: CompiledModel) -> None:
    found = design.power(samples(design))
    assert found.toggled == sum(stage.toggled for stage in found.stages)
    assert all(stage.toggled <= stage.gates for stage in found.stages)
    assert found.to_dict()["activity"] == found.activity


@pytest.mark.skipif(find_spec("pyverilator") is None, reason="pyverilator is not installed")
def test_words_toggle_as_often_as_their_signals_in_a_trace_of_verilator(design: CompiledModel, tmp_path: Path) -> None:
    """Every stream that leaves registers, where sources and sinks never wait; a queue shows old words, too."""
    x = samples(design)
    play(design, x, tmp_path / "trace.vcd")
    traced = (tmp_path / "trace.vcd").read_text()
    values = run_graph(design.hardware.graph, integers(design, x), keep=True)
    queues = {stage.name for stage in design.hardware.design.stages if stage.module == "fifo"}
    streams = [stream for stream in design.hardware.design.streams() if stream.name not in queues]
    assert len(streams) >= 4
    for stream in streams:
        words = [joined(row, stream.element_bits) for row in tokens_of(stream, values[stream.value.name]).tolist()]
        before, *seen = signal(traced, f"{identifier(stream.name)}_data")
        found = stream_toggles(stream, values)
        assert found is not None
        # The trace begins with what the registers held before the first word.
        assert changes([before, *seen]) == (before ^ words[0]).bit_count() + found.changes, stream.name


def integers(design: CompiledModel, x: AnyArray) -> dict[str, AnyArray]:
    return design.model.to_integers({design.model.inputs[0].name: x})


def play(design: CompiledModel, x: AnyArray, trace: Path) -> None:
    """All samples through the top module, a word in every cycle in which there is room."""
    (stream,), ((source, sink)) = design.hardware.design.inputs, ports(design.hardware.design)
    (given,) = integers(design, x).values()
    words = [joined(row, stream.element_bits) for row in tokens_of(stream, given).tolist()]
    top = design.verilator()
    top.io.rst = 1
    top.clock.tick()
    top.io.rst = 0
    top.start_vcd_trace(str(trace))
    setattr(top.io, f"{sink.name}_tready", 1)
    wanted = FRAMES * sink.tokens
    for _ in range(CYCLES):
        setattr(top.io, f"{source.name}_tvalid", int(bool(words)))
        if words:
            setattr(top.io, f"{source.name}_tdata", words[0])
        wanted -= int(getattr(top.io, f"{sink.name}_tvalid"))
        if words and int(getattr(top.io, f"{source.name}_tready")):
            words.pop(0)
        top.clock.tick()
        if wanted == 0:
            break
    top.stop_vcd_trace()
    assert (words, wanted) == ([], 0)


def joined(row: list[int], bits: int) -> int:
    """A token as one number, its first element lowest."""
    return sum(int(word) << (i * bits) for i, word in enumerate(row))


def signal(trace: str, name: str) -> list[int]:
    """Every value that a signal has in a trace in the format of IEEE 1364."""
    found = re.search(rf"\$var +\w+ +\d+ +(\S+) +{re.escape(name)}\b", trace)
    assert found, f"no signal {name}"
    code = re.escape(found[1])
    values = re.findall(rf"^b([01]+) {code}$|^([01]){code}$", trace.partition("$enddefinitions")[2], re.MULTILINE)
    return [int(wide or single, 2) for wide, single in values]


def changes(values: list[int]) -> int:
    return sum((a ^ b).bit_count() for a, b in pairwise(values))
