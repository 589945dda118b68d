from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mulfree.ir import AnyArray, CompileError, Graph, IntRange, Location, Op, RealType, Tensor, TensorType
from mulfree.ir.ops import INTEGER_OPERATORS, Add, MultiplyAccumulate, Window
from mulfree.ir.text import TextError, parse, to_text
from tests.ir.graphs import graphs, run_graph, samples


def described(graph: Graph[TensorType]) -> object:
    """All that a graph holds, comparable."""
    nodes = [(n.op, [v.name for v in n.inputs], n.output.name, n.output.type, n.location) for n in graph.nodes]
    return graph.name, [(v.name, v.type) for v in graph.inputs], nodes, [v.name for v in graph.outputs]


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_text_parses_back_to_an_equal_graph(graph: Graph[TensorType]) -> None:
    text = to_text(graph)
    again = parse(text, INTEGER_OPERATORS)
    assert described(again) == described(graph)
    assert to_text(again) == text
    again.verify()


@pytest.mark.parametrize("name", ["inf", "nan", "inf.x", "-inf", "", "1x2", "a b", 'q"', "graph", "return", "é"])
def test_any_name_is_read_back(name: str) -> None:
    graph = Graph[TensorType](name=name)
    x = graph.add_input(name, TensorType((2,), IntRange(0, 1)))
    graph.outputs = [x]
    assert described(parse(to_text(graph), INTEGER_OPERATORS)) == described(graph)


@settings(max_examples=30, deadline=None)
@given(graphs(), st.integers(0, 2**31))
def test_parsed_graph_computes_the_same(graph: Graph[TensorType], seed: int) -> None:
    inputs = [samples(v.type, 3, seed) for v in graph.inputs]
    before, after = (run_graph(g, *inputs) for g in (graph, parse(to_text(graph), INTEGER_OPERATORS)))
    assert all((before[name] == after[name]).all() for name in before)


def convolution() -> Graph[TensorType]:
    graph = Graph[TensorType](name="lenet")
    x = graph.add_input("x", TensorType((1, 8, 8), IntRange(0, 16), Fraction(1, 16)))
    weights = Tensor(np.array([1, -1]).reshape(2, 1, 1, 1))
    y = graph.add(MultiplyAccumulate(weights), x, location=Location("lenet.onnx", "conv1"))
    graph.outputs = [graph.add(Add(), y, y)]
    return graph


def test_text_of_a_convolution(golden: Callable[[str, str], None]) -> None:
    golden("ir/convolution.txt", to_text(convolution()))


def test_large_constants_are_compressed() -> None:
    graph = Graph[TensorType]()
    x = graph.add_input("x", TensorType((512,), IntRange(0, 1)))
    weights = np.where(np.arange(512 * 512) % 3, 1, -1).reshape(512, 512, 1, 1)
    graph.outputs = [graph.add(MultiplyAccumulate(Tensor(weights)), x)]
    text = to_text(graph)
    assert len(text) < 512 * 512 / 50
    assert parse(text, INTEGER_OPERATORS).nodes[0].op == graph.nodes[0].op


@dataclass(frozen=True)
class Everything(Op[RealType]):
    """An operator with an attribute of each kind."""

    flag: bool = True
    ratio: float = 1.0
    label: str = ""
    missing: int | None = 3
    nested: tuple[tuple[int, ...], tuple[Fraction, ...]] = ((), ())
    window: Window = field(default_factory=Window)
    range: IntRange = field(default_factory=lambda: IntRange(0, 1))
    tensor: Tensor | None = None
    array: AnyArray | None = None

    name: ClassVar[str] = "test.everything"

    def infer(self, *operands: RealType) -> RealType:
        return operands[0]

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return operands[0]


def round_trip(op: Everything) -> Everything:
    graph = Graph[RealType]()
    graph.outputs = [graph.add(op, graph.add_input("x", RealType((1, 3), "float16")))]
    result = parse(to_text(graph), [Everything]).nodes[0].op
    assert isinstance(result, Everything)
    return result


@given(
    st.builds(
        Everything,
        st.booleans(),
        st.floats(allow_nan=False),
        st.text(),
        st.none() | st.integers(),
        st.tuples(st.lists(st.integers()).map(tuple), st.lists(st.fractions()).map(tuple)),
        st.builds(Window, st.tuples(st.integers(1, 9), st.integers(1, 9))),
        st.builds(IntRange, st.integers(-9, 0), st.integers(0, 9)),
        st.none() | st.lists(st.integers(), min_size=1, max_size=40).map(lambda v: Tensor(np.array(v, dtype=object))),
    )
)
def test_every_kind_of_attribute_is_kept(op: Everything) -> None:
    result = round_trip(op)
    assert result == op
    assert [type(v) for v in vars(result).values()] == [type(v) for v in vars(op).values()]


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8", "bool"])
def test_arrays_of_any_dtype_are_kept(dtype: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    result = round_trip(Everything(array=array)).array
    assert result is not None
    np.testing.assert_array_equal(result, array)
    assert result.dtype == array.dtype


def test_not_a_number_is_kept() -> None:
    assert np.isnan(round_trip(Everything(ratio=float("nan"))).ratio)


HEAD = "graph g(%x : 2[0, 3]) {\n"
FAULTS = {
    "unknown operator": HEAD + "  %a = mul(%x) : 2[0, 3]\n  return %a\n}",
    "undefined operand": HEAD + "  %a = add(%x, %y) : 2[0, 6]\n  return %a\n}",
    "defined twice": HEAD + "  %x = clamp(%x) {lo = 0, hi = 1} : 2[0, 1]\n  return %x\n}",
    "wrong type": HEAD + "  %a = add(%x, %x) : 2[0, 3]\n  return %a\n}",
    "operands that do not fit": HEAD + "  %a = pad(%x) {pads = (1, 1, 1, 1)} : 2[0, 3]\n  return %a\n}",
    "missing comma": HEAD + "  %a = add(%x %x) : 2[0, 6]\n  return %a\n}",
    "missing attribute": HEAD + "  %a = clamp(%x) {lo = 0} : 2[0, 3]\n  return %a\n}",
    "attribute twice": HEAD + "  %a = clamp(%x) {lo = 0, lo = 1} : 2[0, 3]\n  return %a\n}",
    "no value": HEAD + "  %a = clamp(%x) {lo = }, hi = 1} : 2[0, 3]\n  return %a\n}",
    "empty range": "graph g(%x : 2[3, 0]) {\n  return %x\n}",
    "range of four": "graph g(%x : 2[3, 0, 1, 2]) {\n  return %x\n}",
    "division by zero": "graph g(%x : 2[0, 3] * 1/0) {\n  return %x\n}",
    "scale of integers": "graph g(%x : 2[0, 3] * 7) {\n  return %x\n}",
    "odd character": HEAD + "\t%a = add(%x, ?x) : 2[0, 6]\n  return %a\n}",
    "end too soon": HEAD + "  return %x",
    "more than a graph": HEAD + "  return %x\n}\n}",
    "damaged data": HEAD + '  %a = affine(%x) {multiplier = tensor<2 int8 "AAAA">} : 2[0, 3]\n  return %a\n}',
    "unknown element type": HEAD + '  %a = affine(%x) {multiplier = tensor<2 int9 "AAAA">} : 2[0, 3]\n  return %a\n}',
    "too few elements": HEAD + "  %a = affine(%x) {multiplier = tensor<2 [1]>} : 2[0, 3]\n  return %a\n}",
    "unknown attribute": HEAD + "  %a = add(%x, %x) {axis = 1} : 2[0, 6]\n  return %a\n}",
    "unknown attribute class": HEAD + "  %a = max_pool(%x) {window = Door()} : 2[0, 3]\n  return %a\n}",
}


def complaint(text: str) -> str:
    with pytest.raises(TextError) as error:
        parse(text, INTEGER_OPERATORS)
    return str(error.value)


def test_every_fault_is_shown_with_its_line_and_a_caret(golden: Callable[[str, str], None]) -> None:
    golden("ir/text_faults.txt", "".join(f"{name}:\n{complaint(text)}\n\n" for name, text in FAULTS.items()))


def test_text_errors_are_the_users() -> None:
    assert issubclass(TextError, CompileError)


@settings(max_examples=200)
@given(graphs(), st.data())
def test_damaged_text_never_raises_anything_else(graph: Graph[TensorType], data: st.DataObject) -> None:
    text = to_text(graph)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 9)))
    try:
        parse(text[:start] + data.draw(st.text(max_size=3)) + text[end:], INTEGER_OPERATORS).verify()
    except TextError:
        event("refused")
