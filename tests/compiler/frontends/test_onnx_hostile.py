"""Files that are broken or meant to harm: each ends in one CompileError, soon and without much memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.ir import CompileError
from tests.compiler.frontends.onnx_models import model, node

HUGE = 2**40


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    """Each case takes less than 10 seconds of computing and 1 GiB."""
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert time.process_time() - start < 10
    assert grown_kib < 2**20


def _refused(source: Any, why: str) -> str:
    with pytest.raises(CompileError, match=why) as error:
        import_onnx(source)
    return str(error.value)


def _small() -> onnx.ModelProto:
    w = np.ones((3, 2), dtype=np.float32)
    return model([node("MatMul", ["x", "w"], ["t"]), node("Relu", ["t"])], {"x": [1, 3]}, constants={"w": w})


def _constant_shape(*dims: int) -> list[onnx.NodeProto]:
    """A tensor of ones of that shape, made from almost nothing."""
    shape = numpy_helper.from_array(np.array(dims, dtype=np.int64))
    return [node("Constant", [], ["s"], value=shape), node("ConstantOfShape", ["s"], ["c"])]


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    _refused(b"", "holds no graph; it is empty or truncated")
    _refused(b"PK\x03\x04 not a protocol buffer at all", "is not an ONNX model, or is truncated")
    _refused(tmp_path / "absent.onnx", "is not a file")
    _refused(tmp_path, "is not a file")
    _refused("n" * 5000, "cannot be read: File name too long")
    _refused(onnx.ModelProto(), "holds no graph")


def test_a_file_is_read_by_path_and_by_bytes(tmp_path: Path) -> None:
    data = _small().SerializeToString()
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    assert import_onnx(path).name == import_onnx(str(path)).name == "net"
    assert str(import_onnx(data, name="net")) == str(import_onnx(path))


def test_every_truncation_is_refused_or_a_whole_model() -> None:
    """A cut between fields leaves a valid file; then what is missing is named."""
    data = _small().SerializeToString()
    refused = 0
    for end in range(len(data)):
        try:
            import_onnx(data[:end])
        except CompileError:
            refused += 1
    assert refused == len(data)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_never_end_in_anything_else(changes: list[tuple[int, int]]) -> None:
    data = bytearray(_small().SerializeToString())
    for position, byte in changes:
        data[position % len(data)] = byte
    with suppress(CompileError):
        import_onnx(bytes(data)).verify()


def test_shapes_that_declare_more_than_there_is_are_refused() -> None:
    proto = _small()
    proto.graph.initializer[0].dims[:] = [HUGE, 2]
    _refused(proto, f"initialiser 'w': the shape \\({HUGE}, 2\\) is too large")
    proto.graph.initializer[0].dims[:] = [3000, 2]
    _refused(proto, "initialiser 'w': the data does not fit the shape")
    proto.graph.initializer[0].dims[:] = [-1, 2]
    _refused(proto, "negative dimension")
    _refused(model([node("Relu", ["x"])], {"x": [1, HUGE]}), "input 'x': the shape .* is too large")
    _refused(model([node("Relu", ["x"])], {"x": [1] * 40}), "input 'x': the shape .* is too large")


@pytest.mark.parametrize(
    "nodes",
    [
        [*_constant_shape(HUGE), node("Add", ["x", "c"])],
        [*_constant_shape(8192, 8192), node("MatMul", ["c", "c"], ["m"]), node("ReduceSum", ["m"])],
        [*_constant_shape(1, 2**20), node("Transpose", ["c"], ["d"]), node("Mul", ["c", "d"])],
        [node("Pad", ["x", "p"])],
        [node("MaxPool", ["x"], kernel_shape=[HUGE, 1], pads=[HUGE - 1, 0, HUGE - 1, 0])],
        [node("MaxPool", ["x"], kernel_shape=[2, 2], strides=[1, 1], dilations=[HUGE, HUGE])],
        [*_constant_shape(1), node("Tile", ["c", "p"])],
        [*_constant_shape(1), node("Expand", ["c", "p"])],
        [node("Range", ["zero", "huge", "one"])],
    ],
    ids=lambda nodes: f"{nodes[-1].op_type}-{len(nodes)}",
)
def test_small_files_cannot_ask_for_large_tensors(nodes: list[onnx.NodeProto]) -> None:
    pads = np.array([HUGE] if nodes[-1].op_type == "Tile" else [HUGE] * 8, dtype=np.int64)
    numbers = {"zero": np.array(0), "huge": np.array(HUGE), "one": np.array(1), "p": pads}
    used = {n: a for n, a in numbers.items() if any(n in k.input for k in nodes)}
    _refused(model(nodes, {"x": [1, 1, 4, 4]}, constants=used), "1 node cannot be compiled:")


def test_many_constants_together_are_bounded() -> None:
    """Each of them is allowed alone."""
    nodes = _constant_shape(2**13, 2**13)
    nodes += [node("Neg", ["c" if not i else f"c{i}"], [f"c{i + 1}"]) for i in range(8)]
    _refused(model([*nodes, node("Add", ["x", "c8"])], {"x": [1]}), "constants have more than 268435456 elements")


def test_graphs_that_are_no_graphs_are_refused() -> None:
    x = {"x": [1, 3]}
    cycle = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Neg", ["b"])]
    assert "node 'a'" in _refused(model(cycle, x), "depends on its own result; remove the cycle")
    _refused(model([node("Add", ["y", "x"])], x), "depends on its own result")
    _refused(model([node("Add", ["x", "nowhere"])], x), "reads 'nowhere', which nothing defines")
    _refused(model([node("Relu", ["x"]), node("Neg", ["x"])], x), "defines 'y', which is defined already")
    _refused(model([node("Relu", ["x"], ["x"])], x, ["x"]), "defines 'x', which is defined already")
    _refused(model([node("Relu", ["x"])], x, ["z"]), "the output 'z' is defined by nothing")
    _refused(model([node("Relu", ["x"])], x, []), "has no outputs")
    _refused(model([node("Add", ["x"])], x), "operand 1 is missing")


def test_long_chains_need_no_deep_stack() -> None:
    chain = [node("Relu", [f"v{i}" if i else "x"], [f"v{i + 1}"]) for i in range(5000)]
    graph = import_onnx(model(list(reversed(chain)), {"x": [1]}, ["v5000"]))
    assert len(graph.nodes) == 5000


def _with_input(type_proto: onnx.TypeProto) -> onnx.ModelProto:
    proto = model([node("Relu", ["x"])], {"x": [1]})
    proto.graph.input[0].type.CopyFrom(type_proto)
    return proto


def test_inputs_that_are_no_dense_numbers_are_refused() -> None:
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, [1])
    for proto, why in [
        (helper.make_sequence_type_proto(tensor), "is a sequence; only dense tensors"),
        (helper.make_optional_type_proto(tensor), "is a optional; only dense tensors"),
        (helper.make_sparse_tensor_type_proto(TensorProto.FLOAT, [1]), "is a sparse_tensor; only dense"),
        (helper.make_tensor_type_proto(TensorProto.STRING, [1]), "element type string cannot be imported"),
        (helper.make_tensor_type_proto(TensorProto.COMPLEX64, [1]), "element type complex64"),
        (helper.make_tensor_type_proto(99, [1]), "element type number 99"),
        (helper.make_tensor_type_proto(TensorProto.FLOAT, None), "has no shape"),
        (helper.make_tensor_type_proto(TensorProto.FLOAT, [1, 0]), "dimension of 0"),
        (onnx.TypeProto(), "is a value of no type"),
    ]:
        _refused(_with_input(proto), f"input 'x': .*{why}")


def test_only_the_batch_may_be_symbolic() -> None:
    assert import_onnx(model([node("Relu", ["x"])], {"x": ["N", 3]})).inputs[0].type.shape == (1, 3)
    assert import_onnx(model([node("Relu", ["x"])], {"x": [None, 3]})).inputs[0].type.shape == (1, 3)
    _refused(model([node("Relu", ["x"])], {"x": ["N", "H"]}), "input 'x': axis 1 has the symbolic length 'H'.*fix it")
    _refused(model([node("Relu", ["x"])], {"x": [1, None]}), "axis 1 has the symbolic length unknown")


def test_sparse_and_text_constants_are_refused() -> None:
    proto = _small()
    values = helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0])
    indices = helper.make_tensor("i", TensorProto.INT64, [1], [0])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [3]))
    _refused(proto, "has sparse initialisers; export the weights as dense tensors")
    text = model([node("Constant", [], ["c"], value_string="a"), node("Add", ["x", "c"])], {"x": [1]})
    _refused(text, "its value is a string or sparse")
    for kind in ("sparse_value", "value_strings"):
        sparse = helper.make_sparse_tensor(values, indices, [3]) if kind == "sparse_value" else ["a"]
        attribute: dict[str, Any] = {kind: sparse}
        _refused(model([node("Constant", [], **attribute)], {}), "its value is a string or sparse")


def test_wrong_types_and_attributes_are_refused() -> None:
    x = {"x": [1, 3]}
    ints = {"c": np.ones(3, dtype=np.int64)}
    _refused(model([node("Add", ["x", "c"])], x, constants=ints), "types float32 and int64; insert a Cast")
    _refused(model([node("Where", ["x", "x", "x"])], x), "the condition is float32, not bool")
    _refused(model([node("Not", ["x"])], x), "bool is needed")
    _refused(model([node("Softmax", ["x"], axis="last")], x), "attribute 'axis' is 'last', not of type int")
    _refused(model([node("Transpose", ["x"], perm=[0.5, 1.5])], x), "not integers")
    _refused(model([node("Transpose", ["x"], perm=[0, 0])], x), "does not permute")
    _refused(model([node("Concat", ["x", "x"])], x), "attribute 'axis' is missing")
    _refused(model([node("Flatten", ["x"], axis=7)], x), "axis 7 is outside")
    _refused(model([node("LeakyRelu", ["x"], alpha="a")], x), "not of type float")
    _refused(model([node("Reshape", ["x", "c"])], x, constants={"c": np.array([2, 2])}), r"cannot become \(2, 2\)")
    _refused(model([node("Reshape", ["x", "c"])], x, constants={"c": np.array([-1, -1])}), "two unknown dimensions")
    _refused(model([node("Gather", ["x", "c"], axis=1)], x, constants=ints | {"c": np.array(3)}), "is outside the 3")


def test_subgraphs_are_refused_with_their_remedy() -> None:
    branch = helper.make_graph([node("Relu", ["x"], ["z"])], "b", [], [helper.make_tensor_value_info("z", 1, [1])])
    condition = np.array(True)
    both: dict[str, Any] = {"then_branch": branch, "else_branch": branch}
    proto = model([node("If", ["c"], **both)], {"x": [1]}, constants={"c": condition})
    _refused(proto, "operator If is not supported; remedy: export the model without data-dependent control flow")
    for op in ("Loop", "Scan"):
        _refused(model([node(op, ["x"], body=branch)], {"x": [1]}), f"operator {op} is not supported; remedy: export")


def test_one_error_lists_every_node_that_cannot_be_compiled() -> None:
    nodes = [
        helper.make_node("Erf", ["x"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="fine"),
        helper.make_node("GRU", ["b"], ["c"], name="second"),
        helper.make_node("Add", ["x", "w"], ["d"], name="third"),
        helper.make_node("Thing", ["c", "d"], ["y"], name="fourth", domain="elsewhere"),
    ]
    w = np.ones(7, dtype=np.float32)
    proto = model(nodes, {"x": [1, 3]}, constants={"w": w}, domains={"elsewhere": 1})
    text = _refused(proto, "4 nodes cannot be compiled")
    assert text.splitlines() == [
        "g: 4 nodes cannot be compiled:",
        "  node 'first' (Erf): operator Erf is not supported; remedy: train with Relu, LeakyRelu or Clip instead",
        "  node 'second' (GRU): operator GRU is not supported; remedy: recurrent layers have no streaming form here; "
        "unroll the network over a fixed number of steps",
        "  node 'third' (Add): shapes (1, 3) and (7,) do not broadcast; remedy: correct the shapes or types in the "
        "model",
        "  node 'fourth' (Thing): operator Thing of domain elsewhere is not supported; remedy: replace it by supported "
        "operators, or attach a function body made of them to the model",
    ]


def test_auto_pad_cannot_ask_for_large_pads() -> None:
    for dilations in ([HUGE, 1], [1, 2**31]):
        pool = node("MaxPool", ["x"], kernel_shape=[2, 2], dilations=dilations, auto_pad="SAME_UPPER")
        _refused(model([pool], {"x": [1, 1, 4, 4]}), "has more than 134217728 elements")


def test_quantisers_to_formats_that_are_no_integers_are_refused() -> None:
    x, scale = {"x": [2]}, np.float32(1)
    quantise = node("QuantizeLinear", ["x", "s", "z"])
    for zero in (np.float32(0), np.array(False)):
        _refused(model([quantise], x, constants={"s": scale, "z": zero}), "not to an integer type")
    _refused(model([node("DequantizeLinear", ["x", "s"])], x, constants={"s": scale}), "it dequantises float32")


def test_values_without_a_meaning_do_not_end_in_a_traceback() -> None:
    truth = np.array([True])
    _refused(model([node("Range", ["t", "t", "t"])], {}, constants={"t": truth}), "are not numbers")
    _refused(model([node("ReduceMean", ["e"])], {}, constants={"e": np.zeros((0, 2), np.float32)}), "has no mean")
    nan: dict[str, Any] = {"c": np.array([np.nan, np.inf], dtype=np.float32), "s": np.float32(1)}
    import_onnx(model([node("QuantizeLinear", ["c", "s"])], {}, constants=nan))


def test_integer_powers_with_negative_exponents_are_cut_to_zero() -> None:
    constants = {"a": np.array([2, 1, -1, 3]), "b": np.array([-1, -5, -3, 2])}
    graph = import_onnx(model([node("Pow", ["a", "b"])], {}, constants=constants))
    assert graph.nodes[0].op.evaluate().tolist() == [0, 1, -1, 9]
