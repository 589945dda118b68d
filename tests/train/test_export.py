"""Exported files compute, in onnxruntime and compiled by mulfree, what the module computes: every bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Tensor, nn

import mulfree
from mulfree import train
from mulfree.ir import AnyArray
from mulfree.sim.patterns import random_pattern
from mulfree.train import Binary, Conv2d, Linear, Norm, PowerOfTwo, Uniform
from tests.train.digits import NETWORKS, accuracy, held_out, trained
from tests.train.everywhere import eager, pixels, runtime, signal, warmed
from tests.trained import onnxruntime_run


def test_biases_and_strides_and_modules_of_ones_own_are_exported() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Conv2d(3, 3, 3, padding=1, bias=True, weights=Uniform(4, narrow=True))
            self.out = Uniform(6)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(x + torch.relu(self.inner(x)))

    torch.manual_seed(0)
    x = signal(3, 3, 6, 6)
    net = warmed(nn.Sequential(pixels(), Residual(), nn.Flatten(), Linear(108, 3, True, weights=Binary())), x)
    for name, parameter in net.named_parameters():
        if name.endswith("bias"):
            parameter.data.copy_((16 * parameter.data).round())
    np.testing.assert_array_equal(runtime(train.to_onnx(net, x), x), eager(net, x))


def test_the_batch_may_be_of_any_size_and_the_example_is_only_an_example(tmp_path: Path) -> None:
    net = warmed(nn.Sequential(pixels(), nn.Flatten(), Linear(8, 3, weights=PowerOfTwo())), signal(9, 2, 4))
    train.export_onnx(net, signal(1, 2, 4), tmp_path / "net.onnx")
    for count in (1, 7):
        x = signal(count, 2, 4)
        np.testing.assert_array_equal(onnxruntime_run(tmp_path / "net.onnx", x.numpy()), eager(net, x))


def test_export_leaves_the_module_as_it_was() -> None:
    net = nn.Sequential(pixels(), Linear(4, 3, weights=Binary()), Norm(3)).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    train.to_onnx(net, signal(2, 4))
    assert net.training
    assert isinstance(net[1], Linear)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_files_say_which_release_of_onnx_they_need() -> None:
    model = train.to_onnx(nn.Sequential(pixels(), Linear(4, 3, weights=Binary())), signal(2, 4))
    assert model.ir_version == 10
    assert {o.domain: o.version for o in model.opset_import} == {"": 20, "qonnx.custom_op.general": 1}
    assert {f.name for f in model.functions} == {"Quant", "BipolarQuant"}


def test_nodes_are_called_after_the_layers_of_the_module() -> None:
    net = nn.Sequential()
    net.add_module("pixels", pixels())
    net.add_module("body", nn.Sequential(Linear(4, 3, weights=Binary()), Norm(3)))
    model = train.to_onnx(net, signal(2, 4))
    names = [node.name for node in model.graph.node]
    assert names == ["pixels.Quant", "body.0.BipolarQuant", "body.0.MatMul", "body.1.Mul", "body.1.Add"]


def test_files_are_the_same_in_every_run_and_name_no_folder() -> None:
    net = nn.Sequential(pixels(), Linear(4, 3, weights=Binary()), Norm(3))
    first, second = (train.to_onnx(net, signal(2, 4)).SerializeToString(deterministic=True) for _ in range(2))
    assert first == second
    assert str(Path(mulfree.__file__).parent).encode() not in first
    assert b".py" not in first


def only_node(layer: nn.Module, x: Tensor, operator: str) -> tuple[dict[str, Any], list[AnyArray]]:
    """The attributes and the constants, in order, of the one node of domain mulfree that the layer becomes."""
    model = train.to_onnx(warmed(layer, x), x)
    (node,) = (n for n in model.graph.node if n.domain == "mulfree")
    assert node.op_type == operator
    quantised = {n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Quant"}
    held = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return attributes, [held[quantised.get(name, name)] for name in node.input[1:]]


def test_min_select_is_one_node_with_the_weights_that_are_compared() -> None:
    torch.manual_seed(0)
    layer = train.MinSelectConv2d(3, 4, (3, 2), stride=2, padding=1, weights=Uniform(6, narrow=True))
    attributes, (w,) = only_node(layer, signal(2, 3, 8, 8), "MinSelectConv")
    assert attributes == {
        "dilations": [1, 1],
        "group": 1,
        "kernel_shape": [3, 2],
        "pads": [1, 1, 1, 1],
        "strides": [2, 2],
    }
    np.testing.assert_array_equal(w, layer.balance.compared(layer.weight).detach())
    dense = train.MinSelectLinear(5, 4, weights=Uniform(6, narrow=True))
    _, (w,) = only_node(dense, signal(2, 5), "MinSelectMatMul")
    np.testing.assert_array_equal(w, dense.balance.compared(dense.weight).detach().T)


def test_sum_max_is_one_node_with_infinities_where_entries_are_absent() -> None:
    torch.manual_seed(0)
    layer = train.SumMaxConv2d(2, 3, 3, padding=1, weights=Uniform(5, narrow=True, scale=0.25))
    layer.keep_only(torch.eye(3, 18, dtype=torch.bool), torch.eye(3, 18, dtype=torch.bool).flip(1))
    attributes, (upper, lower) = only_node(layer, signal(2, 2, 5, 5), "SumMaxConv")
    assert attributes == {"dilations": [1, 1], "kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [1, 1]}
    assert upper.shape == lower.shape == (3, 2, 3, 3)
    np.testing.assert_array_equal(np.isfinite(upper.reshape(3, 18)), np.eye(3, 18))
    np.testing.assert_array_equal(np.isfinite(lower.reshape(3, 18)), np.eye(3, 18)[:, ::-1])
    assert upper.min() == -np.inf
    assert lower.max() == np.inf
    np.testing.assert_array_equal(lower.reshape(3, 18).min(axis=1), -layer.lower.effective().max(dim=1).values.detach())


def test_shift_is_one_node_with_the_offset_of_each_channel() -> None:
    offsets = [(0, 1), (-1, 0), (1, 1)]
    attributes, _ = only_node(train.Shift2d(3, offsets=offsets), signal(2, 3, 5, 5), "Shift")
    assert attributes == {"offsets": [0, 1, -1, 0, 1, 1]}


def test_shift_attention_is_one_node_with_values_and_taps() -> None:
    torch.manual_seed(0)
    layer = train.ShiftAttentionConv2d(3, 4, 3, padding=1, weights=Uniform(6, narrow=True))
    attributes, (w, taps) = only_node(layer, signal(2, 3, 6, 6), "ShiftAttentionConv")
    assert attributes == {
        "dilations": [1, 1],
        "group": 1,
        "kernel_shape": [3, 3],
        "pads": [1, 1, 1, 1],
        "strides": [1, 1],
    }
    assert taps.dtype == np.int64
    kept = np.take_along_axis(layer.weights(layer.weight).detach().numpy().reshape(4, 3, 9), taps[..., None], 2)
    np.testing.assert_array_equal(w, kept[..., 0])
    np.testing.assert_array_equal(taps, layer.choice.scores.detach().numpy().argmax(axis=2))


def test_rounded_powers_of_two_are_one_node_with_scale_signs_and_exponents() -> None:
    torch.manual_seed(0)
    inputs, weights = Uniform(4, scale=0.5, learned=False), PowerOfTwo(-3, 0)
    layer = train.PowerOfTwoConv1d(4, 6, 3, groups=2, rounding="half_up", inputs=inputs, weights=weights)
    attributes, (scale, sign, exponent) = only_node(layer, signal(2, 4, 8), "PowerOfTwoConv")
    assert attributes.pop("rounding") == b"half_up"
    assert attributes == {"dilations": [1], "group": 2, "kernel_shape": [3], "pads": [0, 0], "strides": [1]}
    assert scale == 0.5
    assert exponent.dtype == np.int64
    np.testing.assert_array_equal(sign * 2.0**exponent, weights(layer.weight).detach())


HARDWARE = 100
"""Images that go through the Verilog."""
FLOORS = {
    "binary": 0.93,
    "quantised": 0.96,
    "power_of_two": 0.96,
    "rounded_shift": 0.95,
    "min_select": 0.94,
    "sum_max": 0.90,
    "shift": 0.98,
    "shift_attention": 0.95,
    "piecewise": 0.96,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_each_kind_of_layer_learns_digits_and_becomes_hardware(name: str) -> None:
    """Module, onnxruntime, definition and kernels agree on every image, Verilator on a hundred, cycles included."""
    net, (images, labels) = trained(name), held_out()
    assert accuracy(net, images, labels) >= FLOORS[name]
    proto, x = train.to_onnx(net, images[:1]), images.numpy()
    design, expected = mulfree.compile(proto), runtime(proto, images)
    (defined,) = design.model.run({design.model.inputs[0].name: x}).values()
    for y in (eager(net, images), defined, np.asarray(design.simulate(x))):
        np.testing.assert_array_equal(y, expected)
    report = design.cosimulate(x[:HARDWARE], random_pattern(0.8, seed=1), random_pattern(0.7, seed=2))
    assert report.is_equal, str(report)
