"""The whole way on trained networks: the model's own answers from the simulator, and from the Verilog."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

import mulfree
from mulfree.api import CompiledModel
from mulfree.ir import AnyArray
from mulfree.sim.patterns import random_pattern
from tests.trained import cifar, mnist, onnxruntime_run, runtime_with_bodies


@cache
def compiled(model: Path, fps: float | None = None) -> CompiledModel:
    return mulfree.compile(model, fps=fps)


def tfc_input(images: AnyArray) -> AnyArray:
    return (images / 255).astype(np.float32).reshape(-1, 1, 28, 28)


def test_tfc_gives_every_logit_of_the_reference(shared: Path) -> None:
    images, labels = mnist(shared)
    logits = compiled(shared / "models" / "TFC_1W1A.onnx").simulate(tfc_input(images))
    assert isinstance(logits, np.ndarray)
    np.testing.assert_array_equal(logits, np.load(shared / "golden" / "TFC_1W1A_all.npz")["out"])
    assert (logits.argmax(axis=1) == labels).sum() == 9296


def test_tfc_in_verilog_gives_the_same_tokens_in_the_same_cycles(shared: Path) -> None:
    images, _ = mnist(shared)
    report = compiled(shared / "models" / "TFC_1W1A.onnx", 20000.0).cosimulate(tfc_input(images[:1000]))
    assert report.is_equal, str(report)


def test_lfc_gives_onnxruntimes_outputs(shared: Path) -> None:
    images, labels = mnist(shared)
    x = images.reshape(-1, 784).astype(np.float32)
    model = shared / "models" / "bnnpynq_lfcW1A1.onnx"
    bits = compiled(model).simulate(x)
    assert isinstance(bits, np.ndarray)
    np.testing.assert_array_equal(bits, onnxruntime_run(model, x))
    # The board's rule: the class is the highest output that is set.
    classes = 9 - (bits[:, ::-1] > 0).argmax(axis=1)
    assert (np.where((bits > 0).any(axis=1), classes, 0) == labels).sum() == 9840


def test_cnv_gives_the_reference_and_onnxruntimes_outputs(shared: Path) -> None:
    model = shared / "models" / "bnnpynq_cnvW1A1.onnx"
    with np.load(shared / "golden" / "bnnpynq_cnvW1A1.npz") as golden:
        np.testing.assert_array_equal(compiled(model).simulate(golden["x"].astype(np.float32)), golden["y"])
    x = cifar(shared, 1000).astype(np.float32)
    np.testing.assert_array_equal(compiled(model).simulate(x), onnxruntime_run(model, x))


def test_cnv_in_verilog_gives_the_same_tokens_in_the_same_cycles(shared: Path) -> None:
    x = cifar(shared, 3).astype(np.float32)
    report = compiled(shared / "models" / "bnnpynq_cnvW1A1.onnx").cosimulate(x)
    assert report.is_equal, str(report)


def test_lfc_in_verilog_gives_the_same_tokens_in_the_same_cycles(shared: Path) -> None:
    images, _ = mnist(shared)
    x = images[:10].reshape(-1, 784).astype(np.float32)
    report = compiled(shared / "models" / "bnnpynq_lfcW1A1.onnx").cosimulate(x)
    assert report.is_equal, str(report)


def test_finn_flow_model_gives_the_labels_of_the_reference(shared: Path) -> None:
    design = compiled(shared / "models" / "finn_fpga_flow_model.onnx")
    with np.load(shared / "golden" / "finn_fpga_flow_model.npz") as golden:
        x, labels = golden["x"][:, 0], golden["y"][:, 0]
    np.testing.assert_array_equal(design.simulate(x), labels)
    report = design.cosimulate(x, source=random_pattern(0.8, 1), sink=random_pattern(0.5, 2))
    assert report.is_equal, str(report)


def test_channels_last_case_from_bytes_gives_the_reference(shared: Path) -> None:
    name = "qonnx__eltwise_chanlast_testcase"
    design = mulfree.compile(shared / "models" / f"{name}.onnx", inputs={"global_in": "uint8"})
    with np.load(shared / "golden" / f"{name}.npz") as golden:
        x, expected = golden["x"][0], golden["y"][0]
    np.testing.assert_array_equal(design.simulate(x), expected)
    report = design.cosimulate(x)
    assert report.is_equal, str(report)


def test_residual_block_from_bytes_over_255(shared: Path) -> None:
    model = shared / "models" / "qonnx__residual_block_clean.onnx"
    design = mulfree.compile(model, inputs={"global_in": "uint8/255"})
    x = (np.random.default_rng(0).integers(0, 256, (1, 1, 200, 200)) / 255).astype(np.float32)
    # Its weights are float32 numbers: onnxruntime rounds sums that are exact here.
    np.testing.assert_allclose(np.asarray(design.simulate(x)), onnxruntime_run(model, x), rtol=1e-5)
    report = design.cosimulate(x)
    assert report.is_equal, str(report)


def test_both_brevitas_exports_are_one_network(shared: Path) -> None:
    images, _ = mnist(shared)
    x = images[:200].reshape(-1, 784).astype(np.float32) / np.float32(255)
    models = [shared / "models" / f"brevitas_binary_mlp_{style}.onnx" for style in ("ts", "dynamo")]
    logits = [np.asarray(compiled(model, 20000.0).simulate(x)) for model in models]
    np.testing.assert_array_equal(logits[0], logits[1])
    for model in models:
        theirs = np.concatenate([runtime_with_bodies(model, row[None]) for row in x])
        np.testing.assert_array_equal(logits[0].argmax(axis=1), theirs.argmax(axis=1))
        # The last batch norm is float32; onnxruntime sums the scaled weights, here the sums are exact.
        np.testing.assert_allclose(logits[0], theirs, rtol=1e-4, atol=1e-5)
        report = compiled(model, 20000.0).cosimulate(x[:20])
        assert report.is_equal, str(report)
