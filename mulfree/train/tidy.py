"""Makes an exported file readable: nodes are called after the layers, and nothing tells of the machine."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

SCOPES = "pkg.torch.onnx.name_scopes"
"""Where PyTorch notes the path of modules that a node came from, from the outermost to the innermost."""


def tidy(model: ModelProto, layers: Collection[str]) -> None:
    """Name each node `layer.Operator`, for the innermost of these layers that it came from, and drop all notes.

    Notes of the exporter name files and folders of the machine, and change from run to run.
    """
    taken: set[str] = set()
    for node in model.graph.node:
        node.name = _unique(_name(node, layers), taken)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output):
        part.ClearField("metadata_props")


def _name(node: NodeProto, layers: Collection[str]) -> str:
    notes = {note.key: note.value for note in node.metadata_props}
    scopes: list[str] = literal_eval(notes.get(SCOPES, "[]"))
    inner = [scope for scope in scopes if scope and scope in layers]
    return f"{inner[-1]}.{node.op_type}" if inner else node.op_type


def _unique(base: str, taken: set[str]) -> str:
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}.{count}"
    taken.add(name)
    return name
