from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx import helper

from mulfree.compiler.frontends.onnx import Builder, OnnxNode, Operand, import_onnx
from mulfree.compiler.frontends.real import BipolarQuant, Unary
from mulfree.ir import CompileError
from tests.compiler.frontends.onnx_models import agrees_with_onnx, model, node, run

REFERENCE = onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope")
X = np.array([[-1.5, 0.0, 2.0]], dtype=np.float32)


def _function(
    name: str,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[str] = ("a",),
    outputs: Sequence[str] = ("b",),
    domain: str = "mine",
    attributes: Sequence[str] = (),
    defaults: Sequence[onnx.AttributeProto] = (),
) -> onnx.FunctionProto:
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(domain, 1)]
    return helper.make_function(domain, name, inputs, outputs, nodes, opsets, attributes, defaults)


def _calls(*functions: onnx.FunctionProto, op: str = "f") -> onnx.ModelProto:
    call = node(op, ["x"], domain="mine")
    return model([call], {"x": [1, 3]}, functions=functions, domains={"mine": 1})


def test_an_unknown_function_is_expanded() -> None:
    body = [node("Add", ["a", "a"], ["t"]), node("Relu", ["t"], ["b"])]
    agrees_with_onnx(_calls(_function("f", body)), x=X)


def test_a_body_s_names_do_not_meet_the_caller_s() -> None:
    function = _function("f", [node("Relu", ["a"], ["x"]), node("Neg", ["x"], ["b"])])
    calls = [node("f", ["x"], ["b"], domain="mine"), node("f", ["b"], ["y"], domain="mine")]
    agrees_with_onnx(model(calls, {"x": [1, 3]}, functions=[function], domains={"mine": 1}), x=X)


def test_functions_call_functions_with_their_attributes() -> None:
    leaky = node("LeakyRelu", ["a"], ["b"])
    leaky.attribute.append(REFERENCE)
    inner = _function("g", [leaky], attributes=["slope"])
    outer = _function("f", [node("g", ["a"], ["b"], domain="mine", slope=0.5)])
    assert run(_calls(inner, outer), x=X).tolist() == [[-0.75, 0.0, 2.0]]


def test_an_attribute_left_out_takes_its_default() -> None:
    leaky = node("LeakyRelu", ["a"], ["b"])
    leaky.attribute.append(REFERENCE)
    function = _function("f", [leaky], defaults=[helper.make_attribute("slope", 0.25)])
    assert run(_calls(function), x=X).tolist() == [[-0.375, 0.0, 2.0]]


def test_an_operand_passed_through_is_the_operand() -> None:
    function = _function("f", [node("Relu", ["a"], ["c"])], outputs=["a"])
    assert run(_calls(function), x=X).tolist() == X.tolist()


def test_the_place_of_an_expanded_node_names_the_call() -> None:
    call = node("f", ["x"], domain="mine", name="the_call")
    function = _function("f", [helper.make_node("Erf", ["a"], ["b"], name="inner")])
    proto = model([call], {"x": [1, 3]}, functions=[function], domains={"mine": 1})
    with pytest.raises(CompileError, match="node 'the_call/inner' \\(Erf\\): operator Erf is not supported"):
        import_onnx(proto)


@pytest.mark.parametrize("domain", ["onnx.brevitas", "qonnx.custom_op.general", "finn.custom_op.general"])
def test_a_quantiser_with_a_body_is_recognised_and_not_expanded(domain: str) -> None:
    wrong = _function("BipolarQuant", [node("Neg", ["a"], ["b"])], inputs=["a", "s"], domain=domain)
    call = node("BipolarQuant", ["x", "one"], domain=domain)
    one = np.ones((), dtype=np.float32)
    proto = model([call], {"x": [1, 3]}, constants={"one": one}, functions=[wrong], domains={domain: 1})
    assert any(isinstance(n.op, BipolarQuant) for n in import_onnx(proto).nodes)
    assert run(proto, x=X).tolist() == [[-1.0, 1.0, 1.0]]


def test_a_registered_function_goes_to_its_rule() -> None:
    def rule(b: Builder, node: OnnxNode) -> list[Operand]:
        return [b.add(Unary("abs"), b.get(node, 0))]

    proto = _calls(_function("f", [node("Neg", ["a"], ["b"])]))
    graph = import_onnx(proto, rules={("mine", "f"): rule})
    assert [n.op for n in graph.nodes] == [Unary("abs")]


def test_a_function_that_calls_itself_is_refused() -> None:
    first = _function("f", [node("g", ["a"], ["b"], domain="mine")])
    second = _function("g", [node("f", ["a"], ["b"], domain="mine")])
    with pytest.raises(CompileError, match="calls itself"):
        import_onnx(_calls(first, second))


def test_functions_that_double_at_each_level_end_in_an_error() -> None:
    """Forty levels would be 2^40 nodes."""
    levels = [
        _function(f"f{i}", [node(f"f{i + 1}", [p], [q], domain="mine") for p, q in (("a", "t"), ("t", "b"))])
        for i in range(40)
    ]
    leaf = _function("f40", [node("Relu", ["a"], ["b"])])
    with pytest.raises(CompileError, match="more than 200000 nodes or names of"):
        import_onnx(_calls(*levels, leaf, op="f0"))


def test_a_call_that_does_not_fit_is_refused() -> None:
    proto = model([node("f", ["x", "x"], domain="mine")], {"x": [1, 3]}, domains={"mine": 1})
    proto.functions.append(_function("f", [node("Relu", ["a"], ["b"])]))
    with pytest.raises(CompileError, match="calls function f with 2 operands and 1 results, but it has 1 and 1"):
        import_onnx(proto)
