"""onnx's own conformance suite: every case whose operators have a rule passes, or is refused with the listing error."""

from __future__ import annotations

import unittest
from collections import Counter
from collections.abc import Sequence
from typing import Any

import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.backend.base import Backend, BackendRep
from onnx.backend.test import BackendTest

from mulfree.compiler.frontends.onnx import RULES, import_onnx
from mulfree.compiler.frontends.real import storage
from mulfree.ir import AnyArray, CompileError, Graph, RealType
from mulfree.sim.reference import run_graph

IN_SCOPE = {
    *("Gemm", "MatMul", "Conv", "BatchNormalization", "Relu", "LeakyRelu", "Clip", "Sign", "Identity"),
    *("MaxPool", "AveragePool", "GlobalAveragePool", "Add", "Sub", "Mul", "Div", "Pow", "Concat", "Pad"),
    *("Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Shape", "Gather", "ArgMax", "TopK", "Softmax"),
    *("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger", "MatMulInteger", "QLinearMatMul"),
}
"""The operators that the project promises; the table of rules holds more."""

BAD_DATA = {"test_identity_opt_cpu", "test_identity_sequence_cpu"}
"""Cases about optionals and sequences, whose data files are no tensors."""


class Imported(BackendRep):
    """A model imported once its inputs are known.

    Where a parameter (a shape, an axis) must be a constant, the suite gives it as an input: then all inputs but the
    first become initialisers.
    """

    def __init__(self, proto: onnx.ModelProto) -> None:
        self.proto = proto

    def run(self, inputs: Sequence[AnyArray], **_: Any) -> tuple[AnyArray, ...]:
        feeds = dict(zip((i.name for i in self.proto.graph.input), inputs, strict=False))
        graph = self._import(feeds)
        held = {v.name: feeds[v.name].astype(storage(v.type.dtype)) for v in graph.inputs}
        results = run_graph(graph, held)
        for value in graph.outputs:
            assert (results[value.name].shape, results[value.name].dtype) == (
                value.type.shape,
                storage(value.type.dtype),
            )
        return tuple(_as_onnx(results[v.name], v.type) for v in graph.outputs)

    def _import(self, feeds: dict[str, AnyArray]) -> Graph[RealType]:
        try:
            return import_onnx(self.proto)
        except CompileError:
            bound = onnx.ModelProto()
            bound.CopyFrom(self.proto)
            bound.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in list(feeds.items())[1:])
            return import_onnx(bound)


class MulfreeBackend(Backend):
    """Import and evaluate, for the models whose operators all have a rule."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **_: Any) -> bool:
        return all((n.domain, n.op_type) in RULES for n in model.graph.node)

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **_: Any) -> Imported:
        return Imported(model)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return device == "CPU"


def _as_onnx(array: AnyArray, type: RealType) -> AnyArray:
    """Formats narrower than a byte in the type that onnx gives them."""
    if type.dtype in array.dtype.name:
        return array
    element = onnx.TensorProto.DataType.Value(type.dtype.upper())
    return array.astype(helper.tensor_dtype_to_np_dtype(element))


def _outcomes() -> dict[str, str]:
    """What became of each node case: passed, refused with a remedy, refused without one, or skipped."""
    suite = BackendTest(MulfreeBackend, __name__).test_cases["OnnxBackendNodeModelTest"]
    outcomes: dict[str, str] = {}
    for name in (n for n in dir(suite) if n.startswith("test_") and n.endswith("_cpu") and n not in BAD_DATA):
        try:
            getattr(suite(name), name)()
            outcomes[name] = "passed"
        except CompileError as error:
            outcomes[name] = "refused" if "; " in str(error) else f"no remedy: {error}"
        except unittest.SkipTest:
            outcomes[name] = "skipped"
    return outcomes


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    return _outcomes()


def _operators() -> dict[str, set[str]]:
    from onnx.backend.test.loader import load_model_tests

    cases = load_model_tests(kind="node")
    models = {f"{c.name}_cpu": onnx.load(f"{c.model_dir}/model.onnx") for c in cases}
    return {name: {n.op_type for n in m.graph.node} for name, m in models.items()}


@pytest.mark.filterwarnings("ignore")
def test_every_promised_operator_passes_or_is_refused(outcomes: dict[str, str]) -> None:
    promised = {name for name, ops in _operators().items() if ops <= IN_SCOPE} - BAD_DATA
    counts = Counter(outcomes[name] for name in promised)
    print(dict(counts))
    assert counts["passed"] >= 170
    assert counts["passed"] + counts["refused"] == len(promised)


def test_all_operators_with_a_rule_pass_or_are_refused(outcomes: dict[str, str]) -> None:
    counts = Counter(outcomes.values())
    print(dict(counts))
    assert counts["passed"] >= 760
    assert set(counts) == {"passed", "refused", "skipped"}


REFUSED_FOR = {
    "test_batchnorm_epsilon_training_mode": "training mode",
    "test_maxpool_with_argmax_2d_precomputed_pads": "first 1 results",
    "test_quantizelinear_blocked_symmetric": "per block",
    "test_cast_FLOAT_to_BFLOAT16": "bfloat16",
}


@pytest.mark.parametrize("name", REFUSED_FOR)
def test_refusals_say_why_and_what_to_do(name: str) -> None:
    suite = BackendTest(MulfreeBackend, __name__).test_cases["OnnxBackendNodeModelTest"]
    with pytest.raises(CompileError, match=f"(?s)cannot be compiled.*{REFUSED_FOR[name]}.*remedy: "):
        getattr(suite(f"{name}_cpu"), f"{name}_cpu")()
