"""Shift attention by the taps' indices: cycles, memory, and a network from ONNX to Verilog."""

from __future__ import annotations

import numpy as np
import pytest

import mulfree
from mulfree.compiler.alternatives import alternatives
from mulfree.compiler.families.one_tap import OneTap
from mulfree.compiler.folding import LayerFolding, foldable_layers, folding_for
from mulfree.compiler.pipeline import to_hardware
from mulfree.ir import AnyArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Window
from mulfree.rtl.busy import busy_cycles
from mulfree.sim.patterns import random_pattern
from tests.compiler.families.layers import network
from tests.compiler.streamline.networks import Net, agree, f

X = TensorType((8, 6, 6), IntRange(0, 15))
SAME = Window((3, 3), pads=(1, 1, 1, 1))


def attention(outputs: int = 16, channels: int = 8) -> tuple[AnyArray, AnyArray]:
    """Values in quarters, none 0, and taps."""
    random = np.random.default_rng(0)
    values = random.integers(1, 8, (outputs, channels)) * random.choice([-1, 1], (outputs, channels)) / 4
    return values.astype(np.float32), random.integers(0, 9, (outputs, channels))


def layer(taps: int = 1) -> MultiplyAccumulate:
    values, indices = attention()
    weights = np.zeros((*values.shape, 9), np.int64)
    for i in range(taps):
        np.put_along_axis(weights, (indices[..., None] + i) % 9, (4 * values[..., None]).astype(np.int64), axis=2)
    return MultiplyAccumulate(Tensor(weights.reshape(16, 8, 3, 3)), SAME)


def test_a_position_takes_a_step_for_each_channel_and_stores_a_weight_for_each_pair() -> None:
    graph = network(X, layer())
    folding = dict.fromkeys(foldable_layers(graph), LayerFolding(2, 2))
    by_index, by_tap = (
        next(
            s
            for s in to_hardware(graph, lambda g: folding, prefer=(name,)).design.stages
            if s.module == "matrix_vector"
        )
        for name in ("one_tap", "and_popcount")
    )
    assert busy_cycles(by_index) == 36 * (8 // 2) * (16 // 2)
    assert busy_cycles(by_tap) == 9 * busy_cycles(by_index)
    bits = {stage: stage.memories["weights"].depth * stage.memories["weights"].width for stage in (by_index, by_tap)}
    assert (bits[by_index], bits[by_tap]) == (16 * 8 * (4 + 4), 16 * 8 * 9 * 4)


def test_what_takes_a_step_for_each_channel_is_taken_by_its_price() -> None:
    """The index of a tap, or its place in a list: as many steps, and a list needs no multiplexers."""
    graph = network(X, layer())
    folding = dict.fromkeys(foldable_layers(graph), LayerFolding(1, 2))
    (found,) = alternatives(graph, folding, "xc7").values()
    by_name = {a.arithmetic.name: a for a in found}
    index, listed, rows = (by_name[name] for name in ("one_tap", "and_popcount_kept", "and_popcount"))
    assert index.cycles == listed.cycles == rows.cycles // 9
    assert (index.is_in_time, listed.is_in_time, rows.is_in_time) == (True, True, False)
    assert found[:2] == [listed, index]
    hardware = to_hardware(graph, lambda g: folding, target="xc7")
    assert [node.op.name for node in hardware.graph.nodes] == ["and_popcount_kept"]


def test_fewer_lanes_reach_a_rate() -> None:
    assert set(folding_for(network(X, layer()), 36 * 8 * 16).values()) == {LayerFolding(1, 1)}
    assert set(folding_for(network(X, layer(2)), 36 * 8 * 16 * 9).values()) == {LayerFolding(1, 1)}
    (lanes,) = folding_for(network(X, layer(2)), 36 * 8 * 16).values()
    assert lanes.pe * lanes.simd > 8


@pytest.mark.parametrize("taps", [2, 9])
def test_kernels_of_several_taps_are_not_taken(taps: int) -> None:
    assert OneTap.accepts(layer(), X)
    assert not OneTap.accepts(layer(taps), X)


def test_a_network_of_shift_attention_runs_in_verilog_as_in_onnxruntime() -> None:
    values, taps = attention()
    net = Net((8, 6, 6))
    x = net.quant("x", f(0.25), 4)
    y = net("ShiftAttentionConv", x, values, taps, kernel_shape=[3, 3], pads=[1, 1, 1, 1], domain="mulfree")
    y = net.quant(y, f(2.0), 4)
    again, taps_again = attention(4, 16)
    last = net("ShiftAttentionConv", y, again, taps_again, kernel_shape=[3, 3], strides=[3, 3], domain="mulfree")
    data = np.random.default_rng(1).normal(size=(20, 8, 6, 6)).astype(np.float32) * 2
    agree(net, last, data)
    design = mulfree.compile(net.proto(last), fps=20000, arithmetic="one_tap")
    assert [n.op.name for n in design.hardware.graph.nodes].count("one_tap") == 2
    report = design.cosimulate(data, random_pattern(0.7, 1), random_pattern(0.6, 2))
    assert report.is_equal, str(report)
