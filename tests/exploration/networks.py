"""A network that is explored in no time, with data for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from mulfree.exploration import Choice, Point

LABELLED = 64
RATES = [2e6, 1e7, 1e8]
"""The first two are reached by fewer lanes than all."""


def dense_network(folder: Path, largest: int = 7) -> Path:
    """Sixteen bits, eight, four: two layers of weights up to `largest`, with a sign between them."""
    numbers = np.random.default_rng(0)
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 13, "qonnx.custom_op.general" : 1]>'
        "dense (float[1, 16] x) => (float[1, 4] y) <float one = {1}> {"
        " q = qonnx.custom_op.general.BipolarQuant (x, one)"
        " [first] h = MatMul (q, w) s = qonnx.custom_op.general.BipolarQuant (h, one) [second] y = MatMul (s, v) }"
    )
    for name, shape in (("w", (16, 8)), ("v", (8, 4))):
        weights = numbers.integers(-largest, largest + 1, shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, name))
    onnx.save(model, folder / "dense.onnx")
    return folder / "dense.onnx"


def labelled_data(folder: Path) -> Path:
    numbers = np.random.default_rng(1)
    x = numbers.normal(size=(LABELLED, 16)).astype(np.float32)
    np.savez(folder / "data.npz", x=x, y=numbers.integers(0, 4, LABELLED))
    return folder / "data.npz"


TOTAL = {"luts": 10, "ffs": 5, "carries": 0, "brams": 1, "lutram": 2, "gates": 60, "levels": 3}


def point(key: str = "a", luts: float = 10, fps: float = 1000.0, accuracy: float | None = None, **more: Any) -> Point:
    """As if it were measured."""
    options: dict[str, Any] = {"model": "m.onnx", "target": "xc7", "fps": 100, **more}
    choice = Choice(**options)
    total = {**TOTAL, "luts": luts}
    estimate = {"total": total, "fps": fps, "latency_us": 1.0, "fmax_mhz": 150.0, "total_error": 0.1}
    return Point(
        key=key,
        choice=choice,
        mulfree="0",
        digests={},
        command="mulfree estimate m.onnx",
        accuracy_command=None,
        seconds=0.5,
        estimate=estimate,
        accuracy=accuracy,
    )


def failed(key: str, error: str) -> Point:
    return replace(point(key), error=error, estimate={})
