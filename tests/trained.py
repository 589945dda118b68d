"""Trained networks that nobody here wrote, with inputs and what must come out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.ir import AnyArray


def mnist(shared: Path) -> tuple[AnyArray, AnyArray]:
    """The 10 000 test images (N, 28, 28), uint8, and their labels."""
    with np.load(shared / "data" / "mnist.npz") as data:
        return data["x_test"], data["y_test"]


def cifar(shared: Path, count: int) -> AnyArray:
    """The first test images, (count, 3, 32, 32), uint8; decoded from JPEG, so good for equality, not for accuracy."""
    with np.load(shared / "data" / "cifar10_jpeg_test.npz") as data:
        ends = np.cumsum(data["test_len"][:count], dtype=np.int64)
        files = np.split(data["test_jpeg"].ravel()[: ends[-1]], ends[:-1])
    images = [np.asarray(Image.open(io.BytesIO(file.tobytes())).convert("RGB")) for file in files]
    return np.stack(images).transpose(0, 3, 1, 2)


def onnxruntime_run(model: Path | bytes, x: AnyArray) -> AnyArray:
    """The model's first output by onnxruntime, without any graph optimisation."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    source = model if isinstance(model, bytes) else str(model)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: x})[0])


def runtime_with_bodies(model: Path, x: AnyArray) -> AnyArray:
    """As `onnxruntime_run`, for a model with QONNX quantisers: they get bodies of standard operators."""
    import onnx

    return onnxruntime_run(bytes(attach_bodies(onnx.load(model)).SerializeToString()), x)
