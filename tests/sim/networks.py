"""Small integer networks with the shapes that matter to timing: windows, folds, residual joins, two outputs."""

from __future__ import annotations

import numpy as np

from mulfree.ir import Graph, IntArray, IntRange, Tensor, TensorType, Value
from mulfree.ir.ops import Add, MaxPool, MultiplyAccumulate, Reshape, Threshold, TopK, Window

BIPOLAR = IntRange(-1, 1, 2)
IntValue = Value[TensorType]


def signs(graph: Graph[TensorType], x: IntValue, rng: np.random.Generator) -> IntValue:
    channels = x.type.shape[0]
    table = rng.integers(-3, 4, (channels, 1))
    one = Tensor(np.full(channels, 2))
    return graph.add(Threshold(Tensor(table), Tensor(np.full(channels, -1)), one, BIPOLAR), x)


def two_bits(graph: Graph[TensorType], x: IntValue, rng: np.random.Generator) -> IntValue:
    channels = x.type.shape[0]
    table = np.sort(rng.integers(-4, 5, (channels, 3)), axis=1)
    zero, one = (Tensor(np.full(channels, value)) for value in (0, 1))
    return graph.add(Threshold(Tensor(table), zero, one, IntRange(0, 3)), x)


def convolution(
    graph: Graph[TensorType], x: IntValue, outputs: int, window: Window, rng: np.random.Generator
) -> IntValue:
    weights = rng.choice([-1, 1], (outputs, x.type.shape[0], *window.kernel))
    return graph.add(MultiplyAccumulate(Tensor(weights), window), x)


def residual_network(seed: int = 0, size: int = 6) -> Graph[TensorType]:
    """Convolution, a residual block, pool, dense layer; the map of the block is an output too."""
    rng = np.random.default_rng(seed)
    padded = Window((3, 3), pads=(1, 1, 1, 1))
    graph = Graph[TensorType](name="residual")
    x = graph.add_input("x", TensorType((4, size, size), IntRange(0, 3)))
    x = two_bits(graph, convolution(graph, x, 8, padded, rng), rng)
    y = two_bits(graph, convolution(graph, x, 8, padded, rng), rng)
    y = two_bits(graph, graph.add(Add(), convolution(graph, y, 8, padded, rng), x), rng)
    pooled = graph.add(MaxPool(Window((2, 2), (2, 2))), y)
    flat = graph.add(Reshape((8 * (size // 2) ** 2,)), pooled)
    weights = Tensor(rng.choice([-1, 1], (10, flat.type.shape[0], 1, 1)))
    best = graph.add(TopK(2), graph.add(MultiplyAccumulate(weights), flat))
    graph.outputs = [best, y]
    return graph


def binary_network(seed: int = 0, size: int = 8) -> Graph[TensorType]:
    """Bipolar convolutions with stride and padding, as in a binary network."""
    rng = np.random.default_rng(seed)
    graph = Graph[TensorType](name="binary")
    x = graph.add_input("x", TensorType((3, size, size), BIPOLAR))
    x = signs(graph, convolution(graph, x, 8, Window((3, 3)), rng), rng)
    x = signs(graph, convolution(graph, x, 8, Window((3, 3), (2, 2), pads=(1, 1, 1, 1)), rng), rng)
    flat = graph.add(Reshape((x.type.size,)), x)
    graph.outputs = [graph.add(MultiplyAccumulate(Tensor(rng.choice([-1, 1], (6, flat.type.size, 1, 1)))), flat)]
    return graph


def samples(graph: Graph[TensorType], count: int, seed: int = 0) -> list[IntArray]:
    rng = np.random.default_rng(seed)
    ranges = [(v.type.shape, v.type.range) for v in graph.inputs]
    return [rng.choice(np.arange(r.lo, r.hi + 1, r.step), (count, *shape)) for shape, r in ranges]
