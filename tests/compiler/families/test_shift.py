from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mulfree
from mulfree.compiler.families.shift import Shift, one_hot
from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.streamline import streamline
from mulfree.ir import BIPOLAR, AnyArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate
from mulfree.sim.patterns import random_pattern
from tests.compiler.streamline.networks import Net, f, runtime, streamlined

FRAMES = 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=4), st.integers(0, 2))
def test_the_range_is_the_tightest_that_holds_every_result(offsets: list[tuple[int, int]], which: int) -> None:
    type = TensorType((len(offsets), 3, 2), (BIPOLAR, IntRange(2, 6, 2), IntRange(0, 3))[which])
    op = Shift(Tensor(np.array(offsets)))
    ends = np.stack([np.full(type.shape, v) for v in range(type.range.lo, type.range.hi + 1, type.range.step)])
    assert IntRange.spanning(np.unique(op.evaluate(ends)).tolist()) == op.infer(type).range


def depthwise(kernels: AnyArray, pads: Sequence[int], **attributes: object) -> Net:
    """x, quantised, through a depthwise convolution."""
    net = Net((len(kernels), 4, 5))
    q = net.quant("x", f(0.5), 3)
    net("Conv", q, kernels, pads=pads, group=len(kernels), kernel_shape=kernels.shape[2:], **attributes)
    return net


def operators(net: Net) -> list[str]:
    return [node.op.name for node in streamlined(net.proto(net.nodes[-1].output[0])).graph.nodes]


def test_a_depthwise_convolution_with_single_ones_is_a_shift() -> None:
    kernels, pads = one_hot(np.array([[0, 1], [-1, 0], [1, 1]]))
    net = depthwise(kernels, pads)
    assert operators(net) == ["shift"]
    proto = attach_bodies(net.proto(net.nodes[-1].output[0]))
    x = np.random.default_rng(0).normal(size=(9, 3, 4, 5)).astype(np.float32)
    (ours,) = streamline(import_onnx(proto)).run({"x": x}).values()
    np.testing.assert_array_equal(ours, runtime(proto, x))


@pytest.mark.parametrize("change", ["two ones", "a half", "stride", "smaller"])
def test_any_other_depthwise_convolution_stays_one(change: str) -> None:
    kernels, pads = one_hot(np.array([[0, 1], [-1, 0], [1, 1]]))
    attributes: dict[str, object] = {}
    match change:
        case "two ones":
            kernels[0, 0, 0, 0] = 1
        case "a half":
            kernels[0] /= 2
        case "stride":
            attributes["strides"] = [1, 2]
        case _:
            pads = [0, 0, 0, 0]
    assert "shift" not in operators(depthwise(kernels, pads, **attributes))


def shift_network() -> Net:
    """1x1, shift, 1x1: what a ShiftNet is made of."""
    rng = np.random.default_rng(3)
    net = Net((2, 4, 4))
    x = net.quant("x", f(0.25), 3)
    wide = net.quant(net("Conv", x, rng.choice([-1.0, 1.0], (6, 2, 1, 1)).astype(np.float32)), f(1), 2)
    moved = net("Shift", wide, domain="mulfree", offsets=rng.integers(-1, 2, 12).tolist())
    net("Conv", moved, rng.integers(-2, 3, (3, 6, 1, 1)).astype(np.float32))
    return net


@pytest.mark.parametrize("folding", [None, "unrolled"])
def test_a_shift_network_is_the_same_under_verilator(folding: str | None) -> None:
    net = shift_network()
    proto = net.proto(net.nodes[-1].output[0])
    design = mulfree.compile(proto, folding=folding)
    assert "spatial_shift" in [stage.module for stage in design.hardware.design.stages]
    assert not any(isinstance(node.op, MultiplyAccumulate) for node in design.hardware.graph.nodes)
    x = np.random.default_rng(0).normal(size=(FRAMES, 2, 4, 4)).astype(np.float32)
    report = design.cosimulate(x, source=random_pattern(0.7, seed=1), sink=random_pattern(0.6, seed=2))
    assert report.is_equal
    assert design.estimate().total.luts > 0
