"""Bodies of quantisers, run by onnxruntime, against qonnx."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from mulfree.compiler.frontends.bodies import ROUNDING, attach_bodies
from mulfree.compiler.frontends.onnx import import_onnx

DOMAIN = "qonnx.custom_op.general"
X = np.concatenate([np.linspace(-6, 6, 97), [np.nextafter(np.float32(0.5), np.float32(0))]]).astype(np.float32)
Array = np.ndarray[Any, Any]


def quantiser(kind: str, opset: int, parameters: list[Array], **attributes: Any) -> onnx.ModelProto:
    names = [f"p{i}" for i in range(len(parameters))]
    node = helper.make_node(kind, ["x", *names], ["y"], domain=DOMAIN, **attributes)
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n"]) for n in ("x", "y")]
    constants = [numpy_helper.from_array(p, n) for p, n in zip(parameters, names, strict=True)]
    graph = helper.make_graph([node], "one", ends[:1], ends[1:], constants)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def run(model: onnx.ModelProto) -> Array:
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": X})[0])


def parameters(scale: float, zero_point: float, bits: float) -> list[Array]:
    return [np.array(v, np.float32) for v in (scale, zero_point, bits)]


@pytest.mark.parametrize("mode", ROUNDING)
def test_quant_is_that_of_qonnx_for_every_kind_and_width(mode: str) -> None:
    from qonnx.custom_op.general.intquant import int_quant

    for signed, narrow, bits, (scale, zero) in product((0, 1), (0, 1), (1, 2, 4), ((1, 0), (0.25, 0), (0.5, 1))):
        if bits == 1 and narrow and not signed:
            continue  # no integer is left
        model = attach_bodies(
            quantiser("Quant", 13, parameters(scale, zero, bits), signed=signed, narrow=narrow, rounding_mode=mode)
        )
        expected = int_quant(X, *parameters(scale, zero, bits), signed=signed, narrow=narrow, rounding_mode=mode)
        np.testing.assert_array_equal(run(model), expected, f"{signed=} {narrow=} {bits=} {scale=} {zero=}")


def test_bipolar_quant_is_that_of_qonnx() -> None:
    from qonnx.custom_op.general.bipolar_quant import binary_quant

    scale = np.array(0.5, np.float32)
    np.testing.assert_array_equal(run(attach_bodies(quantiser("BipolarQuant", 13, [scale]))), binary_quant(X, scale))


@pytest.mark.parametrize("opset", [11, 13, 17, 19, 23])
def test_bodies_are_legal_at_the_opset_of_the_model(opset: int) -> None:
    model = attach_bodies(quantiser("Quant", opset, parameters(1, 0, 3), signed=1, narrow=0, rounding_mode="HALF_UP"))
    assert run(model).max() == 3


def test_nodes_with_equal_attributes_share_a_body() -> None:
    model = quantiser("Quant", 13, parameters(1, 0, 3), signed=1, narrow=0, rounding_mode="ROUND")
    again, other = onnx.NodeProto(), onnx.NodeProto()
    for twin in (again, other):
        twin.CopyFrom(model.graph.node[0])
        twin.output[0] = f"y{id(twin)}"
    other.attribute[0].i = 1 - other.attribute[0].i
    model.graph.node.extend([again, other])
    result = attach_bodies(model)
    assert len(result.functions) == 2
    assert len(attach_bodies(result).functions) == 2
    assert len(model.functions) == 0


def test_an_opset_without_rounding_is_refused() -> None:
    with pytest.raises(ValueError, match="needs opset 11; the model has 9"):
        attach_bodies(quantiser("Quant", 9, parameters(1, 0, 3), signed=1))


def test_an_unknown_rounding_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown rounding mode 'SIDEWAYS'"):
        attach_bodies(quantiser("Quant", 13, parameters(1, 0, 3), rounding_mode="sideways"))


def test_our_importer_sees_the_quantiser_and_not_its_body() -> None:
    model = quantiser("Quant", 13, parameters(1, 0, 3), signed=1, narrow=0, rounding_mode="FLOOR")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    assert [n.op.name for n in import_onnx(attach_bodies(model)).nodes if n.op.name != "constant"] == ["quant"]


def test_a_bipolar_quantiser_has_a_body_at_opset_9() -> None:
    model = attach_bodies(quantiser("BipolarQuant", 9, [np.array(0.5, np.float32)]))
    np.testing.assert_array_equal(run(model), np.where(X >= 0, np.float32(0.5), np.float32(-0.5)))
