"""The network that ships with mulfree, against onnxruntime and qonnx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import mulfree

EXAMPLES = Path(mulfree.__file__).parent / "examples"
Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def images() -> Array:
    return np.asarray(np.load(EXAMPLES / "digits.npz")["x"]).astype(np.float32)


@pytest.fixture(scope="module")
def logits(images: Array) -> Array:
    """What onnxruntime computes, node by node."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(EXAMPLES / "digits.onnx", options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": images})[0])


def test_digits_are_recognised(logits: Array) -> None:
    labels = np.load(EXAMPLES / "digits.npz")["y"]
    assert len(labels) == 500
    assert (logits.argmax(axis=1) == labels).mean() >= 0.95


def test_integers_give_every_logit_of_onnxruntime(images: Array, logits: Array) -> None:
    y = mulfree.compile(EXAMPLES / "digits.onnx").simulate(images)
    np.testing.assert_array_equal(y, logits)


def test_qonnx_gives_the_same_logits(images: Array, logits: Array) -> None:
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    proto = onnx.load(EXAMPLES / "digits.onnx")
    del proto.functions[:]
    for end in (proto.graph.input[0], proto.graph.output[0]):
        end.type.tensor_type.shape.dim[0].dim_value = 1
    model = ModelWrapper(proto).transform(InferShapes())
    for image, expected in zip(images[:5], logits[:5], strict=True):
        np.testing.assert_array_equal(execute_onnx(model, {"image": image[None]})["logits"][0], expected)
