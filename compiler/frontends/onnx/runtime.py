"""onnxruntime as a referee: the tensors of a model as it computes them, node by node, without optimisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.compiler.frontends.onnx.load import load_model
from mulfree.ir import AnyArray, CompileError

if TYPE_CHECKING:
    from onnx import ModelProto


class OnnxRuntime:
    """A session that gives those of the named tensors that the file has by name; those in function bodies it hides.

    Raises CompileError, with what to do, if onnxruntime is not installed or refuses the model.
    """

    def __init__(self, source: str | Path | bytes | ModelProto, names: Iterable[str]) -> None:
        model = _with_bodies(source)
        made = {name for node in model.graph.node for name in node.output}
        self.names = [name for name in names if name in made]
        self._session = _session(_exposing(model, self.names))

    def run(self, feeds: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """One run, on a batch of the size that the file declares."""
        results = self._session.run(self.names, dict(feeds))
        return {name: np.asarray(result) for name, result in zip(self.names, results, strict=True)}


def _with_bodies(source: str | Path | bytes | ModelProto) -> ModelProto:
    from onnx import ModelProto
    from onnx.external_data_helper import load_external_data_for_model

    loaded = load_model(source)
    model = ModelProto()
    model.CopyFrom(loaded.proto)
    if loaded.folder:
        load_external_data_for_model(model, str(loaded.folder))
    try:
        return attach_bodies(model)
    except ValueError as error:
        raise CompileError(f"{loaded.label}: {error}, or compare with 'onnx'") from None


def _exposing(model: ModelProto, names: Iterable[str]) -> bytes:
    from onnx import ValueInfoProto

    outputs = {output.name for output in model.graph.output}
    model.graph.output.extend(ValueInfoProto(name=name) for name in names if name not in outputs)
    data: bytes = model.SerializeToString()
    return data


def _session(model: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise CompileError("comparing with onnxruntime needs it: pip install 'mulfree[oracle]'") from None
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions have no common base that it exports
        raise CompileError(f"onnxruntime refuses the model: {error}; compare with 'onnx' instead") from None
