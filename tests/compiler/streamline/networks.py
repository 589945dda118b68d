"""Small networks written node by node, and what others say they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.model import InputFormat, QuantisedModel
from mulfree.compiler.streamline import streamline
from mulfree.ir import AnyArray
from mulfree.sim.reference import run_graph
from tests.compiler.frontends.onnx_models import model, node

QONNX = "qonnx.custom_op.general"
FLOAT = np.float32


def f(*values: float) -> AnyArray:
    """A float32 vector; one value is a scalar."""
    array = np.array(values, dtype=FLOAT)
    return array if len(values) > 1 else array.reshape(())


@dataclass
class Net:
    """A model with the input `x` (batch N) and the output `y`, built by calling operators on names and arrays.

    `more` are shapes of further float inputs by name.
    """

    shape: tuple[int, ...]
    dtype: int = TensorProto.FLOAT
    result: int = TensorProto.FLOAT
    opset: int = 17
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, AnyArray] = field(default_factory=dict)
    more: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __call__(self, op: str, *operands: str | AnyArray | np.generic, **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        names = [o if isinstance(o, str) else self._constant(o) for o in operands]
        self.nodes.append(node(op, names, [name], **attributes))
        return name

    def quant(self, x: str | AnyArray, scale: AnyArray, bits: int, zero: float = 0.0, **attributes: Any) -> str:
        settings = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND", **attributes}
        return self("Quant", x, scale, f(zero), f(bits), domain=QONNX, **settings)

    def bipolar(self, x: str | AnyArray, scale: float = 1.0) -> str:
        return self("BipolarQuant", x, f(scale), domain=QONNX)

    def batch_norm(self, x: str, *parameters: AnyArray) -> str:
        return self("BatchNormalization", x, *parameters)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of a sample of every input."""
        return {"x": self.shape, **self.more}

    def proto(self, y: str, *inner: str) -> onnx.ModelProto:
        """`inner` values are outputs, too."""
        last = node("Identity", [y], ["y"])
        types = {"x": self.dtype, "y": self.result}
        inputs: Mapping[str, Sequence[int | str | None]] = {name: ["N", *s] for name, s in self.shapes().items()}
        domains = {QONNX: 1} if any(n.domain == QONNX for n in self.nodes) else {}
        options: dict[str, Any] = {"constants": self.constants, "opset": self.opset, "domains": domains}
        return model([*self.nodes, last], inputs, ["y", *dict.fromkeys(inner)], types=types, **options)

    def _constant(self, array: AnyArray | np.generic) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name


Formats = Mapping[str, InputFormat | str]


def streamlined(proto: onnx.ModelProto, inputs: Formats | None = None) -> QuantisedModel:
    return streamline(import_onnx(proto), inputs)


def runtime(proto: onnx.ModelProto, x: AnyArray) -> AnyArray:
    """What onnxruntime computes, node by node."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    return np.asarray(session.run(None, {"x": x})[0])


def imported(proto: onnx.ModelProto, x: AnyArray) -> AnyArray:
    """What the imported float operators compute, sample by sample: for QONNX, which onnxruntime does not know."""
    graph = import_onnx(proto)
    return np.concatenate([run_graph(graph, {"x": row[None]})["y"] for row in x])


def is_standard(proto: onnx.ModelProto) -> bool:
    return all(n.domain == "" for n in proto.graph.node)


def agree(net: Net, y: str, x: AnyArray, inputs: Formats | None = None) -> QuantisedModel:
    """Assert that the integers mean exactly what the model computes on x, type and shape included."""
    proto = net.proto(y)
    quantised = streamlined(proto, inputs)
    ours = quantised.run({"x": x})["y"]
    theirs = runtime(proto, x) if is_standard(proto) else imported(proto, x)
    assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    np.testing.assert_array_equal(ours, theirs)
    assert len(np.unique(ours)) > 1, "a constant result proves nothing"
    return quantised


def operators(quantised: QuantisedModel) -> list[str]:
    return [n.op.name for n in quantised.graph.nodes]
