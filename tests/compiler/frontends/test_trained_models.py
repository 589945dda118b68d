"""Import and evaluate of trained networks that others made, against what their own tools computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.ir import AnyArray, Graph, RealType
from mulfree.sim.reference import run_graph

Golden = Mapping[str, AnyArray]


def _load(shared: Path, name: str) -> tuple[Graph[RealType], Golden]:
    return import_onnx(shared / "models" / f"{name}.onnx"), np.load(shared / "golden" / f"{name}.npz")


def _run(graph: Graph[RealType], x: AnyArray, keep: bool = False) -> dict[str, AnyArray]:
    return run_graph(graph, {graph.inputs[0].name: x}, keep)


def _output(graph: Graph[RealType], x: AnyArray) -> AnyArray:
    return _run(graph, x)[graph.outputs[0].name]


WEIGHTS = {"40": "41", "48": "49", "56": "57", "64": "65"}
"""Quantised weights of TFC: their transpose is what import keeps."""


def test_every_tensor_of_tfc_is_qonnx_s(shared: Path) -> None:
    graph, golden = _load(shared, "TFC_1W1A")
    compared = [k[2:] for k in golden if k.startswith("t_")]
    assert len(compared) == 15
    for sample in range(16):
        values = _run(graph, golden["x"][sample], keep=True)
        for name in compared:
            got = values[WEIGHTS[name]].T if name in WEIGHTS else values[name]
            np.testing.assert_array_equal(got, golden[f"t_{name}"][sample])


def test_tfc_outputs_are_qonnx_s(shared: Path) -> None:
    graph, golden = _load(shared, "TFC_1W1A")
    got = [_output(graph, x) for x in golden["x"]]
    np.testing.assert_array_equal(got, golden["y"])


@pytest.mark.nightly
def test_all_mnist_rows_of_tfc_are_qonnx_s(shared: Path) -> None:
    graph = import_onnx(shared / "models/TFC_1W1A.onnx")
    images = np.load(shared / "data/mnist.npz")["x_test"].astype(np.float32) / np.float32(255)
    got = [_output(graph, x.reshape(1, 1, 28, 28))[0] for x in images]
    np.testing.assert_array_equal(got, np.load(shared / "golden/TFC_1W1A_all.npz")["out"])


def test_every_tensor_of_the_finn_model_is_finn_s(shared: Path) -> None:
    graph, golden = _load(shared, "finn_fpga_flow_model")
    compared = [k[2:] for k in golden if k.startswith("t_")]
    assert len(compared) == 11
    for sample in range(16):
        values = _run(graph, golden["x"][sample], keep=True)
        for name in compared:
            np.testing.assert_array_equal(values[name], golden[f"t_{name}"][sample])


def test_finn_model_gives_the_labels_that_finn_gives(shared: Path) -> None:
    graph, golden = _load(shared, "finn_fpga_flow_model")
    np.testing.assert_array_equal([_output(graph, x) for x in golden["x"]], golden["y"])
    x = np.load(shared / "models/finn_fpga_flow_input.npy").astype(np.float32)
    np.testing.assert_array_equal(_output(graph, x)[0], np.load(shared / "models/finn_fpga_flow_expected_output.npy"))


def test_cnv_gives_the_integers_of_the_board(shared: Path) -> None:
    graph, golden = _load(shared, "bnnpynq_cnvW1A1")
    got = [_output(graph, x[np.newaxis])[0] for x in golden["x"].astype(np.float32)]
    np.testing.assert_array_equal(got, golden["y"])


def test_lfc_predicts_what_the_board_predicts(shared: Path) -> None:
    """The class is the highest output bit that is set."""
    graph, golden = _load(shared, "bnnpynq_lfcW1A1")
    images = np.load(shared / "data/mnist.npz")["x_test"].reshape(-1, 784).astype(np.float32)
    bits = _output(graph, images) > 0
    predicted = np.where(bits.any(axis=1), 9 - bits[:, ::-1].argmax(axis=1), 0)
    np.testing.assert_array_equal(predicted, golden["pred"])
    assert int((predicted == golden["labels"]).sum()) == 9840


def test_channels_last_model_is_qonnx_s(shared: Path) -> None:
    graph, golden = _load(shared, "qonnx__eltwise_chanlast_testcase")
    np.testing.assert_array_equal(_output(graph, golden["x"][0]), golden["y"][0])


@pytest.mark.parametrize("name", ["qonnx__residual_block_clean", "qonnx__mnist-conv_model", "mlperf_alibaba_kws"])
def test_float_networks_agree_to_rounding(shared: Path, name: str) -> None:
    """Sums of floats depend on their order, so these are close and not equal."""
    graph, golden = _load(shared, name)
    for x, y in zip(golden["x"], golden["y"], strict=True):
        np.testing.assert_allclose(_output(graph, x), y, rtol=1e-5, atol=1e-5 * float(np.abs(y).max()))


def test_both_exporter_styles_of_a_network_agree(shared: Path) -> None:
    graphs = [import_onnx(shared / "models" / f"brevitas_binary_mlp_{style}.onnx") for style in ("dynamo", "ts")]
    images = np.load(shared / "data/mnist.npz")["x_test"][:200].reshape(-1, 1, 784).astype(np.float32)
    for x in images / np.float32(255):
        first, second = (_output(graph, x) for graph in graphs)
        np.testing.assert_array_equal(first, second)
