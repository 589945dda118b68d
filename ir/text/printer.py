"""From a graph to its text form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np

from mulfree.ir.graph import Graph, Node
from mulfree.ir.op import AnyArray, TypeT
from mulfree.ir.tensor import Tensor
from mulfree.ir.text.packing import is_readable, narrowest, pack
from mulfree.ir.text.scanner import is_word
from mulfree.ir.types import IntRange, RealType, Scale, TensorType


def to_text(graph: Graph[TypeT]) -> str:
    """The graph as text, from which `parse` makes an equal one."""
    inputs = _join(f"%{name_text(v.name)} : {type_text(v.type)}" for v in graph.inputs)
    outputs = _join(f"%{name_text(v.name)}" for v in graph.outputs)
    body = "".join(f"  {_node_text(node)}\n" for node in graph.nodes)
    return f"graph {name_text(graph.name)}({inputs}) {{\n{body}  return {outputs}\n}}\n"


def _node_text(node: Node[TypeT]) -> str:
    operands = _join(f"%{name_text(v.name)}" for v in node.inputs)
    attributes = _attributes_text(node.op)
    braces = f" {{{attributes}}}" if attributes else ""
    place = f" at {_quoted(node.location.model)} {_quoted(node.location.node)}" if node.location else ""
    return f"%{name_text(node.output.name)} = {node.op.name}({operands}){braces} : {type_text(node.output.type)}{place}"


def name_text(name: str) -> str:
    """What reads as one word as it is, anything else in quotes: `inf` reads as a number."""
    return name if is_word(name) else _quoted(name)


def type_text(type: TensorType | RealType) -> str:
    """Shape and what the elements are, as the module's docstring shows."""
    shape = shape_text(type.shape)
    match type:
        case RealType(dtype=dtype):
            return f"{shape}:{dtype}"
        case TensorType(range=range, scale=scale):
            return f"{shape}{range}{_scale_text(scale)}"


def shape_text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _scale_text(scale: Scale) -> str:
    return "" if scale == 1 else f" * {attribute_text(scale)}"


def attribute_text(value: object) -> str:
    """Any attribute: the form says its type, so no declaration is needed to read it back."""
    match value:
        case None | bool():
            return {None: "none", True: "true", False: "false"}[value]
        case int() | np.integer():
            return str(value)
        case float() | np.floating():
            return repr(float(value))
        case str():
            return _quoted(value)
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case IntRange():
            return str(value)
        case tuple():
            return _tuple_text(cast("tuple[object, ...]", value))
        case Tensor():
            return _tensor_text(value)
        case np.ndarray():
            return _array_text(value)
        case _:
            assert is_dataclass(value), f"an attribute of type {type(value).__name__} has no text form"
            return f"{type(value).__name__}({_attributes_text(value)})"


def _tuple_text(items: tuple[object, ...]) -> str:
    return f"({attribute_text(items[0])},)" if len(items) == 1 else f"({_join(map(attribute_text, items))})"


def _tensor_text(tensor: Tensor) -> str:
    shape = shape_text(tensor.shape)
    if is_readable(tensor.array):
        return f"tensor<{shape} [{_join(map(str, tensor.array.ravel().tolist()))}]>"
    narrow = narrowest(tensor.array)
    return f'tensor<{shape} {narrow.dtype} "{pack(narrow)}">'


def _array_text(array: AnyArray) -> str:
    return f'array<{shape_text(array.shape)} {array.dtype} "{pack(array)}">'


def _attributes_text(record: Any) -> str:
    items = ((field, getattr(record, field.name)) for field in fields(record))
    return _join(f"{field.name} = {attribute_text(value)}" for field, value in items if not _is_default(field, value))


def _is_default(field: Field[object], value: object) -> bool:
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    return type(value) is type(default) and not isinstance(value, np.ndarray) and value == default


def _quoted(text: str) -> str:
    return json.dumps(text)


def _join(pieces: Iterable[str]) -> str:
    return ", ".join(pieces)
