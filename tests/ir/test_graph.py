from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from mulfree.ir import CompileError, Graph, IntRange, Location, Node, Pass, TensorType, Value, run_passes
from mulfree.ir.ops import Add, Clamp, TopK

VECTOR = TensorType((3,), IntRange(0, 7))


def clamped_sum() -> Graph[TensorType]:
    graph = Graph[TensorType]()
    x = graph.add_input("x", VECTOR)
    total = graph.add(Add(), x, x, name="total")
    graph.outputs = [graph.add(Clamp(0, 9), total, name="y")]
    return graph


def test_types_are_inferred_as_nodes_are_added() -> None:
    graph = clamped_sum()
    assert [n.output.type.range for n in graph.nodes] == [IntRange(0, 14), IntRange(0, 9)]
    graph.verify()


def test_text_shows_every_node() -> None:
    assert str(clamped_sum()) == (
        "graph network(%x : 3[0, 7]) {\n"
        "  %total = add(%x, %x) : 3[0, 14]\n"
        "  %y = clamp(%total) : 3[0, 9]\n"
        "  return %y\n}"
    )


def test_operands_that_do_not_fit_are_an_error_with_the_place() -> None:
    graph = Graph[TensorType]()
    x = graph.add_input("x", VECTOR)
    with pytest.raises(CompileError) as error:
        graph.add(TopK(4), x, location=Location("net.onnx", "top"))
    assert str(error.value) == "net.onnx: node 'top': top_k: k = 4 of 3 elements"
    assert error.value.location == Location("net.onnx", "top")
    assert graph.nodes == []


def test_consumers_are_counted_once_per_operand() -> None:
    graph = clamped_sum()
    readers = graph.consumers()
    assert [len(readers[v]) for v in graph.values()] == [2, 1, 0]
    assert graph.producers()[graph.outputs[0]] is graph.nodes[1]


def swapped() -> Graph[TensorType]:
    graph = clamped_sum()
    graph.nodes.reverse()
    return graph


def with_false_type() -> Graph[TensorType]:
    graph = clamped_sum()
    graph.nodes[0].output.type = TensorType((3,), IntRange(0, 15))
    return graph


def with_shared_name() -> Graph[TensorType]:
    graph = clamped_sum()
    graph.nodes[0].output.name = "x"
    return graph


def with_result_twice() -> Graph[TensorType]:
    graph = clamped_sum()
    graph.nodes[1].output = graph.nodes[0].output
    return graph


def with_foreign_output() -> Graph[TensorType]:
    graph = clamped_sum()
    graph.outputs = [Value("z", VECTOR)]
    return graph


@pytest.mark.parametrize(
    ("graph", "complaint"),
    [
        (swapped(), "before its definition"),
        (with_false_type(), "is inferred as 3\\[0, 14\\]"),
        (with_shared_name(), "share a name"),
        (with_result_twice(), "share a name"),
        (with_foreign_output(), "an output is not defined"),
    ],
)
def test_broken_graphs_do_not_verify(graph: Graph[TensorType], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        graph.verify()


@dataclass(frozen=True)
class DropClamps(Pass[TensorType]):
    """Leaves out clamps whose lower end is at most `limit`; may be told to break the graph."""

    limit: int = 0
    leaves_use: bool = False

    name: ClassVar[str] = "drop-clamps"

    def requires(self, graph: Graph[TensorType]) -> None:
        if not graph.outputs:
            raise CompileError("the graph has no output")

    def run(self, graph: Graph[TensorType]) -> Graph[TensorType]:
        dropped = {n.output: n.inputs[0] for n in graph.nodes if isinstance(n.op, Clamp) and n.op.lo <= self.limit}
        kept = [n for n in graph.nodes if n.output not in dropped]
        outputs = graph.outputs if self.leaves_use else [dropped.get(v, v) for v in graph.outputs]
        return Graph(graph.inputs, kept, outputs, graph.name)

    def ensures(self, graph: Graph[TensorType]) -> None:
        assert not any(isinstance(n.op, Clamp) for n in graph.nodes), "a clamp is left"


def test_a_pass_rewrites_and_leaves_its_argument_alone() -> None:
    graph = clamped_sum()
    seen: list[tuple[str, int]] = []
    result = run_passes(graph, [DropClamps()], lambda step, after: seen.append((step.name, len(after.nodes))))
    assert [n.op for n in result.nodes] == [Add()]
    assert [n.op for n in graph.nodes] == [Add(), Clamp(0, 9)]
    assert seen == [("drop-clamps", 1)]


def test_a_pass_that_breaks_the_graph_is_caught() -> None:
    with pytest.raises(AssertionError, match="an output is not defined"):
        run_passes(clamped_sum(), [DropClamps(leaves_use=True)])


def test_a_pass_that_breaks_its_promise_is_caught() -> None:
    with pytest.raises(AssertionError, match="a clamp is left"):
        run_passes(clamped_sum(), [DropClamps(limit=-1)])


def test_a_pass_that_does_not_take_the_graph_says_so() -> None:
    with pytest.raises(CompileError, match="no output"):
        run_passes(Graph[TensorType](), [DropClamps()])


def test_a_node_prints_as_one_line() -> None:
    x = Value("x", VECTOR)
    assert str(Node(Clamp(0, 1), (x,), Value("y", VECTOR))) == "%y = clamp(%x) : 3[0, 7]"
