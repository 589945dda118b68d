"""Random integer graphs for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from mulfree.ir import Graph, IntArray, IntRange, Location, Op, Tensor, TensorType, Value
from mulfree.ir.ops import (
    Add,
    Affine,
    ChannelGather,
    Clamp,
    Concat,
    Leaky,
    MaxPool,
    MinPool,
    MultiplyAccumulate,
    Pad,
    Reshape,
    SumPool,
    Threshold,
    TopK,
    Transpose,
    Window,
)

IntOp = Op[TensorType]
small = st.integers(-5, 5)


@st.composite
def ranges(draw: st.DrawFn, bound: int = 9) -> IntRange:
    lo, step = draw(st.integers(-bound, bound)), draw(st.integers(1, 4))
    return IntRange(lo, lo + step * draw(st.integers(0, 6)), step)


@st.composite
def windows(draw: st.DrawFn, height: int, width: int) -> Window:
    """Any window that fits the map, its pads smaller than its extent so that no tap row is padding alone."""
    kernel = (draw(st.integers(1, min(3, height))), draw(st.integers(1, min(3, width))))
    dilation = (_dilation(draw, kernel[0], height), _dilation(draw, kernel[1], width))
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    pads = [draw(st.integers(0, k - 1)) for k in (*kernel, *kernel)]
    return Window(kernel, stride, dilation, (pads[0], pads[1], pads[2], pads[3]))


def _dilation(draw: st.DrawFn, kernel: int, size: int) -> int:
    return draw(st.integers(1, 2)) if 2 * (kernel - 1) + 1 <= size else 1


def tensors(*shape: int, bound: int = 5) -> st.SearchStrategy[Tensor]:
    size = int(np.prod(shape))
    return st.lists(st.integers(-bound, bound), min_size=size, max_size=size).map(
        lambda items: Tensor(np.array(items, dtype=np.int64).reshape(shape))
    )


@st.composite
def contractions(draw: st.DrawFn, shape: tuple[int, ...]) -> IntOp:
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if shape[0] % g == 0]))
    outputs = groups * draw(st.integers(1, 3))
    window = draw(windows(shape[1], shape[2])) if len(shape) == 3 else Window()
    return MultiplyAccumulate(draw(tensors(outputs, shape[0] // groups, *window.kernel)), window, groups)


@st.composite
def thresholds(draw: st.DrawFn, shape: tuple[int, ...]) -> IntOp:
    channels, levels = shape[0], draw(st.integers(1, 4))
    table = np.sort(draw(tensors(channels, levels, bound=20)).array, axis=1)
    step = draw(st.sampled_from([1, 2]))
    signs = draw(st.lists(st.sampled_from([1, -1]), min_size=channels, max_size=channels))
    base = [0 if sign > 0 else levels * step for sign in signs]
    steps = [sign * step for sign in signs]
    return Threshold(Tensor(table), Tensor(np.array(base)), Tensor(np.array(steps)), IntRange(0, levels * step, step))


@st.composite
def affines(draw: st.DrawFn, shape: tuple[int, ...]) -> IntOp:
    channels = draw(st.sampled_from([1, shape[0]]))
    return Affine(draw(tensors(channels)), draw(tensors(channels, bound=2**40)))


@st.composite
def clamps(draw: st.DrawFn) -> IntOp:
    lo = draw(small)
    return Clamp(lo, lo + draw(st.integers(0, 9)))


def _map_ops(shape: tuple[int, ...]) -> list[st.SearchStrategy[IntOp]]:
    window = windows(shape[1], shape[2])
    pads = st.tuples(*(st.integers(0, 2) for _ in range(4)))
    pools: list[Callable[[Window], IntOp]] = [MaxPool, MinPool, SumPool]
    return [
        *(window.map(pool) for pool in pools),
        st.builds(Pad, pads, small),
        st.permutations(range(3)).map(lambda p: Transpose(tuple(p))),
        st.just(Reshape((int(np.prod(shape)),))),
    ]


@st.composite
def unary_ops(draw: st.DrawFn, shape: tuple[int, ...]) -> IntOp:
    """Any operator of one operand that takes a map (C, H, W) or a vector (C,) of this shape."""
    channel = st.integers(0, shape[0] - 1)
    choices: list[st.SearchStrategy[IntOp]] = [
        contractions(shape),
        thresholds(shape),
        affines(shape),
        clamps(),
        st.builds(Leaky, st.integers(1, 4), st.integers(0, 4)),
        st.lists(channel, min_size=1, max_size=4).map(lambda i: ChannelGather(tuple(i))),
    ]
    choices += _map_ops(shape) if len(shape) == 3 else [st.builds(TopK, st.integers(1, shape[0]))]
    return draw(st.one_of(choices))


@st.composite
def input_types(draw: st.DrawFn) -> TensorType:
    shape = draw(st.sampled_from([(4,), (2, 3, 4), (3, 5, 5), (1, 1, 2), (6, 2, 2)]))
    fraction = st.builds(Fraction, st.integers(1, 9), st.integers(1, 16))
    scale = draw(st.one_of(st.just(Fraction(1)), fraction, st.tuples(*(fraction for _ in range(shape[0])))))
    return TensorType(shape, draw(ranges()), scale)


locations = st.none() | st.builds(Location, st.text(max_size=6), st.text(max_size=6))


@st.composite
def graphs(draw: st.DrawFn) -> Graph[TensorType]:
    """Graphs of up to eight nodes, with forks, joins, odd names and places."""
    names = iter(draw(st.lists(st.text(max_size=5), unique=True, min_size=10, max_size=10)))
    graph = Graph[TensorType](name=draw(st.text(max_size=4)))
    for _ in range(draw(st.integers(1, 2))):
        graph.add_input(next(names), draw(input_types()))
    for _ in range(draw(st.integers(0, 8))):
        op, operands = draw(_applications(list(graph.values())))
        graph.add(op, *operands, location=draw(locations), name=next(names))
    graph.outputs = draw(st.lists(st.sampled_from(list(graph.values())), max_size=3))
    return graph


@st.composite
def _applications(draw: st.DrawFn, values: list[Value[TensorType]]) -> tuple[IntOp, list[Value[TensorType]]]:
    first = draw(st.sampled_from(values))
    twins = [v for v in values if v.type.shape == first.type.shape]
    if draw(st.booleans()):
        second = draw(st.sampled_from(twins))
        return draw(st.sampled_from([Add(), Concat(0)])), [first, second]
    return draw(unary_ops(first.type.shape)), [first]


def samples(type: TensorType, count: int, seed: int) -> IntArray:
    """Random arrays of the type, with a batch axis; both ends of the range occur in every batch."""
    random = np.random.default_rng(seed)
    index = random.integers(0, type.range.count, (count, *type.shape))
    index[0], index[-1] = 0, type.range.count - 1
    return type.range.lo + type.range.step * index


def run_graph(graph: Graph[TensorType], *inputs: IntArray) -> dict[str, IntArray]:
    """Every value of the graph, by its definition."""
    known = dict(zip((v.name for v in graph.inputs), inputs, strict=True))
    for node in graph.nodes:
        known[node.output.name] = node.op.evaluate(*(known[v.name] for v in node.inputs))
    return known
