"""Trained networks over whole data sets, against what others computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.model import QuantisedModel
from mulfree.compiler.streamline import streamline
from mulfree.ir import AnyArray
from mulfree.sim.functional import FastNetwork
from mulfree.sim.functional.plan import Evaluate
from tests.ir.graphs import run_graph
from tests.sim.functional.layers import inputs_of

MODELS = {
    "TFC_1W1A": {"0": "uint8/255"},
    "bnnpynq_lfcW1A1": {"x": "uint8"},
    "finn_fpga_flow_model": {},
    "qonnx__eltwise_chanlast_testcase": {"global_in": "uint8"},
    "brevitas_binary_mlp_ts": {},
}


def _model(shared: Path, name: str, inputs: dict[str, str] | None = None) -> QuantisedModel:
    return streamline(import_onnx(shared / "models" / f"{name}.onnx"), inputs)


def _run(model: QuantisedModel, x: AnyArray) -> AnyArray:
    """The first output for the only input."""
    (integers,) = model.to_integers({model.inputs[0].name: x}).values()
    (y,) = FastNetwork(model.graph).run([integers])
    return model.from_integers({model.outputs[0].value: y})[model.outputs[0].name]


@pytest.mark.parametrize("name", MODELS)
def test_trained_models_run_as_they_are_defined_and_on_kernels_alone(shared: Path, name: str) -> None:
    graph = _model(shared, name, MODELS[name]).graph
    inputs, network = inputs_of(graph, 20), FastNetwork(graph)
    expected = run_graph(graph, *inputs)
    for value, y in zip(graph.outputs, network.run(inputs), strict=True):
        np.testing.assert_array_equal(y, expected[value.name])
    assert not any(isinstance(step, Evaluate) for step in network.plan.steps)


def test_tfc_gives_every_logit_of_qonnx_for_all_images(shared: Path) -> None:
    data = np.load(shared / "data" / "mnist.npz")
    logits = _run(_model(shared, "TFC_1W1A"), (data["x_test"].astype(np.float32) / np.float32(255))[:, None])
    np.testing.assert_array_equal(logits, np.load(shared / "golden" / "TFC_1W1A_all.npz")["out"])
    assert (logits.argmax(axis=1) == data["y_test"]).sum() == 9296


def test_lfc_classifies_9840_of_10000_images(shared: Path) -> None:
    data = np.load(shared / "data" / "mnist.npz")
    bits = _run(_model(shared, "bnnpynq_lfcW1A1"), data["x_test"].reshape(-1, 784).astype(np.float32))
    highest = np.where((bits > 0).any(axis=1), 9 - (bits[:, ::-1] > 0).argmax(axis=1), 0)
    assert (highest == data["y_test"]).sum() == 9840


def test_cnv_gives_the_integers_of_the_board(shared: Path) -> None:
    golden = np.load(shared / "golden" / "bnnpynq_cnvW1A1.npz")
    np.testing.assert_array_equal(_run(_model(shared, "bnnpynq_cnvW1A1"), golden["x"].astype(np.float32)), golden["y"])
