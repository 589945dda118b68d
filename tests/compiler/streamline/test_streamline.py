"""Small quantised networks: the integers mean what onnxruntime, or the imported QONNX operators, compute."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.ir import AnyArray, CompileError
from mulfree.sim.reference import run_graph
from tests.compiler.frontends.onnx_models import node
from tests.compiler.streamline.networks import Net, agree, f, imported, operators, runtime, streamlined

RNG = np.random.default_rng(7)


def _bytes(*shape: int) -> AnyArray:
    """Declared as uint8: floats that are integers."""
    return RNG.integers(0, 256, shape).astype(np.float32)


def _small(*shape: int, bits: int = 3) -> AnyArray:
    """Weights that are integers over 4: exact in float32, whatever the order of the sum."""
    return (RNG.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), shape) / 4).astype(np.float32)


def _norm(channels: int, spread: float) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Batch normalisation parameters with factors of both signs."""
    scale = RNG.choice([-1, 1], channels) * RNG.uniform(0.5, 1.5, channels)
    rows = (scale, RNG.normal(size=channels), RNG.normal(size=channels), RNG.uniform(0.5, 2, channels) * spread)
    a, b, c, d = (r.astype(np.float32) for r in rows)
    return a, b, c, d


def test_batch_norm_with_negative_factors_becomes_falling_thresholds() -> None:
    net = Net((3, 8, 8))
    y = net.quant(net.batch_norm(net("Conv", "x", _small(6, 3, 3, 3)), *_norm(6, 1e4)), f(0.25), 4)
    quantised = agree(net, y, _bytes(4, 3, 8, 8), {"x": "uint8"})
    threshold = quantised.graph.nodes[1].op
    assert operators(quantised) == ["mac", "threshold"]
    assert set(np.sign(threshold.step.array)) == {-1, 1}  # type: ignore[attr-defined]


def test_the_host_quantises_an_undeclared_input_by_the_first_quantiser() -> None:
    net = Net((12,))
    first = net.quant(net("Sub", net("Mul", "x", f(1.7)), f(0.3)), f(0.25), 3)
    y = net("MatMul", first, _small(12, 5))
    quantised = agree(net, y, RNG.normal(size=(50, 12)).astype(np.float32))
    assert str(quantised.graph.inputs[0].type) == "12[-4, 3]"


@pytest.mark.parametrize("mode", ["ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"])
def test_every_rounding_mode_of_quant(mode: str) -> None:
    net = Net((40,))
    y = net.quant(net("Mul", "x", f(0.125)), f(0.5), 4, rounding_mode=mode)
    agree(net, y, RNG.integers(-128, 128, (20, 40)).astype(np.float32), {"x": "int8"})


@pytest.mark.parametrize(
    ("signed", "narrow", "zero"), [(0, 0, 0.0), (1, 1, 0.0), (0, 0, 3.0), (1, 0, -2.0), (0, 1, 8.0)]
)
def test_quant_with_zero_points_feeds_a_padded_convolution(zero: float, signed: int, narrow: int) -> None:
    net = Net((2, 6, 6))
    first = net.quant(net("Sub", "x", f(100.0)), f(16.0), 4, zero, signed=signed, narrow=narrow)
    y = net("Conv", first, _small(4, 2, 3, 3), pads=[1, 1, 1, 1])
    agree(net, y, _bytes(3, 2, 6, 6), {"x": "uint8"})


def test_per_channel_scales_of_activations_fold_into_the_next_weights() -> None:
    net = Net((4, 5, 5))
    scales = np.array([0.5, 1, 2, 0.25], dtype=np.float32).reshape(1, 4, 1, 1)
    first = net.quant(net("Mul", "x", f(0.01)), scales, 4)
    y = net("Conv", first, _small(3, 4, 2, 2), f(0.5, -0.25, 1.0))
    agree(net, y, _bytes(3, 4, 5, 5), {"x": "uint8"})


def test_per_channel_scales_of_weights() -> None:
    net = Net((10,))
    weights = RNG.integers(-7, 8, (10, 6)).astype(np.float32) * np.array([0.5, 0.25, 1, 2, 4, 0.125], dtype=np.float32)
    y = net.bipolar(net("Sub", net("MatMul", "x", weights), f(3.3)))
    agree(net, y, _bytes(40, 10), {"x": "uint8"})


def test_weights_quantised_in_the_model_by_a_float_scale() -> None:
    net = Net((16,))
    weights = net.quant(RNG.normal(size=(16, 8)).astype(np.float32), f(0.37), 4, narrow=1)
    y = net.bipolar(net("Sub", net("MatMul", "x", weights), f(0.1)))
    quantised = agree(net, y, RNG.integers(0, 16, (200, 16)).astype(np.float32), {"x": "uint4"})
    assert quantised.graph.nodes[0].op.weights.range.hi <= 7  # type: ignore[attr-defined]


def test_thresholds_on_which_a_float32_sum_may_fall_on_either_side_are_reported() -> None:
    net = Net((16,))
    y = net.bipolar(net("MatMul", "x", net.bipolar(RNG.normal(size=(16, 8)).astype(np.float32), 0.1)))
    assert "1 of 1 thresholds lie where a runtime" in streamlined(net.proto(y), {"x": "uint4"}).notes[0]


def test_qdq_in_uint8_with_zero_points() -> None:
    net = Net((3, 7, 7))
    q = net("DequantizeLinear", net("QuantizeLinear", "x", f(0.25), np.uint8(128)), f(0.25), np.uint8(128))
    weights = net("DequantizeLinear", RNG.integers(-128, 128, (4, 3, 3, 3)).astype(np.int8), f(0.5), np.int8(0))
    conv = net("Relu", net("Conv", q, weights, f(1, 2, 3, 4), pads=[1, 1, 1, 1]))
    y = net("DequantizeLinear", net("QuantizeLinear", conv, f(64), np.uint8(10)), f(64), np.uint8(10))
    quantised = agree(net, y, RNG.normal(scale=20, size=(4, 3, 7, 7)).astype(np.float32))
    assert operators(quantised) == ["mac", "threshold"]


def test_qdq_per_axis_and_clipped_to_four_bits() -> None:
    net = Net((9,))
    q = net("Clip", net("QuantizeLinear", "x", f(0.5), np.int8(0)), np.int8(-8), np.int8(7))
    scales = np.array([0.25, 0.5, 1], dtype=np.float32)
    weights = net("DequantizeLinear", RNG.integers(-8, 8, (3, 9)).astype(np.int8), scales, np.zeros(3, np.int8), axis=0)
    y = net("Gemm", net("DequantizeLinear", q, f(0.5), np.int8(0)), weights, f(0.5, 1, 2), transB=1, alpha=0.5)
    quantised = agree(net, y, RNG.normal(scale=3, size=(30, 9)).astype(np.float32))
    assert str(quantised.graph.inputs[0].type) == "9[-8, 7]"


def test_integer_input_and_conv_integer() -> None:
    net = Net((2, 5, 5), TensorProto.UINT8)
    weights = RNG.integers(0, 256, (3, 2, 3, 3)).astype(np.uint8)
    sums = net("ConvInteger", "x", weights, np.uint8(7), np.uint8(130))
    y = net("Mul", net("Cast", sums, to=TensorProto.FLOAT), f(0.01))
    agree(net, y, RNG.integers(0, 256, (5, 2, 5, 5)).astype(np.uint8))


def test_matmul_integer_of_int8() -> None:
    net = Net((6,), TensorProto.INT8, TensorProto.INT32)
    weights = RNG.integers(-128, 128, (6, 4)).astype(np.int8)
    agree(net, net("MatMulInteger", "x", weights, np.int8(3)), RNG.integers(-128, 128, (9, 6)).astype(np.int8))


def test_qlinear_conv() -> None:
    net = Net((3, 6, 6), TensorProto.UINT8, TensorProto.UINT8)
    weights = RNG.integers(-30, 31, (4, 3, 3, 3)).astype(np.int8)
    bias = RNG.integers(-900, 900, 4).astype(np.int32)
    y = net("QLinearConv", "x", f(0.5), np.uint8(100), weights, f(0.25), np.int8(0), f(18.0), np.uint8(120), bias)
    agree(net, y, RNG.integers(0, 256, (6, 3, 6, 6)).astype(np.uint8))


def test_qlinear_matmul_after_another() -> None:
    net = Net((8,), TensorProto.INT8, TensorProto.INT8)
    rows = [RNG.integers(-9, 10, shape).astype(np.int8) for shape in ((8, 6), (6, 4))]
    x, zero = "x", np.int8(0)
    for weights in rows:
        x = net("QLinearMatMul", x, f(0.5), zero, weights, f(0.5), zero, f(4.0), zero)
    agree(net, x, RNG.integers(-128, 128, (30, 8)).astype(np.int8))


def test_residual_of_different_scales() -> None:
    net = Net((4, 6, 6))
    a = net.quant(net("Mul", "x", f(0.02)), f(0.5), 4)
    b = net.quant(net("Conv", a, _small(4, 4, 3, 3), pads=[1, 1, 1, 1]), f(0.375), 4)
    y = net.quant(net("Relu", net("Add", a, b)), f(0.25), 3, signed=0)
    quantised = agree(net, y, _bytes(3, 4, 6, 6), {"x": "uint8"})
    assert "add" in operators(quantised)


def test_residual_of_equal_scales_needs_no_constants() -> None:
    net = Net((4,))
    a = net.quant(net("Mul", "x", f(0.02)), f(0.5), 4)
    b = net.quant(net("MatMul", a, _small(4, 4)), f(0.5), 4)
    y = net("MatMul", net.bipolar(net("Sub", a, b)), _small(4, 3))
    quantised = agree(net, y, _bytes(60, 4), {"x": "uint8"})
    assert operators(quantised).count("affine") == 1  # the minus sign


def test_concatenation_keeps_a_scale_for_each_channel() -> None:
    net = Net((3, 5, 5))
    a = net.quant(net("Mul", "x", f(0.02)), f(0.5), 4)
    b = net.quant(net("Mul", "x", f(0.05)), f(0.25), 3)
    y = net("Conv", net("Concat", a, b, axis=1), _small(4, 6, 3, 3), pads=[1, 1, 1, 1])
    agree(net, y, _bytes(3, 3, 5, 5), {"x": "uint8"})


def test_concatenation_along_space_takes_a_common_scale() -> None:
    net = Net((2, 3, 4))
    a = net.quant(net("Mul", "x", f(0.02)), f(0.5), 4)
    b = net.quant(net("Mul", "x", f(0.05)), f(0.375), 3)
    agree(net, net("Conv", net("Concat", a, b, axis=3), _small(2, 2, 2, 2)), _bytes(3, 2, 3, 4), {"x": "uint8"})


def test_depthwise_strided_dilated_convolution() -> None:
    net = Net((4, 9, 9))
    y = net.bipolar(net("Conv", "x", _small(8, 1, 3, 3), group=4, strides=[2, 1], dilations=[2, 2], pads=[2, 1, 0, 1]))
    agree(net, y, _bytes(3, 4, 9, 9), {"x": "uint8"})


def test_convolution_and_pools_over_one_axis() -> None:
    net = Net((3, 20))
    conv = net.quant(net("Conv", "x", _small(4, 3, 5), strides=[2], pads=[2, 1], dilations=[1]), f(32), 4)
    y = net("AveragePool", net("MaxPool", conv, kernel_shape=[2]), kernel_shape=[4], strides=[2])
    agree(net, y, _bytes(3, 3, 20), {"x": "uint8"})


def test_max_pool_before_the_quantiser_pools_the_few_bits_after_it() -> None:
    net = Net((2, 6, 6))
    conv = net("Conv", "x", _small(4, 2, 1, 1))
    falling = net("MaxPool", net("Mul", conv, f(-0.5)), kernel_shape=[2, 2])
    agreed = agree(net, net.quant(falling, f(8), 4), _bytes(4, 2, 6, 6), {"x": "uint8"})
    assert operators(agreed) == ["mac", "threshold", "max_pool"]


def test_max_pool_of_what_falls_is_a_min_pool() -> None:
    net = Net((2, 6, 6))
    y = net("MaxPool", net("Mul", net("Conv", "x", _small(4, 2, 1, 1)), f(-0.5)), kernel_shape=[2, 2])
    assert operators(agree(net, y, _bytes(4, 2, 6, 6), {"x": "uint8"})) == ["mac", "min_pool"]


def test_max_pool_over_channels_that_rise_and_channels_that_fall() -> None:
    net = Net((2, 6, 6))
    conv = net.batch_norm(net("Conv", "x", _small(8, 2, 1, 1)), *_norm(8, 1e3))
    y = net.quant(net("MaxPool", conv, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1]), f(0.25), 4)
    agree(net, y, _bytes(4, 2, 6, 6), {"x": "uint8"})


def test_average_pool_then_trunc() -> None:
    net = Net((3, 8, 8))
    a = net.quant(net("Mul", "x", f(0.05)), f(1.0), 4, signed=0)
    total = net("Mul", net("AveragePool", a, kernel_shape=[4, 4], strides=[4, 4]), f(16))
    trunc = net("Trunc", total, f(1), f(0), f(8), f(4), domain="qonnx.custom_op.general", rounding_mode="FLOOR")
    agreed = agree(net, net("MatMul", net("Flatten", trunc), _small(12, 5)), _bytes(5, 3, 8, 8), {"x": "uint8"})
    assert "sum_pool" in operators(agreed)


def test_global_average_pool_and_reduce_mean() -> None:
    net = Net((4, 4, 4))
    a = net.quant(net("Mul", "x", f(0.05)), f(0.5), 4)
    mean = net("ReduceMean", net("Conv", a, _small(6, 4, 1, 1)), axes=[2, 3], keepdims=0)
    pooled = net("Flatten", net("GlobalAveragePool", a))
    y = net("Add", net("MatMul", mean, _small(6, 3)), net("MatMul", pooled, _small(4, 3)))
    agree(net, y, _bytes(5, 4, 4, 4), {"x": "uint8"})


def test_rectifiers_without_a_quantiser_are_integer_operators() -> None:
    net = Net((6,))
    hidden = net("Relu", net("Add", net("MatMul", "x", _small(6, 8)), f(*range(-40, 40, 10))))
    hidden = net("Clip", net("MatMul", hidden, _small(8, 8)), f(-100), f(120.5))
    hidden = net("LeakyRelu", net("MatMul", hidden, _small(8, 8)), alpha=0.125)
    agreed = agree(net, net("MatMul", hidden, _small(8, 2)), _bytes(50, 6) % 16, {"x": "uint4"})
    assert {"clamp", "leaky"} <= set(operators(agreed))


def test_leaky_relu_and_hard_tanh_before_a_quantiser_are_thresholds() -> None:
    net = Net((6,))
    hidden = net("LeakyRelu", net("MatMul", "x", _small(6, 8)), alpha=0.1)
    hidden = net.quant(net("Clip", net("Mul", hidden, f(0.01)), f(-1), f(1)), f(0.125), 4)
    agreed = agree(net, net("MatMul", hidden, _small(8, 3)), _bytes(99, 6), {"x": "uint8"})
    assert operators(agreed) == ["mac", "threshold", "mac"]


def test_hand_written_quantisers_of_standard_operators() -> None:
    net = Net((6,))
    rounded = net("Mul", net("Clip", net("Round", net("Div", "x", f(16.0))), f(0), f(15)), f(16.0))
    signs = net("Where", net("Less", net("MatMul", rounded, _small(6, 8)), f(3)), f(-1), f(1))
    scaled = net("Sign", net("Sub", net("MatMul", signs, _small(8, 8)), f(0.25)))
    agreed = agree(net, net("MatMul", scaled, _small(8, 3)), _bytes(99, 6), {"x": "uint8"})
    assert [n.type.range.width for n in agreed.graph.values() if n.name.startswith("t")][:3] == [4, 9, 1]


def test_a_function_that_rises_and_falls_is_refused() -> None:
    net = Net((6,))
    hidden = net("MatMul", "x", _small(6, 8))
    y = net.quant(net("Abs", hidden), f(8), 3, signed=0)
    with pytest.raises(CompileError, match="rises and falls"):
        streamlined(net.proto(y), {"x": "uint8"})


def test_sigmoid_before_a_quantiser_is_thresholds() -> None:
    net = Net((6,))
    y = net.quant(net("Sigmoid", net("Mul", net("MatMul", "x", _small(6, 8)), f(0.05))), f(1 / 16), 4, signed=0)
    agree(net, y, _bytes(50, 6), {"x": "uint8"})


def test_two_paths_from_one_tensor_are_one_function() -> None:
    net = Net((6,))
    hidden = net("MatMul", "x", _small(6, 8))
    y = net.quant(net("Add", hidden, net("Relu", net("Mul", hidden, f(0.5)))), f(16), 4)
    assert operators(agree(net, y, _bytes(50, 6), {"x": "uint8"})) == ["mac", "threshold"]


def test_channels_last_layers_and_moves_of_axes() -> None:
    net = Net((5, 6, 2))
    first = net.quant(net("Transpose", "x", perm=[0, 3, 1, 2]), f(32), 3, signed=0)
    last = net("Transpose", net("Conv", first, _small(4, 2, 3, 3)), perm=[0, 2, 3, 1])
    quantised = net.quant(net("Add", last, f(-3, 0, 40, 5)), f(16), 4)
    y = net("MatMul", net("Reshape", quantised, np.array([0, -1])), _small(48, 3))
    agree(net, y, _bytes(4, 5, 6, 2), {"x": "uint8"})


def test_matmul_over_the_last_of_three_axes_with_constants_on_either_side() -> None:
    net = Net((5, 4))
    right = net.quant(net("MatMul", "x", _small(4, 6)), f(*[16] * 6) * f(1, 2, 4, 1, 2, 4), 4)
    y = net("MatMul", _small(3, 5), right)
    agree(net, y, _bytes(6, 5, 4), {"x": "uint8"})


def test_slices_splits_gathers_and_pads_of_channels() -> None:
    net = Net((6, 5, 5))
    a = net.quant("x", f(16), 4, signed=0)
    front = net("Slice", a, np.array([0]), np.array([3]), np.array([1]))
    back = net("Gather", a, np.array([5, 3, 4]), axis=1)
    crop = net("Slice", net("Add", front, back), np.array([1]), np.array([4]), np.array([3]))
    wide = net("Pad", crop, np.array([0, 2, 1, 0, 0, 1, 1, 1]))
    agree(net, net("Conv", wide, _small(2, 6, 3, 3)), _bytes(4, 6, 5, 5), {"x": "uint8"})


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_gather_may_choose_an_element_more_than_once_and_others_never(axis: int) -> None:
    net = Net((6, 5, 5))
    chosen = net("Gather", net.quant("x", f(16), 4, signed=0), np.array([4, 0, 1, 0, 4, 4]), axis=axis)
    groups = 2 if axis == 1 else 1
    y = net("Conv", chosen, _small(4, 6 // groups, 3, 3), group=groups)
    agree(net, y, _bytes(4, 6, 5, 5), {"x": "uint8"})


def test_arg_max_of_equal_steps_reads_the_sums_themselves() -> None:
    net = Net((8,), result=TensorProto.INT64)
    scores = net("Div", net("Sub", net("MatMul", "x", _small(8, 5)), f(0.3)), f(1.7))
    agreed = agree(net, net("ArgMax", scores, axis=1, keepdims=0), _bytes(90, 8) % 16, {"x": "uint4"})
    assert operators(agreed) == ["mac", "top_k"]


def test_arg_max_after_a_batch_norm_ranks_what_every_class_can_reach() -> None:
    net = Net((8,), result=TensorProto.INT64)
    hidden = net.batch_norm(net("MatMul", net.bipolar("x"), net.bipolar(_small(8, 5))), *_norm(5, 10))
    agree(net, net("ArgMax", hidden, axis=-1), RNG.normal(size=(200, 8)).astype(np.float32))


def test_arg_max_after_a_wide_batch_norm_is_exact() -> None:
    net = Net((8,), result=TensorProto.INT64)
    hidden = net.batch_norm(net("MatMul", "x", _small(8, 5)), *_norm(5, 1e3))
    agreed = agree(net, net("ArgMax", hidden, axis=-1), _bytes(200, 8), {"x": "uint8"})
    assert any("exact arithmetic" in note for note in agreed.notes)


def test_the_k_least_elements_and_the_last_of_equals() -> None:
    net = Net((8,), result=TensorProto.INT64)
    net.constants["k"] = np.array([3])
    net.nodes.append(node("TopK", [net("MatMul", "x", _small(8, 5)), "k"], ["values", "indices"], largest=0))
    agree(net, "indices", _bytes(90, 8), {"x": "uint8"})
    last = Net((8,), result=TensorProto.INT64)
    scores = last("MatMul", last.quant("x", f(128), 1, signed=0), np.sign(_small(8, 5)))
    agree(last, last("ArgMax", scores, axis=1, select_last_index=1), _bytes(90, 8), {"x": "uint8"})


def test_a_last_softmax_is_the_host_s_and_keeps_the_order() -> None:
    net = Net((8,))
    proto = net.proto(net("Softmax", net("Mul", net("MatMul", "x", _small(8, 5)), f(0.01)), axis=1))
    quantised = streamlined(proto, {"x": "uint8"})
    x = _bytes(50, 8)
    np.testing.assert_allclose(quantised.run({"x": x})["y"], runtime(proto, x), rtol=1e-5)
    assert operators(quantised) == ["mac"]
    assert "Softmax keeps the order" in quantised.notes[0]


def test_every_layer_that_cannot_become_integers_is_listed_once() -> None:
    net = Net((6,))
    hidden = net("Relu", net("MatMul", "x", RNG.normal(size=(6, 8)).astype(np.float32)))
    hidden = net("MatMul", net("Sigmoid", hidden), RNG.normal(size=(8, 8)).astype(np.float32))
    with pytest.raises(CompileError) as caught:
        streamlined(net.proto(hidden))
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("2 nodes cannot be compiled:")
    assert "model input 'x'" in lines[1]
    assert all("weights are floats" in line and "remedy: quantise" in line for line in lines[1:])


def test_values_outside_of_the_declared_format_are_refused() -> None:
    net = Net((6,))
    quantised = streamlined(net.proto(net("MatMul", "x", _small(6, 3))), {"x": "uint8/255"})
    with pytest.raises(CompileError, match="no multiples of 1/255"):
        quantised.run({"x": np.full((1, 6), 0.3217, dtype=np.float32)})
    with pytest.raises(CompileError, match="outside of"):
        quantised.run({"x": np.full((1, 6), 2, dtype=np.float32)})


def test_two_quantisers_of_one_input_are_two_ports() -> None:
    net = Net((6,))
    a, b = net.quant("x", f(0.5), 4), net.quant(net("Mul", "x", f(2)), f(0.25), 3)
    y = net("Add", net("MatMul", a, _small(6, 3)), net("MatMul", b, _small(6, 3)))
    quantised = agree(net, y, RNG.normal(size=(9, 6)).astype(np.float32))
    assert [p.name for p in quantised.inputs] == ["x", "x"]
    assert len({p.value for p in quantised.inputs}) == 2


def test_a_model_of_a_fixed_batch_takes_any_batch() -> None:
    net = Net((3, 4, 4))
    conv = net.quant(net("Conv", "x", _small(2, 3, 2, 2)), f(32), 4)
    proto = net.proto(net("MatMul", net("Reshape", conv, np.array([4, 18])), _small(18, 3)))
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    x = _bytes(4, 3, 4, 4)
    quantised = streamlined(proto, {"x": "uint8"})
    np.testing.assert_array_equal(quantised.run({"x": x})["y"], run_graph(import_onnx(proto), {"x": x})["y"])
    assert quantised.run({"x": _bytes(7, 3, 4, 4)})["y"].shape == (7, 3)


def test_constants_over_space_are_the_host_s_or_refused() -> None:
    net = Net((2, 3, 3))
    first = net.quant(net("Add", "x", RNG.normal(size=(1, 2, 3, 3)).astype(np.float32)), f(16), 4)
    y = net("Conv", first, _small(2, 2, 2, 2))
    agree(net, y, _bytes(4, 2, 3, 3))
    with pytest.raises(CompileError, match=r"node 't1' \(quant\): its constants differ along 3 axes"):
        streamlined(net.proto(y), {"x": "uint8"})


@pytest.mark.parametrize(("kind", "why"), [("Mul", "'mul' gives"), ("Sqrt", "'sqrt' gives")])
def test_numbers_on_no_grid_are_refused_where_they_are_made(kind: str, why: str) -> None:
    net = Net((6,))
    hidden = net("MatMul", "x", _small(6, 4))
    bent = net(kind, *([hidden] * (2 if kind == "Mul" else 1)))
    with pytest.raises(CompileError, match=rf"node 't1' .*{why}"):
        streamlined(net.proto(net("MatMul", bent, _small(4, 2))), {"x": "uint8"})


def test_products_of_activations_are_refused() -> None:
    net = Net((6,))
    a = net("MatMul", "x", _small(6, 6))
    with pytest.raises(CompileError, match="combines two activations"):
        streamlined(net.proto(net("Mul", a, net("MatMul", a, _small(6, 6)))), {"x": "uint8"})
    square = Net((6, 6))
    with pytest.raises(CompileError, match="multiplies two activations"):
        streamlined(square.proto(square("MatMul", "x", "x")), {"x": "uint8"})


def test_activations_that_stay_floats_for_many_layers_are_refused() -> None:
    net, x = Net((4,)), "x"
    for _ in range(6):
        x = net(
            "Relu", net.batch_norm(net("MatMul", x, _small(4, 4)), *(RNG.uniform(0.5, 1, 4).astype(np.float32),) * 4)
        )
    with pytest.raises(CompileError, match="exact integers would need"):
        streamlined(net.proto(x), {"x": "uint8"})


def test_half_precision_is_rounded_as_the_model_rounds() -> None:
    net = Net((6,))
    half = net("Cast", net("MatMul", "x", _small(6, 4)), to=TensorProto.FLOAT16)
    scaled = net("Cast", net("Mul", half, np.float16(0.01)), to=TensorProto.FLOAT)
    agree(net, net.quant(scaled, f(0.5), 4), _bytes(30, 6), {"x": "uint8"})


def test_activations_of_sixteen_bits() -> None:
    net, scale, zero = Net((6,), opset=21), f(1 / 256), np.int16(0)
    x = net("DequantizeLinear", net("QuantizeLinear", "x", scale, zero), scale, zero)
    sums = net("QuantizeLinear", net("MatMul", x, _small(6, 4)), f(1 / 64), zero)
    agree(net, net("DequantizeLinear", sums, f(1 / 64), zero), RNG.normal(size=(20, 6)).astype(np.float32))


def test_padding_of_channels_and_a_maximum_over_the_map() -> None:
    net = Net((2, 5, 5))
    wide = net("Pad", net.quant("x", f(16), 4, signed=0), np.array([0, 1, 0, 0, 0, 1, 0, 0]))
    y = net("ReduceMax", net("Conv", wide, _small(3, 4, 3, 3)), axes=[2, 3], keepdims=0)
    agree(net, y, _bytes(4, 2, 5, 5), {"x": "uint8"})


def test_a_sign_that_is_never_zero_is_one_bit() -> None:
    net = Net((7,))
    signs = net("Sign", net("MatMul", net.bipolar("x"), net.bipolar(_small(7, 5))))
    quantised = agree(net, net("MatMul", signs, _small(5, 2)), RNG.normal(size=(60, 7)).astype(np.float32))
    assert quantised.graph.nodes[1].output.type.range.is_bipolar


@pytest.mark.parametrize(("lo", "hi"), [(-2.0, 2.0), (-5.0, -4.0), (0.0, 1.0), (2.0, 2.0), (-9.0, 9.0)])
def test_a_clip_that_ends_between_the_levels_of_a_quantiser(lo: float, hi: float) -> None:
    net = Net((6,))
    levels = net.quant(net("Sub", "x", f(8.0)), f(2.0), 2, -0.5)
    y = net("MatMul", net("Clip", levels, f(lo), f(hi)), _small(6, 4))
    proto, x = net.proto(y), RNG.integers(0, 16, (9, 6)).astype(np.float32)
    np.testing.assert_array_equal(streamlined(proto, {"x": "uint4"}).run({"x": x})["y"], imported(proto, x))
