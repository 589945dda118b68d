"""Every integer operator: its range holds and is reached, and onnxruntime computes the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from mulfree.ir import BIPOLAR, IntArray, IntRange, Op, Tensor, TensorType
from mulfree.ir.ops import (
    INTEGER_OPERATORS,
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
    exact_matmul,
)
from tests.ir.graphs import contractions, input_types, ranges, samples, unary_ops, windows

IntOp = Op[TensorType]


def constant(*items: object) -> Tensor:
    return Tensor(np.array(items))


@settings(max_examples=300, deadline=None)
@given(input_types(), st.data(), st.integers(0, 2**31))
def test_every_result_has_the_inferred_shape_and_range(type: TensorType, data: st.DataObject, seed: int) -> None:
    op = data.draw(unary_ops(type.shape))
    inferred = op.infer(type)
    y = op.evaluate(samples(type, 4, seed))
    assert y.shape == (4, *inferred.shape)
    assert all(int(v) in inferred.range for v in np.unique(y))


def every_sample(types: Sequence[TensorType]) -> list[IntArray]:
    """All values of all operands, as one batch."""
    sizes = [t.size for t in types]
    domain = [range_values(t.range) for t in types for _ in range(t.size)]
    table = np.array(list(product(*domain)))
    columns = np.split(table, np.cumsum(sizes)[:-1], axis=1)
    return [c.reshape(len(table), *t.shape) for c, t in zip(columns, types, strict=True)]


def range_values(range_: IntRange) -> list[int]:
    return list(range(range_.lo, range_.hi + 1, range_.step))


ODD = IntRange(-3, 3, 2)
ROW, MAP = TensorType((2,), ODD), TensorType((1, 2, 2), ODD)
TWO_TAPS = Window((1, 2))
EXACT: list[tuple[IntOp, tuple[TensorType, ...]]] = [
    (Add(), (ROW, TensorType((2,), IntRange(0, 4, 4)))),
    (Affine(constant(2, -3), constant(1, 0)), (ROW,)),
    (ChannelGather((1, 1, 0)), (ROW,)),
    (Clamp(-3, 3), (ROW,)),
    (Clamp(-1, 9), (TensorType((2,), IntRange(-2, 2)),)),
    (Concat(), (ROW, TensorType((1,), IntRange(1, 5, 4)))),
    (Leaky(1, 0), (TensorType((1,), IntRange(-2, 3)),)),
    (MaxPool(TWO_TAPS), (MAP,)),
    (MinPool(TWO_TAPS), (MAP,)),
    (MultiplyAccumulate(Tensor(np.array([2, -1, 4, 2]).reshape(2, 2, 1, 1))), (ROW,)),
    (Pad((0, 1, 0, 0), 6), (MAP,)),
    (Reshape((4,)), (MAP,)),
    (SumPool(TWO_TAPS), (MAP,)),
    (Threshold(constant([-2, 2]), constant(0), constant(2), IntRange(0, 4, 2)), (ROW,)),
    (TopK(1), (TensorType((3,), IntRange(0, 1)),)),
    (Transpose((2, 0, 1)), (MAP,)),
]


@pytest.mark.parametrize(("op", "types"), EXACT, ids=lambda v: v.name if isinstance(v, Op) else "")
def test_the_inferred_range_is_the_tightest_of_all_results(op: IntOp, types: tuple[TensorType, ...]) -> None:
    operands = every_sample(types)
    assert IntRange.spanning(np.unique(op.evaluate(*operands)).tolist()) == op.infer(*types).range


def test_the_list_above_holds_every_operator() -> None:
    assert {type(op) for op, _ in EXACT} == set(INTEGER_OPERATORS)


def run_onnx(op_type: str, inputs: Sequence[np.ndarray[Any, Any]], **attributes: Any) -> np.ndarray[Any, Any]:
    """The first output of one standard operator, computed by onnxruntime."""
    names = [f"x{i}" for i in range(len(inputs))]
    protos = [numpy_helper.from_array(x, n) for x, n in zip(inputs, names, strict=True)]
    infos = [helper.make_tensor_value_info(p.name, p.data_type, x.shape) for p, x in zip(protos, inputs, strict=True)]
    outputs = ["values", "y"] if op_type == "TopK" else ["y"]
    kind = TensorProto.INT64 if op_type == "TopK" else protos[0].data_type
    graph = helper.make_graph(
        [helper.make_node(op_type, names, outputs, **attributes)],
        "one_node",
        infos,
        [helper.make_tensor_value_info("y", kind, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], dict(zip(names, inputs, strict=True)))[0])


def geometry(window: Window) -> dict[str, Any]:
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "dilations": window.dilation,
        "pads": window.pads,
    }


def real(x: IntArray) -> np.ndarray[Any, Any]:
    return x.astype(np.float32)


MAPS = TensorType((6, 5, 4), IntRange(-9, 9))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 2**31))
def test_contraction_is_onnx_convolution(data: st.DataObject, seed: int) -> None:
    op = data.draw(contractions(MAPS.shape))
    assert isinstance(op, MultiplyAccumulate)
    x = samples(MAPS, 2, seed)
    expected = run_onnx("Conv", [real(x), real(op.weights.array)], group=op.groups, **geometry(op.window))
    np.testing.assert_array_equal(op.evaluate(x), expected)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2**31))
def test_dense_contraction_is_onnx_matrix_product(outputs: int, seed: int) -> None:
    x = samples(TensorType((7,), IntRange(-9, 9)), 3, seed)
    weights = np.random.default_rng(seed).integers(-4, 5, (outputs, 7))
    op = MultiplyAccumulate(Tensor(weights.reshape(*weights.shape, 1, 1)))
    np.testing.assert_array_equal(op.evaluate(x), run_onnx("MatMul", [real(x), real(weights.T)]))


@settings(max_examples=60, deadline=None)
@given(windows(5, 4), st.integers(0, 2**31))
def test_pools_are_onnx_pools(window: Window, seed: int) -> None:
    x = samples(MAPS, 2, seed)
    np.testing.assert_array_equal(MaxPool(window).evaluate(x), run_onnx("MaxPool", [real(x)], **geometry(window)))
    np.testing.assert_array_equal(MinPool(window).evaluate(x), -run_onnx("MaxPool", [-real(x)], **geometry(window)))
    average = run_onnx("AveragePool", [real(x)], count_include_pad=1, **geometry(window))
    np.testing.assert_allclose(SumPool(window).evaluate(x), average * window.taps, rtol=1e-5, atol=1e-4)


def test_a_pool_of_negative_values_ignores_its_padding() -> None:
    window = Window((2, 2), pads=(1, 1, 0, 0))
    x = np.full((1, 1, 2, 2), -5)
    assert (MaxPool(window).evaluate(x) == -5).all()
    assert (MinPool(window).evaluate(-x) == 5).all()


@pytest.mark.parametrize("k", [1, 3])
def test_top_k_orders_equal_elements_as_onnx_does(k: int) -> None:
    x = samples(TensorType((9,), IntRange(0, 3)), 20, 1)
    expected = run_onnx("TopK", [real(x), np.array([k])], axis=1)
    np.testing.assert_array_equal(TopK(k).evaluate(x), expected)


def test_movements_are_those_of_onnx() -> None:
    x = samples(MAPS, 2, 0)
    np.testing.assert_array_equal(Transpose((2, 0, 1)).evaluate(x), run_onnx("Transpose", [real(x)], perm=(0, 3, 1, 2)))
    np.testing.assert_array_equal(
        Pad((1, 2, 0, 3), 7).evaluate(x),
        run_onnx("Pad", [real(x), np.array([0, 0, 1, 2, 0, 0, 0, 3]), np.array(7, np.float32)]),
    )
    np.testing.assert_array_equal(
        ChannelGather((5, 0, 0)).evaluate(x), run_onnx("Gather", [real(x), np.array([5, 0, 0])], axis=1)
    )
    np.testing.assert_array_equal(Concat(1).evaluate(x, x), run_onnx("Concat", [real(x), real(x)], axis=2))
    np.testing.assert_array_equal(Reshape((120,)).evaluate(x), run_onnx("Flatten", [real(x)]))


def test_element_wise_operators_are_those_of_onnx() -> None:
    x = samples(MAPS, 2, 0)
    np.testing.assert_array_equal(
        Clamp(-2, 5).evaluate(x), run_onnx("Clip", [real(x), np.array(-2, np.float32), np.array(5, np.float32)])
    )
    np.testing.assert_array_equal(Leaky(4, 1).evaluate(x), 4 * run_onnx("LeakyRelu", [real(x)], alpha=0.25))
    np.testing.assert_array_equal(Add().evaluate(x, x), run_onnx("Add", [real(x), real(x)]))


@settings(max_examples=50, deadline=None)
@given(ranges(), st.integers(0, 2**31))
def test_thresholds_count_as_qonnx_does(range_: IntRange, seed: int) -> None:
    from qonnx.custom_op.general.multithreshold import multithreshold

    x = samples(TensorType((3, 2, 2), range_), 2, seed)
    table = np.sort(np.random.default_rng(seed).integers(-12, 13, (3, 4)), axis=1)
    op = Threshold(Tensor(table), constant(-4), constant(2), IntRange(-4, 4, 2))
    np.testing.assert_array_equal(op.evaluate(x), multithreshold(real(x), real(table), 2.0, -4.0))


def test_a_falling_channel_counts_down() -> None:
    op = Threshold(constant([0], [0]), constant(0, 1), constant(1, -1), IntRange(0, 1))
    assert op.evaluate(np.array([[0, 0], [-1, -1]])).tolist() == [[1, 0], [0, 1]]


def test_large_constants_are_exact() -> None:
    op = Affine(constant(2**40), Tensor(np.array([2**70], dtype=object)))
    x = np.array([[2**35]])
    assert op.evaluate(x).tolist() == [[2**75 + 2**70]]
    assert op.infer(TensorType((1,), IntRange(0, 2**35))).range.hi == 2**75 + 2**70


def test_matrix_product_is_exact_beyond_floating_point() -> None:
    a, b = np.array([[2**31 - 1, 2**31 - 1]]), np.array([[2**30 + 1], [1]])
    assert exact_matmul(a, b).tolist() == [[(2**31 - 1) * (2**30 + 2)]]


def test_bipolar_sums_keep_their_step() -> None:
    op = MultiplyAccumulate(Tensor(np.array([1, -1, 1]).reshape(1, 3, 1, 1)))
    assert op.infer(TensorType((3,), BIPOLAR)).range == IntRange(-3, 3, 2)


IMPOSSIBLE: list[tuple[IntOp, tuple[TensorType, ...], str]] = [
    (Add(), (ROW, MAP), r"shapes \(2,\) and \(1, 2, 2\)"),
    (Affine(constant(1, 2, 3), constant(0)), (ROW,), "3 channels"),
    (ChannelGather((2,)), (ROW,), "outside the 2 channels"),
    (Concat(1), (MAP, TensorType((2, 2, 2), ODD)), "do not join along axis 1"),
    (MaxPool(Window((3, 3))), (MAP,), "a 3x3 window does not fit a padded 2x2 map"),
    (MultiplyAccumulate(Tensor(np.ones((3, 1, 1, 1), int)), groups=2), (ROW,), "3 output channels"),
    (MultiplyAccumulate(Tensor(np.ones((1, 3, 1, 1), int))), (ROW,), "x has 2 channels but the weights take 1 x 3"),
    (Pad((1, 1, 1, 1)), (ROW,), "a map"),
    (Reshape((5,)), (MAP,), "cannot become"),
    (TopK(1), (MAP,), "a vector is needed"),
    (Transpose((0, 0, 1)), (MAP,), "does not permute"),
    (SumPool(Window()), (TensorType((2, 2), ODD),), "a vector .* or a map"),
]


@pytest.mark.parametrize(("op", "types", "complaint"), IMPOSSIBLE, ids=lambda v: v.name if isinstance(v, Op) else "")
def test_operands_that_do_not_fit_are_refused(op: IntOp, types: tuple[TensorType, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        op.infer(*types)
