"""Layers that compute whole vectors at once, followed by thresholds of two levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.compiler.families import FAMILIES, Arithmetic
from mulfree.compiler.families.arithmetic import LaneArithmetic
from mulfree.compiler.folding import unrolled
from mulfree.compiler.pipeline import Hardware, to_hardware
from mulfree.compiler.price import price
from mulfree.ir import BIPOLAR, BIT, Graph, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Threshold
from mulfree.rtl import stages
from mulfree.rtl.cost import TARGETS, stage_cost, total
from mulfree.sim.cosim import cosimulate
from mulfree.sim.patterns import random_pattern
from mulfree.sim.reference import run_graph
from mulfree.sim.verilator import StreamPort
from tests.compiler.families.layers import draw

Kind = type[Arithmetic]
FRAMES = 12


CASES = [
    pytest.param(arithmetic, x, layer, id=f"{arithmetic.name}-{i}")
    for family in FAMILIES
    for arithmetic in family.arithmetics
    if issubclass(arithmetic, LaneArithmetic) and arithmetic.unrolled is not LaneArithmetic.unrolled
    for i, (x, layer) in enumerate(arithmetic.examples)
]


def threshold(y: TensorType, levels: IntRange) -> Threshold:
    """Near the middle; every third channel falls, the last is never reached."""
    channels, random = y.shape[0], np.random.default_rng(y.shape[0])
    middle, spread = (y.range.lo + y.range.hi) // 2, max(1, (y.range.hi - y.range.lo) // 8)
    table = middle + random.integers(-spread, spread + 1, (channels, 1))
    table[-1] = y.range.hi + 1
    falls = np.arange(channels) % 3 == 1
    base, step = np.where(falls, levels.hi, levels.lo), np.where(falls, -1, 1) * levels.step
    return Threshold(Tensor(table), Tensor(base), Tensor(step), levels)


def network(x: TensorType, layer: Contraction, levels: IntRange = BIPOLAR) -> Graph[TensorType]:
    graph = Graph[TensorType](name="network")
    y = graph.add(layer, graph.add_input("x", x), name="y")
    graph.outputs = [graph.add(threshold(y.type, levels), y, name="bits")]
    return graph


def built(graph: Graph[TensorType], target: str, arithmetic: str = "shift_add", levels: int = 4) -> Hardware:
    def folding(of: Graph[TensorType]) -> dict[str, object]:
        return {name: replace(layer, levels=levels) for name, layer in unrolled(of).items()}

    return to_hardware(graph, folding, prefer=(arithmetic,), target=target)  # type: ignore[arg-type]


def modules(hardware: Hardware) -> list[str]:
    return [stage.module for stage in hardware.design.stages]


def check(hardware: Hardware, graph: Graph[TensorType], x: TensorType) -> None:
    """Verilog and cycle models, with back-pressure."""
    design = hardware.design
    sources = {n.removeprefix("rtl/"): t for n, t in to_verilog(design).items() if n.startswith("rtl/")}
    axi = [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design)]
    given, (y,) = draw(x, FRAMES), graph.outputs
    expected = run_graph(graph, {"x": given})[y.name]
    patterns = [random_pattern(0.7, 1)], [random_pattern(0.6, 2)]
    report = cosimulate(design, sources, top_name(design), axi, [given], [expected], *patterns)
    assert report.is_equal, str(report)


@pytest.mark.parametrize(("arithmetic", "x", "layer"), CASES)
def test_every_family_with_a_circuit_of_whole_vectors_gives_the_bits_in_one_stage(
    arithmetic: Kind, x: TensorType, layer: Contraction
) -> None:
    graph = network(x, layer)
    hardware = built(graph, "xc7", arithmetic.name)
    assert ("constant_layer" in modules(hardware)) != ("threshold" in modules(hardware))
    check(hardware, graph, x)


SMALL = MultiplyAccumulate(Tensor(np.random.default_rng(1).integers(-20, 21, (7, 9, 1, 1))))
NARROW = TensorType((9,), IntRange(-8, 7))


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("target", ["xc7", "asic"])
def test_registers_stand_between_the_levels(target: str, levels: int) -> None:
    graph = network(NARROW, SMALL, BIT)
    hardware = built(graph, target, levels=levels)
    (stage,) = [stage for stage in hardware.design.stages if stage.module == "constant_layer"]
    assert stage.parameters["registers"] > 1
    assert modules(hardware).count("threshold") == 0
    check(hardware, graph, NARROW)


@pytest.mark.parametrize("result", [BIT, BIPOLAR, IntRange(-1, 0), IntRange(2, 7, 5)], ids=str)
def test_any_two_levels_are_stored_as_the_value_stores_them(result: IntRange) -> None:
    graph = network(NARROW, SMALL, result)
    hardware = built(graph, "xc7")
    (stage,) = [stage for stage in hardware.design.stages if stage.module == "constant_layer"]
    x = draw(NARROW)
    expected = run_graph(graph, {"x": x})["bits"]
    np.testing.assert_array_equal(stage.circuits["map"].evaluate(x=x[:, stage.inputs[0].order])["y"], expected)


def test_more_levels_or_another_reader_keep_two_stages() -> None:
    graph = network(NARROW, SMALL)
    graph.outputs.append(graph.nodes[0].output)
    assert modules(built(graph, "xc7")).count("threshold") == 1
    graph = Graph[TensorType](name="network")
    y = graph.add(SMALL, graph.add_input("x", NARROW), name="y")
    steps = Threshold(Tensor(np.array([[-50, 0, 50]])), Tensor(np.array([0])), Tensor(np.array([1])), IntRange(0, 3))
    graph.outputs = [graph.add(steps, y, name="bits")]
    assert sum("threshold" in module for module in modules(built(graph, "xc7"))) == 1


@pytest.mark.parametrize("target", TARGETS)
def test_one_stage_is_built_where_it_costs_no_more(target: str) -> None:
    hardware = built(network(NARROW, SMALL), target)
    made = total([stage_cost(stage, target) for stage in hardware.design.stages])
    (layer, reader), (first, *_) = hardware.graph.nodes, hardware.design.stages
    assert isinstance(layer.op, LaneArithmetic)
    assert isinstance(reader.op, Threshold)
    order, options = np.arange(9), {"levels": 4, "target": target}
    outputs = layer.op.unrolled(order, target)
    assert outputs is not None
    x = replace(first.inputs[0])
    one = stages.constant_layer("one", x, reader.output, outputs, threshold=reader.op, **options)  # type: ignore[arg-type]
    apart = stages.constant_layer("apart", x, layer.output, outputs, **options)  # type: ignore[arg-type]
    bits = stages.threshold("bits", apart.outputs[0], reader.output, reader.op)
    ways = [total([stage_cost(stage, target) for stage in way]) for way in ([one], [apart, bits])]
    assert price(made, target) == min(price(way, target) for way in ways)
