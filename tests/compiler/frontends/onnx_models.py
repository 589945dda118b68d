"""Small models for the tests of the importer, and onnx's own reference for what they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.ir import AnyArray
from mulfree.sim.reference import run_graph

Shape = Sequence[int | str | None]


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Shape],
    outputs: Sequence[str] = ("y",),
    constants: Mapping[str, AnyArray | np.generic] | None = None,
    opset: int = 13,
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Mapping[str, int] | None = None,
    types: Mapping[str, int] | None = None,
) -> onnx.ModelProto:
    """A model of float inputs (or of `types`); result types are left open."""
    kinds = types or {}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, kinds.get(n, TensorProto.FLOAT), None) for n in outputs],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in (constants or {}).items()],
    )
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in (domains or {}).items())]
    return helper.make_model(graph, opset_imports=imports, functions=functions, ir_version=10)


def node(op: str, inputs: Sequence[str], outputs: Sequence[str] = ("y",), **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), list(outputs), **attributes)


def run(proto: onnx.ModelProto, **feeds: AnyArray) -> AnyArray:
    """The first output, through import and evaluate."""
    graph = import_onnx(proto)
    return run_graph(graph, feeds)[graph.outputs[0].name]


def agrees_with_onnx(proto: onnx.ModelProto, **feeds: AnyArray) -> None:
    """Assert that all outputs are those of onnx's reference implementation, type and shape included."""
    graph = import_onnx(proto)
    ours = run_graph(graph, feeds)
    for output, theirs in zip(graph.outputs, reference(proto, **feeds), strict=True):
        got = ours[output.name]
        assert (got.dtype, got.shape) == (theirs.dtype, theirs.shape)
        assert (str(got.dtype), got.shape) == (output.type.dtype, output.type.shape)
        np.testing.assert_allclose(got, theirs, rtol=1e-5, atol=1e-6)


def reference(proto: onnx.ModelProto, **feeds: AnyArray) -> list[AnyArray]:
    """All outputs as onnx's reference implementation computes them."""
    return [np.asarray(y) for y in ReferenceEvaluator(proto).run(None, feeds)]


def onnxruntime(proto: onnx.ModelProto, **feeds: AnyArray) -> AnyArray:
    """The first output as onnxruntime computes it, with the graph as it is; the test is skipped without it."""
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = runtime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    result: AnyArray = session.run(None, feeds)[0]
    return result
