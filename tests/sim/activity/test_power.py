"""Toggles of words and gates: against their definition, and against the changes of signals in Verilator's trace."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import mulfree
from mulfree.api import CompiledModel
from mulfree.backends.verilog import ports
from mulfree.ir import AnyArray, IntRange
from mulfree.networks import describe, to_onnx
from mulfree.rtl import Circuit, Stream, cells
from mulfree.rtl.names import identifier
from mulfree.samples import random_samples
from mulfree.sim.activity import stream_toggles, toggles_of
from mulfree.sim.activity.circuits import weighed
from mulfree.sim.activity.streams import tokens_of
from mulfree.sim.activity.trace import changes, play, traced
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
    given = design.model.to_integers({design.model.inputs[0].name: samples(design)})
    values = run_graph(design.hardware.graph, given, keep=True)
    (x,), (source, sink) = design.hardware.design.inputs, ports(design.hardware.design)
    play(
        design.verilator(),
        tmp_path / "trace.vcd",
        source.name,
        tokens(x, values),
        sink.name,
        FRAMES * sink.tokens,
        CYCLES,
    )
    signals = {name[-1]: seen for name, seen in traced((tmp_path / "trace.vcd").read_text()).items()}
    queues = {stage.name for stage in design.hardware.design.stages if stage.module == "fifo"}
    streams = [stream for stream in design.hardware.design.streams() if stream.name not in queues]
    assert len(streams) >= 4
    for stream in streams:
        seen, found = signals[f"{identifier(stream.name)}_data"], stream_toggles(stream, values)
        assert found is not None
        # The trace begins with what the registers held before the first word.
        first = seen[0] ^ tokens(stream, values)[0]
        assert changes(seen) == first.bit_count() + found.changes, stream.name


def tokens(stream: Stream, values: Mapping[str, AnyArray]) -> list[int]:
    """Tokens as numbers, the first element lowest."""
    rows = tokens_of(stream, values[stream.value.name]).tolist()
    return [sum(int(word) << (i * stream.element_bits) for i, word in enumerate(row)) for row in rows]


def test_a_trace_is_read_signal_by_signal() -> None:
    head = "$scope module TOP $end $var wire 1 # clk $end $scope module a $end $var wire 4 $ x [3:0] $end $upscope $end"
    found = traced(f"{head}\n$enddefinitions $end\n#0\n0#\nb0000 $\n#1\n1#\nb0110 $\n#2\nb0101 $\n")
    assert found == {("TOP", "clk"): [0, 1], ("TOP", "a", "x"): [0, 6, 5]}
    assert changes(found["TOP", "a", "x"]) == 4
