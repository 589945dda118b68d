"""AW-convolutions in hardware: Verilator against the definition, the cycle models against Verilator."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import onnx
import pytest

from mulfree.backends.estimate import estimate
from mulfree.backends.verilog import ports, to_verilog, top_name
from mulfree.compiler.families.aw_convolution.operator import AttentionalConv
from mulfree.compiler.families.interface import DOMAIN
from mulfree.compiler.folding import Folding, LayerFolding, foldable_layers, unrolled
from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.compiler.pipeline import IntGraph, to_hardware
from mulfree.ir import BIPOLAR, TERNARY, CompileError, Graph, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Window
from mulfree.sim.cosim import cosimulate
from mulfree.sim.functional import FastNetwork
from mulfree.sim.patterns import random_pattern
from mulfree.sim.verilator import StreamPort
from tests.compiler.families.layers import draw
from tests.compiler.streamline.networks import Net, f, runtime, streamlined

PADDED, QUARTERS = Window((3, 3), pads=(1, 1, 1, 1)), Window((2, 2), (2, 2))


def attended(
    x: tuple[int, ...],
    range: IntRange,
    weights: tuple[int, ...],
    attention: tuple[int, ...],
    amounts: IntRange,
    window: Window,
    *,
    peak: int = 1,
    groups: int = 1,
    residual: int = 0,
) -> IntGraph:
    """The layer alone, features and attention from outside."""
    codes = np.random.default_rng(sum(weights)).integers(-peak, peak + 1, weights)
    codes = np.where(codes == 0, 1, codes) if peak == 1 else codes
    graph = Graph[TensorType](name="network")
    inputs = graph.add_input("x", TensorType(x, range)), graph.add_input("a", TensorType(attention, amounts))
    graph.outputs = [graph.add(AttentionalConv(Tensor(codes), window, groups, residual), *inputs, name="y")]
    return graph


CASES = {
    "a number per filter and tap": attended(
        (4, 4, 4), IntRange(-4, 3), (6, 4, 3, 3), (6, 1, 3, 3), IntRange(0, 3), PADDED, residual=8
    ),
    "the shape of the weights": attended(
        (4, 4, 4), IntRange(0, 7), (4, 4, 2, 2), (4, 4, 2, 2), IntRange(0, 4), QUARTERS, peak=3, residual=1
    ),
    "some filters and channels together": attended(
        (4, 3, 3), BIPOLAR, (8, 4, 1, 1), (2, 2, 1, 1), IntRange(1, 2), Window(), peak=2
    ),
    "groups": attended((4, 4, 4), IntRange(-4, 3), (4, 2, 2, 2), (4, 1, 2, 2), IntRange(0, 1), QUARTERS, groups=2),
    "depthwise": attended(
        (3, 3, 3), IntRange(-4, 3), (3, 1, 3, 3), (3, 1, 1, 1), IntRange(0, 5), PADDED, groups=3, residual=1
    ),
    "one number for all": attended((4, 2, 2), TERNARY, (4, 4, 1, 1), (1, 1, 1, 1), IntRange(0, 6), Window()),
    "padded signs": attended((2, 4, 4), BIPOLAR, (4, 2, 3, 3), (4, 1, 3, 3), IntRange(0, 2), PADDED, residual=4),
}
cases = pytest.mark.parametrize("graph", CASES.values(), ids=CASES)


def folded(graph: IntGraph) -> Folding:
    """Some lanes, but not all, where there is a choice."""
    shapes = foldable_layers(graph).items()
    return {name: LayerFolding(_middle(s.pe_choices()), _middle(s.simd_choices())) for name, s in shapes}


def least(graph: IntGraph) -> Folding:
    return dict.fromkeys(foldable_layers(graph), LayerFolding())


def _middle(choices: list[int]) -> int:
    return choices[(len(choices) - 1) // 2]


def drawn(graph: IntGraph, frames: int) -> list[IntArray]:
    return [draw(value.type, frames) for value in graph.inputs]


@pytest.mark.parametrize(
    ("graph", "folding"),
    [
        *((CASES[name], folded) for name in CASES),
        *((CASES[name], unrolled) for name in ("a number per filter and tap", "one number for all", "groups")),
        (CASES["the shape of the weights"], least),
    ],
)
def test_verilog_gives_the_definition_in_the_cycles_of_the_models(
    graph: IntGraph, folding: Callable[[IntGraph], Folding]
) -> None:
    design = to_hardware(graph, folding).design
    x = drawn(graph, 6)
    report = cosimulate(
        design,
        {n.removeprefix("rtl/"): t for n, t in to_verilog(design).items() if n.startswith("rtl/")},
        top_name(design),
        [StreamPort(port.name, port.bus_bits, axi=True) for port in ports(design)],
        x,
        [graph.nodes[0].op.evaluate(*x)],
        [random_pattern(0.7, 1), random_pattern(0.4, 3)],
        [random_pattern(0.6, 2)],
    )
    assert report.is_equal, str(report)


@cases
def test_fast_kernels_give_the_definition(graph: IntGraph) -> None:
    x = drawn(graph, 30)
    (y,) = FastNetwork(graph).run(x)
    np.testing.assert_array_equal(y, graph.nodes[0].op.evaluate(*x))


@pytest.mark.parametrize("shape", [(2, 2, 1, 1), (2, 1, 1, 1), (1, 2, 1, 1), (1, 1, 1, 1)])
@pytest.mark.parametrize("range", [IntRange(-1, 2), IntRange(0, 1), IntRange(-3, -1)], ids=str)
@pytest.mark.parametrize("residual", [0, 4])
def test_both_ends_of_the_range_are_reached(shape: tuple[int, ...], range: IntRange, residual: int) -> None:
    """By all operands that there are."""
    graph = attended((2, 1, 1), range, (2, 2, 1, 1), shape, IntRange(1, 3), Window(), peak=3, residual=residual)
    (op, *_), types = [node.op for node in graph.nodes], [v.type for v in graph.inputs]
    every = [list(product(_numbers(t.range), repeat=t.size)) for t in types]
    pairs = np.array([(*x, *a) for x, a in product(*every)])
    x, a = (part.reshape(-1, *t.shape) for part, t in zip(np.split(pairs, [2], axis=1), types, strict=True))
    y = op.evaluate(x, a)
    assert (y.min(), y.max()) == (op.infer(*types).range.lo, op.infer(*types).range.hi)


def _numbers(range: IntRange) -> list[int]:
    return np.arange(range.lo, range.hi + 1, range.step).tolist()


@cases
def test_its_price_is_known_and_no_multiplier_is_left(graph: IntGraph) -> None:
    hardware = to_hardware(graph, folded)
    assert hardware.proof.operators == {"attentional_conv": 1}
    for target in ("xc7", "ice40", "ecp5"):
        assert estimate(hardware.design, target, 100.0).total.luts > 0


def test_a_number_that_serves_several_lanes_fills_whole_tokens() -> None:
    graph = attended((6, 2, 2), BIPOLAR, (12, 6, 1, 1), (4, 2, 1, 1), IntRange(0, 1), Window())
    (shape,) = foldable_layers(graph).values()
    assert shape.pe_choices() == [1, 3, 6, 12]
    assert shape.simd_choices() == [1, 3, 6]


@pytest.mark.parametrize(
    ("attention", "amounts", "why"),
    [
        ((3, 2, 1, 1), IntRange(0, 1), "does not expand"),
        ((4, 1, 1), IntRange(0, 1), "does not expand"),
        ((4, 2, 1, 1), IntRange(-1, 1), "not by 0 to 31"),
        ((4, 2, 1, 1), IntRange(0, 32), "not by 0 to 31"),
    ],
)
def test_attention_that_fits_no_weights_is_refused(attention: tuple[int, ...], amounts: IntRange, why: str) -> None:
    with pytest.raises(CompileError, match=why):
        attended((2, 2, 2), BIPOLAR, (4, 2, 1, 1), attention, amounts, Window())


def attending(last: Callable[[Net, str], str]) -> onnx.ModelProto:
    """Attention for each filter from a pooled map: a dense layer, and what `last` makes exponents of."""
    random, net = np.random.default_rng(0), Net((4, 5, 5))
    x = net.quant("x", f(0.25), 4)
    pooled = net("Flatten", net("GlobalAveragePool", x))
    scores = net("MatMul", pooled, random.integers(-3, 4, (4, 6)).astype(np.float32))
    exponents = net("Reshape", last(net, scores), np.array([-1, 6, 1, 1, 1]))
    weights = random.choice([-1, 1], (6, 4, 3, 3)).astype(np.float32)
    y = net("AttentionalWeightConv", x, weights, exponents, domain=DOMAIN, pads=[1, 1, 1, 1])
    proto = net.proto(net.quant(y, f(4.0), 4))
    proto.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    return proto


def test_the_logarithm_of_a_sigmoid_gives_exponents() -> None:
    """As onnxruntime computes them in float32, threshold by threshold."""

    def last(net: Net, scores: str) -> str:
        logarithm = net("Mul", net("Log", net("Sigmoid", scores)), f(1 / np.log(2)))
        return net.quant(logarithm, f(1.0), 3)

    proto = attach_bodies(attending(last))
    x = (np.random.default_rng(1).integers(-40, 40, (20, 4, 5, 5)) / 16).astype(np.float32)
    quantised = streamlined(proto)
    expected = runtime(proto, x)
    np.testing.assert_array_equal(quantised.run({"x": x})["y"], expected)
    assert len(np.unique(expected)) > 2, "a constant result proves nothing"
    (layer,) = [node for node in quantised.graph.nodes if isinstance(node.op, AttentionalConv)]
    assert layer.inputs[1].type.range == IntRange(0, 4)


@pytest.mark.parametrize(
    ("scale", "bits", "why"), [(0.5, 3, "multiples of 0.5, not integers"), (1.0, 7, "quantise them to 31 or fewer")]
)
def test_exponents_that_are_no_shifts_are_refused(scale: float, bits: int, why: str) -> None:
    with pytest.raises(CompileError, match=why):
        streamlined(attending(lambda net, scores: net.quant(scores, f(scale), bits)))
