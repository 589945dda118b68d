"""What changed between opsets, against onnx's reference implementation or its version converter."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import TensorProto, numpy_helper

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.frontends.real import AveragePool, Clip, Constant, Conv, MaxPool, Reshape, Softmax
from mulfree.ir import AnyArray, CompileError
from tests.compiler.frontends.onnx_models import agrees_with_onnx, model, node, onnxruntime, reference, run

RNG = np.random.default_rng(1)


def _x(*shape: int) -> AnyArray:
    return RNG.standard_normal(shape).astype(np.float32)


def _ints(*values: int) -> AnyArray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Pow"])
@pytest.mark.parametrize(("shape", "axis"), [((3,), 1), ((3, 4), 1), ((5,), -1), ((1,), 0)])
def test_opset_6_aligns_the_second_operand_at_an_axis(op: str, shape: tuple[int, ...], axis: int) -> None:
    """Shapes of the Add-6 specification: its first axis meets axis `axis`, counted in the first operand."""
    x, b = np.abs(_x(2, 3, 4, 5)), np.abs(_x(*shape)) + 1
    old = model([node(op, ["x", "b"], broadcast=1, axis=axis)], {"x": x.shape}, constants={"b": b}, opset=6)
    aligned = b.reshape(*shape, *(1,) * (4 - axis % 4 - len(shape)))
    new = model([node(op, ["x", "b"])], {"x": x.shape}, constants={"b": aligned}, opset=13)
    np.testing.assert_array_equal(run(old, x=x), reference(new, x=x)[0])


@pytest.mark.parametrize(
    ("old", "new", "constants"),
    [
        (node("Clip", ["x"], min=-0.5, max=0.25), node("Clip", ["x", "lo", "hi"]), {"lo": -0.5, "hi": 0.25}),
        (node("Clip", ["x"], max=0.25), node("Clip", ["x", "", "hi"]), {"hi": 0.25}),
        (node("Pad", ["x"], pads=[0, 0, 1, 2, 0, 0, 3, 0], value=1.5), node("Pad", ["x", "p", "v"]), {"v": 1.5}),
        (node("Pad", ["x"], pads=[0, 0, 1, 2, 0, 0, 3, 0], mode="edge"), node("Pad", ["x", "p"], mode="edge"), {}),
        (node("Squeeze", ["x"], axes=[0]), node("Squeeze", ["x", "axes"]), {}),
        (node("Squeeze", ["x"]), node("Squeeze", ["x"]), {}),
        (node("Unsqueeze", ["x"], axes=[0]), node("Unsqueeze", ["x", "axes"]), {}),
        (node("ReduceSum", ["x"], axes=[0], keepdims=0), node("ReduceSum", ["x", "axes"], keepdims=0), {}),
        (node("ReduceMean", ["x"], axes=[2, 3]), node("ReduceMean", ["x", "last"]), {}),
        (node("Slice", ["x"], starts=[1, -2], ends=[9, 9], axes=[1, 3]), node("Slice", ["x", "s", "e", "a"]), {}),
        (node("TopK", ["x"], ["y", "i"], k=2, axis=3), node("TopK", ["x", "k"], ["y", "i"], axis=3), {}),
        (node("TopK", ["x"], ["", "y"], k=2), node("TopK", ["x", "k"], ["", "y"]), {}),
        (node("Split", ["x"], ["y", "z"], axis=1, split=[2, 1]), node("Split", ["x", "parts"], ["y", "z"], axis=1), {}),
        (node("Dropout", ["x"], ratio=0.3), node("Dropout", ["x"]), {}),
    ],
    ids=lambda v: v.op_type if isinstance(v, onnx.NodeProto) else "",
)
def test_attributes_became_operands(old: onnx.NodeProto, new: onnx.NodeProto, constants: dict[str, Any]) -> None:
    tables = {"p": _ints(0, 0, 1, 2, 0, 0, 3, 0), "axes": _ints(0), "last": _ints(2, 3), "k": _ints(2)}
    tables |= {"s": _ints(1, -2), "e": _ints(9, 9), "a": _ints(1, 3), "parts": _ints(2, 1)}
    tables |= {n: np.asarray(v, dtype=np.float32) for n, v in constants.items()}
    used = {n: a for n, a in tables.items() if n in new.input}
    kinds = {"y": TensorProto.INT64} if old.op_type == "TopK" and not old.output[0] else {}
    x = _x(1, 3, 4, 5)
    modern = model([new], {"x": x.shape}, constants=used, opset=18, types=kinds)
    agrees_with_onnx(modern, x=x)
    np.testing.assert_array_equal(run(model([old], {"x": x.shape}, opset=9, types=kinds), x=x), run(modern, x=x))


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_ran_over_all_later_axes_before_opset_13(op: str, axis: int) -> None:
    x = _x(2, 3, 4)
    old = model([node(op, ["x"], axis=axis)], {"x": x.shape}, opset=11)
    rows = x.reshape(int(np.prod(x.shape[: axis % 3])), -1)
    flat = run(model([node(op, ["x"], axis=1)], {"x": rows.shape}, opset=13), x=rows)
    np.testing.assert_allclose(run(old, x=x), flat.reshape(x.shape), rtol=1e-6)
    assert any(isinstance(n.op, Softmax) for n in import_onnx(old).nodes)


def test_constants_of_all_kinds_are_read() -> None:
    kinds: dict[str, Any] = {"value_int": 3, "value_ints": [1, 2], "value_float": 0.5, "value_floats": [1.5, 2.5]}
    kinds["value"] = numpy_helper.from_array(np.array([[True], [False]]))
    for kind, value in kinds.items():
        proto = model([node("Constant", [], **{kind: value})], {}, opset=13)
        (theirs,) = reference(proto)
        ours = run(proto)
        np.testing.assert_array_equal(ours, theirs)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)


def test_shape_arithmetic_folds_to_one_reshape() -> None:
    """What exporters write for x.view(x.shape[0], -1)."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Unsqueeze", ["n", "axes"], ["n1"]),
        node("Concat", ["n1", "rest"], ["shape"], axis=0),
        node("Reshape", ["x", "shape"]),
    ]
    constants = {"zero": np.array(0), "axes": _ints(0), "rest": _ints(-1)}
    proto = model(nodes, {"x": ["N", 3, 4]}, constants=constants)
    assert [n.op for n in import_onnx(proto).nodes] == [Reshape((1, 12))]
    agrees_with_onnx(proto, x=_x(1, 3, 4))


def test_reshape_copies_zeros_and_infers_minus_one() -> None:
    proto = model([node("Reshape", ["x", "s"])], {"x": [2, 3, 4]}, constants={"s": _ints(0, -1, 2)})
    agrees_with_onnx(proto, x=_x(2, 3, 4))


def test_an_input_with_an_initialiser_is_a_constant() -> None:
    proto = model([node("Add", ["x", "b"])], {"x": [2], "b": [2]}, constants={"b": _x(2)})
    assert [v.name for v in import_onnx(proto).inputs] == ["x"]
    agrees_with_onnx(proto, x=_x(2))


def test_nodes_come_in_any_order() -> None:
    nodes = [node("Relu", ["t"]), node("Neg", ["x"], ["t"])]
    assert run(model(nodes, {"x": [2]}), x=np.array([1, -2], dtype=np.float32)).tolist() == [0, 2]


def test_outputs_keep_their_names_through_identities() -> None:
    nodes = [node("Identity", ["x"], ["y"]), node("Identity", ["w"], ["z"]), node("Relu", ["x"], ["r"])]
    proto = model(nodes, {"x": [2]}, ["y", "z", "x", "r"], constants={"w": _x(3)})
    graph = import_onnx(proto)
    assert [v.name for v in graph.outputs] == ["y", "z", "x", "r"]
    agrees_with_onnx(proto, x=_x(2))


def test_what_no_output_needs_is_left_out() -> None:
    nodes = [node("Relu", ["x"]), node("Erf", ["x"], ["unused"]), node("Neg", ["x"], ["too"])]
    assert len(import_onnx(model(nodes, {"x": [2]})).nodes) == 1


PADS = st.lists(st.integers(0, 2), min_size=4, max_size=4)
PAIRS = st.lists(st.integers(1, 3), min_size=2, max_size=2)
AUTO = st.sampled_from(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"])


@given(PAIRS, PAIRS, PAIRS, PADS, AUTO, st.sampled_from([1, 2, 4]), st.integers(5, 9))
def test_convolutions_are_onnxruntime_s(
    kernel: list[int], stride: list[int], dilation: list[int], pads: list[int], auto: str, groups: int, size: int
) -> None:
    # onnxruntime does not take dilation together with SAME.
    assume(auto in ("NOTSET", "VALID") or dilation == [1, 1])
    x, w = _x(2, 4, size, 7), _x(4, 4 // groups, *kernel)
    assume(dilation[0] * (kernel[0] - 1) < size)
    attributes: dict[str, Any] = {"pads": pads} if auto == "NOTSET" else {"auto_pad": auto}
    conv = node("Conv", ["x", "w", "b"], strides=stride, dilations=dilation, group=groups, **attributes)
    proto = model([conv], {"x": x.shape}, constants={"w": w, "b": _x(4)})
    graph = import_onnx(proto)
    assert any(isinstance(n.op, Conv) for n in graph.nodes)
    np.testing.assert_allclose(run(proto, x=x), onnxruntime(proto, x=x), rtol=1e-4, atol=1e-5)


@given(st.sampled_from(["MaxPool", "AveragePool"]), PAIRS, PAIRS, PADS, st.booleans(), st.booleans())
def test_pools_are_onnxruntime_s(
    op: str, kernel: list[int], stride: list[int], pads: list[int], ceil: bool, include: bool
) -> None:
    assume(all(p < k for p, k in zip(pads, kernel * 2, strict=True)))
    x = _x(1, 2, 7, 6)
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": stride, "pads": pads, "ceil_mode": int(ceil)}
    attributes |= {"count_include_pad": int(include)} if op == "AveragePool" else {}
    proto = model([node(op, ["x"], **attributes)], {"x": x.shape}, opset=12)
    assert isinstance(import_onnx(proto).nodes[0].op, MaxPool | AveragePool)
    np.testing.assert_allclose(run(proto, x=x), onnxruntime(proto, x=x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_global_pools_are_one_window(rank: int) -> None:
    x = _x(2, 3, *(4, 5, 6)[:rank])
    for op in ("GlobalAveragePool", "GlobalMaxPool"):
        proto = model([node(op, ["x"])], {"x": x.shape})
        np.testing.assert_allclose(run(proto, x=x), onnxruntime(proto, x=x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("op", ["Conv", "MaxPool", "BatchNormalization"])
def test_channels_last_is_the_standard_operator_between_transposes(op: str) -> None:
    x = _x(1, 6, 5, 3)
    parameters: dict[str, AnyArray] = {}
    attributes: dict[str, Any] = {}
    if op == "Conv":
        parameters = {"w": _x(4, 2, 3, 3)}
        attributes = {"kernel_shape": [2, 3], "strides": [2, 1], "pads": [1, 0, 0, 2]}
    elif op == "MaxPool":
        attributes = {"kernel_shape": [2, 2], "strides": [2, 2]}
    else:
        parameters = {n: np.abs(_x(3)) + 1 for n in ("scale", "bias", "mean", "var")}
    last = model(
        [node(op, ["x", *parameters], domain="qonnx.custom_op.channels_last", **attributes)],
        {"x": x.shape},
        constants=parameters,
        domains={"qonnx.custom_op.channels_last": 1},
    )
    first = {n: np.moveaxis(a, -1, 1) if n == "w" else a for n, a in parameters.items()}
    nodes = [
        node("Transpose", ["x"], ["a"], perm=[0, 3, 1, 2]),
        node(op, ["a", *parameters], ["b"], **attributes),
        node("Transpose", ["b"], perm=[0, 2, 3, 1]),
    ]
    # Before opset 14, onnx's reference takes a BatchNormalization for one in training.
    (expected,) = reference(model(nodes, {"x": x.shape}, constants=first, opset=15), x=x)
    np.testing.assert_allclose(run(last, x=x), expected, rtol=1e-5, atol=1e-6)


def test_clip_without_bounds_has_infinite_ones() -> None:
    graph = import_onnx(model([node("Clip", ["x"])], {"x": [1]}))
    assert isinstance(graph.nodes[-1].op, Clip)
    bounds = [n.op.array.item() for n in graph.nodes if isinstance(n.op, Constant)]
    assert bounds == [-np.inf, np.inf]


@pytest.mark.parametrize("version", [1, 5, 28, 1000])
def test_opsets_out_of_range_are_refused(version: int) -> None:
    with pytest.raises(CompileError, match="is not one of 6 to 27; convert the model"):
        import_onnx(model([node("Relu", ["x"])], {"x": [1]}, opset=version))


INTEGER_OPS = st.sampled_from(["QLinearConv", "ConvInteger"])


@given(INTEGER_OPS, st.integers(0, 255), st.integers(-5, 5), st.integers(0, 2**31))
def test_integer_convolutions_are_onnxruntime_s(op: str, x_zero: int, y_shift: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (1, 2, 5, 5), dtype=np.uint8)
    w = rng.integers(-128, 128, (3, 2, 3, 3), dtype=np.int8)
    zero = np.array(x_zero, dtype=np.uint8)
    constants: dict[str, Any] = {"w": w, "xz": zero}
    if op == "ConvInteger":
        nodes, out = [node(op, ["x", "w", "xz"], pads=[1, 1, 1, 1])], TensorProto.INT32
    else:
        nodes = [node(op, ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], pads=[1, 1, 1, 1])]
        constants |= {"wz": np.zeros(3, np.int8), "yz": np.array(100 + y_shift, np.uint8)}
        constants |= {"xs": np.float32(0.02), "ys": np.float32(0.5)}
        constants |= {"ws": rng.uniform(0.001, 0.1, 3).astype(np.float32), "b": rng.integers(-999, 999, 3, np.int32)}
        out = TensorProto.UINT8
    proto = model(nodes, {"x": x.shape}, constants=constants, types={"x": TensorProto.UINT8, "y": out})
    np.testing.assert_array_equal(run(proto, x=x), onnxruntime(proto, x=x))
