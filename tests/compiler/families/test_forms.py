"""The contract of every ONNX form: onnxruntime runs its body, and what is imported and streamlined gives the same."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
import onnxruntime
import pytest

from mulfree.compiler.families import FAMILIES, Example
from mulfree.compiler.families.interface import DOMAIN
from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.streamline import streamline
from mulfree.ir import AnyArray
from mulfree.sim.functional import FastNetwork
from mulfree.sim.reference import run_graph
from tests.compiler.streamline.networks import QONNX, Net, f

FRAMES = 20
CASES = [
    pytest.param(name, example, opset, id=f"{name}-{i}-{opset}")
    for family in FAMILIES
    for name, form in family.forms.items()
    for i, example in enumerate(form.examples)
    for opset in (11, 13, 20)
]
forms = pytest.mark.parametrize(("name", "example", "opset"), CASES)


def model(name: str, example: Example, opset: int) -> onnx.ModelProto:
    """x, quantised to 4 bits, through the form and a quantiser; the form's own result is an output, too."""
    net = Net(example.shape, opset=opset)
    x = net.quant("x", f(0.25), 4)
    computed = [branch(net, x, example.shape, shape) for shape in example.computed]
    y = net(name, x, *example.constants, *computed, domain=DOMAIN, **example.attributes)
    proto = net.proto(net.quant(y, f(0.5), 5), y)
    proto.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    return proto


def branch(net: Net, x: str, sample: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Integers from -3 to 2 of that shape: a small dense layer, half of the sums of which are beyond."""
    weights = np.random.default_rng(prod(shape)).choice([-0.25, 0.0, 0.25], (prod(sample), prod(shape)))
    flat = net("Reshape", x, np.array([-1, prod(sample)]))
    sums = net("MatMul", flat, weights.astype(np.float32))
    whole = net.quant(sums, f(1.0), 3, narrow=1)
    return net("Reshape", net("Clip", whole, f(-3.0), f(2.0)), np.array([-1, *shape]))


def samples(example: Example) -> AnyArray:
    """Values on and between the quantiser's levels, and beyond its ends."""
    return np.random.default_rng(0).integers(-40, 40, (FRAMES, *example.shape)).astype(np.float32) / 16


def runtime(proto: onnx.ModelProto, x: AnyArray) -> list[AnyArray]:
    """What onnxruntime computes; the checker, which wants the ranks of the results, accepts the file."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options)
    results = [np.asarray(y) for y in session.run(None, {"x": x})]
    for output, y in zip(proto.graph.output, results, strict=True):
        output.type.tensor_type.shape.dim.extend(onnx.TensorShapeProto.Dimension() for _ in y.shape)
    onnx.checker.check_model(proto)
    return results


@forms
def test_onnxruntime_the_imported_operator_and_the_integers_agree(name: str, example: Example, opset: int) -> None:
    proto = attach_bodies(model(name, example, opset))
    x = samples(example)
    expected = runtime(proto, x)
    graph = import_onnx(proto)
    rows = [run_graph(graph, {"x": row[None]}).values() for row in x]
    imported = [np.concatenate(column) for column in zip(*rows, strict=True)]
    quantised = streamline(graph)
    integers = quantised.to_integers({"x": x})
    fast = FastNetwork(quantised.graph).run(list(integers.values()))
    by_kernels = dict(zip((v.name for v in quantised.graph.outputs), fast, strict=True))
    for ours in (imported, quantised.run({"x": x}).values(), quantised.from_integers(by_kernels).values()):
        for y, z in zip(ours, expected, strict=True):
            assert len(np.unique(z)) > 1, "a constant result proves nothing"
            np.testing.assert_array_equal(y, z)


@forms
def test_the_form_alone_is_enough_to_import_it(name: str, example: Example, opset: int) -> None:
    proto = model(name, example, opset)
    assert not proto.functions
    assert {o.domain for o in proto.opset_import} >= {DOMAIN, QONNX}
    with_body = attach_bodies(proto)
    alone, beside = (streamline(import_onnx(p)).run({"x": samples(example)}) for p in (proto, with_body))
    for y, z in zip(alone.values(), beside.values(), strict=True):
        np.testing.assert_array_equal(y, z)
