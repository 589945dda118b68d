"""The changes of an ONNX model that piecewise approximation makes: other constants, other operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mulfree.compiler.families.interface import DOMAIN
from mulfree.compiler.families.piecewise.fit import Pieces
from mulfree.compiler.frontends.bodies import attach_bodies
from mulfree.ir import AnyArray, CompileError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto


@dataclass(frozen=True, slots=True)
class NewLayer:
    """Other weights for a layer; what its result is multiplied by, and what is added then in the place of a bias.

    None: neither, and a bias stays.
    """

    weights: AnyArray
    line: tuple[AnyArray, AnyArray] | None


def edited(
    original: ModelProto,
    layers: Mapping[str, NewLayer],
    activations: Mapping[str, Pieces],
    taken_out: Iterable[str],
) -> ModelProto:
    """A copy with other layers and activations for those that give these results, and with quantisers taken out.

    Raises CompileError for a result that no node of the main graph gives, and for an opset that is too old.
    """
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(original)
    nodes = {output: node for node in model.graph.node for output in node.output}
    for name in (*layers, *activations, *taken_out):
        if name not in nodes:
            raise CompileError(f"'{name}' is made inside a function of the model; inline its functions first")
    for name, layer in layers.items():
        _become_layer(model, nodes[name], layer)
    for name, pieces in activations.items():
        _become_pieces(model, nodes[name], pieces)
    for name in taken_out:
        _become(nodes[name], "Identity", "", nodes[name].input[:1])
    _drop_unread(model)
    if activations and all(o.domain != DOMAIN for o in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    try:
        return attach_bodies(model)
    except ValueError as error:
        raise CompileError(f"{model.graph.name}: {error}") from None


def _become_layer(model: ModelProto, node: NodeProto, layer: NewLayer) -> None:
    """The node with other weights; behind it a product and a sum, the last under the name of its result."""
    name = node.output[0]
    node.input[1] = _constant(model, f"{name}.weights", layer.weights)
    if layer.line is None:
        return
    del node.input[2:]
    node.output[0] = f"{name}.sums"
    at = 1 + next(i for i, n in enumerate(model.graph.node) if n.output[:1] == node.output[:1])
    gain, offset = (_constant(model, f"{name}.line", part) for part in layer.line)
    _insert(model, at, "Mul", (f"{name}.sums", gain), f"{name}.scaled")
    _insert(model, at + 1, "Add", (f"{name}.scaled", offset), name)


def _insert(model: ModelProto, at: int, operator: str, operands: Iterable[str], result: str) -> None:
    from onnx import helper

    model.graph.node.insert(at, helper.make_node(operator, list(operands), [result], name=f"{result}/{operator}"))


def _become_pieces(model: ModelProto, node: NodeProto, pieces: Pieces) -> None:
    name = node.output[0]
    endpoints = _constant(model, f"{name}.endpoints", pieces.endpoints.astype(np.float32))
    values = _constant(model, f"{name}.values", pieces.values.astype(np.float32))
    _become(node, "Piecewise", DOMAIN, [node.input[0], endpoints, values])


def _become(node: NodeProto, operator: str, domain: str, operands: Iterable[str]) -> None:
    """The same node, by name and result, as another operator without attributes."""
    kept = list(operands)
    for part in ("input", "attribute", "overload"):
        node.ClearField(part)
    node.op_type, node.domain = operator, domain
    node.input.extend(kept)


def _constant(model: ModelProto, wish: str, array: AnyArray) -> str:
    """A new initialiser; its name."""
    from onnx import numpy_helper

    taken = {t.name for t in model.graph.initializer} | {o for n in model.graph.node for o in (*n.input, *n.output)}
    name = next(n for n in (wish, *(f"{wish}.{i}" for i in range(len(taken) + 1))) if n not in taken)
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
    return name


def _drop_unread(model: ModelProto) -> None:
    """Nodes and initialisers that nothing reads any more, for example the weights that were replaced."""
    graph = model.graph
    wanted = {output.name for output in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.insert(0, node)
    initialisers = [t for t in graph.initializer if t.name in wanted]
    for field, rest in (("node", kept), ("initializer", initialisers)):
        graph.ClearField(field)
        getattr(graph, field).extend(rest)
