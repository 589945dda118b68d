"""Layers of the shapes that the kernels are made for, and the check that all tests of this folder share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from mulfree.ir import BIPOLAR, AnyArray, Graph, IntRange, Op, Tensor, TensorType
from mulfree.ir.ops import MaxPool, MultiplyAccumulate, Reshape, Threshold, Window
from mulfree.sim.functional import FastNetwork
from mulfree.sim.functional.plan import Call
from tests.ir.graphs import run_graph, samples, windows

IntOp = Op[TensorType]
IntGraph = Graph[TensorType]

TWO_VALUED = (BIPOLAR, IntRange(0, 1), IntRange(-3, 4, 7), IntRange(2, 5, 3))
EIGHT_BIT = (IntRange(-128, 127), IntRange(0, 255), IntRange(-8, 7), IntRange(0, 3), IntRange(-3, 3, 2))


def chain(x: TensorType, *ops: IntOp) -> IntGraph:
    """A graph of one operator after the other; its output is the last."""
    graph = IntGraph()
    value = graph.add_input("x", x)
    for op in ops:
        value = graph.add(op, value)
    graph.outputs = [value]
    return graph


def inputs_of(graph: IntGraph, count: int, seed: int = 0) -> list[AnyArray]:
    return [samples(v.type, count, seed + i) for i, v in enumerate(graph.inputs)]


def check(graph: IntGraph, count: int = 3, seed: int = 0) -> FastNetwork:
    """The graph runs bit-equal to its definition; the network, for a look at its plan."""
    network, inputs = FastNetwork(graph), inputs_of(graph, count, seed)
    expected = run_graph(graph, *inputs)
    for value, output in zip(graph.outputs, network.run(inputs), strict=True):
        np.testing.assert_array_equal(output, expected[value.name], err_msg=str(graph))
    return network


def kernels_of(network: FastNetwork) -> list[str]:
    """Names of the kernels of a plan, narrow or not; operators that only `evaluate` knows by their own."""
    return [
        s.kernel.function.__name__.removesuffix("_narrow") if isinstance(s, Call) else s.op.name
        for s in network.plan.steps
    ]


@st.composite
def inputs(draw: st.DrawFn, ranges: tuple[IntRange, ...], channels: int = 70) -> TensorType:
    """A vector or a map."""
    count = draw(st.integers(1, channels))
    size = (draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    return TensorType(draw(st.sampled_from([(count,), (count, *size)])), draw(st.sampled_from(ranges)))


@st.composite
def layers(draw: st.DrawFn, x: TensorType, values: tuple[int, ...], groups: int = 1) -> MultiplyAccumulate:
    """A full or grouped contraction of x; the weights are drawn from these values."""
    window = draw(windows(x.shape[1], x.shape[2])) if len(x.shape) == 3 else Window()
    shape = (groups * draw(st.integers(1, 40)), x.shape[0] // groups, *window.kernel)
    return MultiplyAccumulate(Tensor(_random(draw).choice(values, shape)), window, groups)


@st.composite
def quantisers(draw: st.DrawFn, x: TensorType, levels: int, bipolar: bool = False) -> Threshold:
    """Thresholds in and around x's range, rising, falling and constant channels, per tensor or per channel."""
    random, channels = _random(draw), draw(st.sampled_from([1, x.shape[0]]))
    table = np.sort(random.integers(x.range.lo - 3, x.range.hi + 4, (channels, levels)), axis=1)
    unit = 2 if bipolar else 1
    step = random.choice([-unit, 0, unit], channels)
    base = np.where(step < 0, levels * unit, 0) - (1 if bipolar else 0)
    result = BIPOLAR if bipolar else IntRange(0, levels)
    return Threshold(Tensor(table), Tensor(base), Tensor(step), result)


def binary_mlp(*widths: int, seed: int = 0) -> IntGraph:
    """Dense layers of +-1 with thresholds between them."""
    random, ops = np.random.default_rng(seed), list[IntOp]()
    for a, b in pairwise(widths[:-1]):
        ops += [_signs(random, b, a, 1, 1), _sign_of(random, b, a)]
    return chain(TensorType(widths[:1], BIPOLAR), *ops, _signs(random, widths[-1], widths[-2], 1, 1))


def binary_cnn(*widths: int, seed: int = 0) -> IntGraph:
    """An 8-bit image of 12 x 12, two 3x3 layers with a pool between them, two dense layers; all weights +-1."""
    random = np.random.default_rng(seed)
    a, b, c, d = widths
    return chain(
        TensorType((3, 12, 12), IntRange(-128, 127)),
        _signs(random, a, 3, 3, 3), _sign_of(random, a, 500), MaxPool(Window((2, 2), (2, 2))),
        _signs(random, b, a, 3, 3), _sign_of(random, b, a), Reshape((b * 9,)),
        _signs(random, c, b * 9, 1, 1), _sign_of(random, c, b), _signs(random, d, c, 1, 1),
    )  # fmt: skip


def _signs(random: np.random.Generator, *shape: int) -> MultiplyAccumulate:
    return MultiplyAccumulate(Tensor(random.integers(0, 2, shape) * 2 - 1), Window((shape[2], shape[3])))


def _sign_of(random: np.random.Generator, channels: int, spread: int) -> Threshold:
    table = random.integers(-spread // 4, spread // 4 + 1, (channels, 1))
    return Threshold(Tensor(table), Tensor(np.array([-1])), Tensor(np.array([2])), BIPOLAR)


def _random(draw: st.DrawFn) -> np.random.Generator:
    return np.random.default_rng(draw(st.integers(0, 2**32)))
