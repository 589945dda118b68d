"""A graph as a networkx graph, and as pictures: Graphviz text and SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mulfree.ir.graph import Graph
from mulfree.ir.picture import Box, Picture, draw_svg, printable

if TYPE_CHECKING:
    import networkx


def to_networkx(graph: Graph[Any]) -> networkx.DiGraph[str]:
    """One vertex per value, by name, and one edge from each operand to each result.

    Vertex attributes: `value`, `node` (None for an input), `is_output`. Edge attribute: `positions`, the operand
    positions in which the node reads the value.
    """
    import networkx  # imported late: most runs draw nothing, and it costs a tenth of a second

    result = networkx.DiGraph(name=graph.name)
    makers = graph.producers()
    for value in graph.values():
        result.add_node(value.name, value=value, node=makers.get(value), is_output=value in graph.outputs)
    for node in graph.nodes:
        for operand in dict.fromkeys(node.inputs):
            positions = tuple(i for i, v in enumerate(node.inputs) if v is operand)
            result.add_edge(operand.name, node.output.name, positions=positions)
    return result


def to_picture(graph: Graph[Any]) -> Picture:
    """One box per value: its name and operator, its type, and the ONNX node it comes from."""
    boxes = {v.name: Box((f"{v.name}: input", str(v.type))) for v in graph.inputs}
    for node in graph.nodes:
        head = f"{node.output.name}: {node.op.name}"
        place = (node.location.node,) if node.location else ()
        boxes[node.output.name] = Box((head, str(node.output.type), *place))
    for value in graph.outputs:
        boxes[value.name] = Box(boxes[value.name].lines, is_bold=True)
    arrows = [(operand.name, node.output.name) for node in graph.nodes for operand in dict.fromkeys(node.inputs)]
    return Picture(graph.name, boxes, arrows)


def to_svg(graph: Graph[Any]) -> str:
    """The graph as an SVG picture, inputs at the top; outputs have a bold frame."""
    return draw_svg(to_picture(graph))


def to_dot(graph: Graph[Any]) -> str:
    """The graph in Graphviz' language: `dot -Tpdf` draws it."""
    picture = to_picture(graph)
    boxes = [
        f"  {_dot(name)} [label={_dot(*box.lines)}{', penwidth=2' if box.is_bold else ''}];"
        for name, box in picture.boxes.items()
    ]
    arrows = [f"  {_dot(a)} -> {_dot(b)};" for a, b in picture.arrows]
    head = [f"digraph {_dot(picture.title)} {{", '  node [shape=box, fontname="monospace"];']
    return "\n".join([*head, *boxes, *arrows, "}"]) + "\n"


def _dot(*lines: str) -> str:
    """Lines as a Graphviz string."""
    escaped = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
