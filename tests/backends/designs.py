"""A small binary network as a design, made by the compiler's own lowering."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.folding import folding_for
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import BIPOLAR, Graph, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Threshold, TopK
from mulfree.rtl import Design

CYCLES = 64
"""Cycles per frame that the folding is chosen for."""


def small_design() -> Design:
    """32 -> 16 -> 10 -> the largest: two binary layers, thresholds between them."""
    rng = np.random.default_rng(5)
    graph: Graph[TensorType] = Graph(name="small")
    sums = graph.add(_layer(rng, 16, 32), graph.add_input("x", TensorType((32,), BIPOLAR)), name="first")
    signs = graph.add(_sign(rng, 16), sums, name="signs")
    scores = graph.add(_layer(rng, 10, 16), signs, name="second")
    graph.outputs.append(graph.add(TopK(1), scores, name="best"))
    return to_hardware(graph, lambda lowered: folding_for(lowered, CYCLES)).design


def _layer(rng: np.random.Generator, outputs: int, inputs: int) -> MultiplyAccumulate:
    return MultiplyAccumulate(Tensor(2 * rng.integers(0, 2, (outputs, inputs, 1, 1)) - 1))


def _sign(rng: np.random.Generator, channels: int) -> Threshold:
    thresholds = Tensor(rng.integers(-8, 8, (channels, 1)))
    return Threshold(thresholds, Tensor(np.array([-1])), Tensor(np.array([2])), BIPOLAR)
