from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.compiler.folding import Folding, folding_for, unrolled
from mulfree.compiler.pipeline import ChooseFolding, to_hardware
from mulfree.ir import Graph, TensorType
from mulfree.rtl import Design, Stepper
from mulfree.sim.cosim import CosimReport, cosimulate
from mulfree.sim.cycles import stepped, token_time
from mulfree.sim.patterns import ALWAYS, Pattern, bursty_pattern, random_pattern
from mulfree.sim.reference import run_graph
from mulfree.sim.verilator import StreamPort
from tests.sim.networks import binary_network, residual_network, samples

FRAMES = 4
PATTERNS = {
    "full rate": (ALWAYS, ALWAYS),
    "random": (random_pattern(0.7, 1), random_pattern(0.4, 2)),
    "bursts": (bursty_pattern(9, 4, 3), bursty_pattern(3, 20, 4)),
}


def cosimulated(
    graph: Graph[TensorType], hardware: Design, source: Pattern, sink: Pattern, model: Design | None = None
) -> CosimReport:
    """The Verilog of `hardware` against the graph's values and the times of `model`."""
    inputs = samples(graph, FRAMES)
    results = run_graph(graph, {v.name: x for v, x in zip(graph.inputs, inputs, strict=True)})
    expected = [results[v.name] for v in graph.outputs]
    sides = [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(hardware)]
    valid, ready = [source] * len(hardware.inputs), [sink] * len(hardware.outputs)
    files = to_verilog(hardware)
    return cosimulate(model or hardware, files, top_name(hardware), sides, inputs, expected, valid, ready)


def folded(graph: Graph[TensorType]) -> Folding:
    return folding_for(graph, 2000)


def wrong_weight(design: Design) -> Design:
    """The design with the lowest bit of one memory word flipped."""
    stages = list(design.stages)
    i = next(i for i, stage in enumerate(stages) if "weights" in stage.memories)
    memory = stages[i].memories["weights"]
    flipped = replace(memory, words=(memory.words[0] ^ 1, *memory.words[1:]))
    stages[i] = replace(stages[i], memories={**stages[i].memories, "weights": flipped})
    return replace(design, stages=stages)


@pytest.mark.parametrize("choose", [unrolled, folded])
@pytest.mark.parametrize("network", [binary_network, residual_network])
def test_hardware_is_equal_in_values_and_in_the_cycle_of_every_transfer(
    network: Callable[[], Graph[TensorType]], choose: ChooseFolding
) -> None:
    graph = network()
    design = to_hardware(graph, choose).design
    for name, patterns in PATTERNS.items():
        report = cosimulated(graph, design, *patterns)
        assert report.is_equal, f"{name}: {report}"
        assert report.values == FRAMES * sum(v.type.size for v in graph.outputs)


def test_registers_within_layers_are_equal_in_values_and_in_the_cycle_of_every_transfer() -> None:
    """Layers computed at once, with a register behind every level of logic; branches of different lengths meet."""
    graph = residual_network()

    def choose(layers: Graph[TensorType]) -> Folding:
        return {name: replace(layer, levels=1) for name, layer in unrolled(layers).items()}

    design = to_hardware(graph, choose, prefer=("shift_add",), target="xc7").design
    assert max(stage.parameters.get("registers", 0) for stage in design.stages) > 4
    for name, patterns in PATTERNS.items():
        report = cosimulated(graph, design, *patterns)
        assert report.is_equal, f"{name}: {report}"


@pytest.mark.parametrize("network", [binary_network, residual_network])
def test_registers_within_lanes_are_equal_in_values_and_in_the_cycle_of_every_transfer(
    network: Callable[[], Graph[TensorType]],
) -> None:
    """Folded layers, with a register behind every level of logic; frames and their ends among other frames."""
    graph = network()

    def choose(layers: Graph[TensorType]) -> Folding:
        return {name: replace(layer, levels=1) for name, layer in folded(layers).items()}

    design = to_hardware(graph, choose, target="ecp5").design
    registers = [stage.parameters["registers"] for stage in design.stages if stage.module == "matrix_vector"]
    assert min(registers) >= 1
    assert max(registers) >= 4
    for name, patterns in PATTERNS.items():
        report = cosimulated(graph, design, *patterns)
        assert report.is_equal, f"{name}: {report}"


def test_a_wrong_weight_is_found_and_named() -> None:
    graph = binary_network()
    design = to_hardware(graph, folded).design
    report = cosimulated(graph, wrong_weight(design), ALWAYS, ALWAYS)
    assert report.cycle_mismatches == 0
    assert report.first_value is not None
    assert report.first_value.expected != report.first_value.got
    assert re.search(r"v5\w*, frame \d, token \d, lane 0, cycle \d+: got -?\d+, expected -?\d+", str(report))


def test_a_transfer_in_another_cycle_is_found_and_named() -> None:
    graph = binary_network()
    design = to_hardware(graph, folded).design
    last = design.stages[-1].actors[-1]
    assert isinstance(last, Stepper)
    slower = replace(design.stages[-1], actors=(*design.stages[-1].actors[:-1], replace(last, latency=2)))
    model = replace(design, stages=[*design.stages[:-1], slower])
    report = cosimulated(graph, design, ALWAYS, ALWAYS, model)
    assert report.value_mismatches == 0
    assert report.cycle_mismatches == FRAMES * design.outputs[0].tokens
    first = report.first_cycle
    assert first is not None
    assert (first.frame, first.token, first.got) == (0, 0, first.expected - 1)
    assert f"moved in cycle {first.got}, expected {first.expected}" in str(report)


@pytest.mark.parametrize("network", [binary_network, residual_network])
def test_both_models_agree_on_every_wire_of_a_network(network: Callable[[], Graph[TensorType]]) -> None:
    design = to_hardware(network(), folded).design
    for source, sink in PATTERNS.values():
        valid, ready = [source] * len(design.inputs), [sink] * len(design.outputs)
        fast, slow = token_time(design, 20, valid, ready), stepped(design, 20, valid, ready)
        for wire in fast.net.wires:
            assert np.array_equal(fast.of(wire.name), slow.of(wire.name)), wire.name
