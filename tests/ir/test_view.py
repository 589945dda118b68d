from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

import networkx
import numpy as np
from hypothesis import given, settings

from mulfree.ir import Graph, IntRange, Location, Tensor, TensorType
from mulfree.ir.ops import Add, Concat, MultiplyAccumulate
from mulfree.ir.view import to_dot, to_networkx, to_svg
from tests.ir.graphs import graphs

SVG = "{http://www.w3.org/2000/svg}"


def residual_block() -> Graph[TensorType]:
    """x -> mac -> mac -> add with x, and the sum joined to itself."""
    graph = Graph[TensorType](name="residual <block>")
    x = graph.add_input("x", TensorType((2,), IntRange(-3, 3)))
    mac = MultiplyAccumulate(Tensor(np.array([[1, -1], [0, 1]]).reshape(2, 2, 1, 1)))
    first = graph.add(mac, x, location=Location("net.onnx", "fc1"), name="first")
    second = graph.add(mac, first, location=Location("net.onnx", "fc2"), name="second")
    total = graph.add(Add(), x, second, name="total")
    graph.outputs = [graph.add(Concat(), total, total, name="twice")]
    return graph


def test_networkx_graph_has_a_vertex_per_value_and_an_edge_per_operand() -> None:
    graph = residual_block()
    result = graph.to_networkx()
    assert set(result.edges) == {
        ("x", "first"),
        ("first", "second"),
        ("x", "total"),
        ("second", "total"),
        ("total", "twice"),
    }
    assert result.edges["total", "twice"]["positions"] == (0, 1)
    assert result.nodes["x"]["node"] is None
    assert result.nodes["first"]["node"] is graph.nodes[0]
    assert [name for name, is_output in result.nodes(data="is_output") if is_output] == ["twice"]


def test_longest_path_runs_through_both_layers() -> None:
    assert networkx.dag_longest_path(residual_block().to_networkx()) == ["x", "first", "second", "total", "twice"]


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_order_of_the_nodes_is_a_topological_order(graph: Graph[TensorType]) -> None:
    place = {value.name: i for i, value in enumerate(graph.values())}
    result = to_networkx(graph)
    assert len(result) == len(place)
    assert all(place[a] < place[b] for a, b in result.edges)


def test_graphviz_text_of_a_residual_block(golden: Callable[[str, str], None]) -> None:
    golden("ir/residual.dot", to_dot(residual_block()))


def test_picture_of_a_residual_block(golden: Callable[[str, str], None]) -> None:
    golden("ir/residual.svg", to_svg(residual_block()))


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_picture_shows_each_value_once_and_no_boxes_overlap(graph: Graph[TensorType]) -> None:
    root = ElementTree.fromstring(to_svg(graph).encode("utf-8", "replace"))
    boxes = [tuple(float(r.attrib[k]) for k in ("x", "y", "width", "height")) for r in root.iter(f"{SVG}rect")]
    assert len(boxes) == len(list(graph.values()))
    for i, (x, y, width, height) in enumerate(boxes):
        assert all(x + width <= u or u + w <= x or y + height <= v or v + h <= y for u, v, w, h in boxes[i + 1 :]), (
            "two boxes overlap"
        )
