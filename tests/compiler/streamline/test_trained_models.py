"""Trained networks that others made, as integers, against what their own tools computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.streamline import streamline
from mulfree.ir import AnyArray, CompileError
from mulfree.sim.reference import run_graph
from tests.compiler.streamline.networks import Formats, operators


def _model(shared: Path, name: str, inputs: Formats | None = None) -> QuantisedModel:
    return streamline(import_onnx(shared / "models" / f"{name}.onnx"), inputs)


def _only(model: QuantisedModel, x: AnyArray) -> AnyArray:
    """The first output for the only input."""
    return model.run({model.inputs[0].name: x})[model.outputs[0].name]


def _golden(shared: Path, name: str) -> dict[str, AnyArray]:
    return dict(np.load(shared / "golden" / f"{name}.npz"))


def _mnist(shared: Path) -> tuple[AnyArray, AnyArray]:
    data = np.load(shared / "data" / "mnist.npz")
    return data["x_test"], data["y_test"]


def test_tfc_gives_every_logit_of_qonnx_for_all_images(shared: Path) -> None:
    images, labels = _mnist(shared)
    logits = _only(_model(shared, "TFC_1W1A"), (images.astype(np.float32) / np.float32(255))[:, None])
    np.testing.assert_array_equal(logits, _golden(shared, "TFC_1W1A_all")["out"])
    assert (logits.argmax(axis=1) == labels).sum() == 9296


def test_tfc_from_bytes_has_its_first_quantiser_in_hardware(shared: Path) -> None:
    images, _ = _mnist(shared)
    model = _model(shared, "TFC_1W1A", {"0": "uint8/255"})
    logits = _only(model, (images[:500].astype(np.float32) / np.float32(255))[:, None])
    np.testing.assert_array_equal(logits, _golden(shared, "TFC_1W1A_all")["out"][:500])
    assert operators(model)[:2] == ["reshape", "threshold"]


def _runtime(shared: Path, name: str, x: AnyArray) -> AnyArray:
    return _session(onnx.load(shared / "models" / f"{name}.onnx"), x)


def _session(proto: onnx.ModelProto, x: AnyArray) -> AnyArray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    return np.asarray(session.run(None, {session.get_inputs()[0].name: x})[0])


def test_lfc_gives_the_bits_of_onnxruntime(shared: Path) -> None:
    images, _ = _mnist(shared)
    x = images[:500].reshape(-1, 784).astype(np.float32)
    bits = _only(_model(shared, "bnnpynq_lfcW1A1"), x)
    np.testing.assert_array_equal(bits, _runtime(shared, "bnnpynq_lfcW1A1", x))


def test_cnv_gives_the_integers_of_the_board(shared: Path) -> None:
    golden = _golden(shared, "bnnpynq_cnvW1A1")
    scores = _only(_model(shared, "bnnpynq_cnvW1A1"), golden["x"][:16].astype(np.float32))
    np.testing.assert_array_equal(scores, golden["y"][:16])


def test_the_finn_flow_model_gives_labels(shared: Path) -> None:
    model, golden = _model(shared, "finn_fpga_flow_model"), _golden(shared, "finn_fpga_flow_model")
    labels = _only(model, golden["x"][:, 0])
    np.testing.assert_array_equal(labels, golden["y"][:, 0])
    one = _only(model, np.load(shared / "models" / "finn_fpga_flow_input.npy").astype(np.float32))
    assert one.item() == np.load(shared / "models" / "finn_fpga_flow_expected_output.npy").item()


def test_the_channels_last_case_from_bytes(shared: Path) -> None:
    name = "qonnx__eltwise_chanlast_testcase"
    model, golden = _model(shared, name, {"global_in": "uint8"}), _golden(shared, name)
    np.testing.assert_array_equal(_only(model, golden["x"][0]), golden["y"][0])
    assert operators(model) == ["mac", "threshold"]
    assert "float32 rounding decides 1 of 480 thresholds" in model.notes[0]


def test_the_residual_block_from_bytes_over_255(shared: Path) -> None:
    name = "qonnx__residual_block_clean"
    x = (np.random.default_rng(0).integers(0, 256, (2, 1, 200, 200)) / 255).astype(np.float32)
    ours = _only(_model(shared, name, {"global_in": "uint8/255"}), x)
    theirs = np.concatenate([_runtime(shared, name, row[None]) for row in x])
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_both_brevitas_exports_are_one_network(shared: Path) -> None:
    images, _ = _mnist(shared)
    x = images[:2000].reshape(-1, 784).astype(np.float32) / np.float32(255)
    models = [_model(shared, f"brevitas_binary_mlp_{style}") for style in ("ts", "dynamo")]
    logits = [_only(model, x) for model in models]
    np.testing.assert_array_equal(logits[0], logits[1])
    sums = [run_graph(m.graph, m.to_integers({m.inputs[0].name: x}))[m.outputs[0].value] for m in models]
    np.testing.assert_array_equal(sums[0], sums[1])
    proto = _with_bodies(onnx.load(shared / "models" / "brevitas_binary_mlp_ts.onnx"))
    theirs = _session(proto, x)
    np.testing.assert_array_equal(logits[0].argmax(axis=1), theirs.argmax(axis=1))
    np.testing.assert_allclose(logits[0], theirs, rtol=1e-4, atol=1e-5)


def _with_bodies(proto: onnx.ModelProto) -> onnx.ModelProto:
    """BipolarQuant as a function of standard operators, so that onnxruntime runs it, on any batch."""
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    constants = [("zero", 0.0), ("one", 1.0), ("minus", -1.0)]
    body = [helper.make_node("Constant", [], [n], value_float=v) for n, v in constants]
    body += [
        helper.make_node("Less", ["x", "zero"], ["below"]),
        helper.make_node("Where", ["below", "minus", "one"], ["sign"]),
        helper.make_node("Mul", ["sign", "scale"], ["y"]),
    ]
    domain = "qonnx.custom_op.general"
    opsets = [o for o in proto.opset_import if o.domain == ""]
    proto.functions.append(helper.make_function(domain, "BipolarQuant", ["x", "scale"], ["y"], body, opsets))
    return proto


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("qonnx__mnist-conv_model", ["Convolution28", "Convolution110", "Times212"]),
        ("mlperf_alibaba_kws", [*(f"Conv__{i}" for i in range(58, 62)), "dense/MatMul_Gemm__6"]),
    ],
)
def test_float_networks_are_refused_with_all_their_layers(shared: Path, name: str, layers: list[str]) -> None:
    with pytest.raises(CompileError) as caught:
        _model(shared, name)
    text = str(caught.value)
    count = 3 if name == "qonnx__mnist-conv_model" else 10
    assert text.splitlines()[0] == f"{name}: {count} nodes cannot be compiled:"
    assert all(layer in text for layer in layers)
    assert "model input" in text
    assert text.count("remedy: quantise them") == count
