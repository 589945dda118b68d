"""From protocol buffers to plain Python: tensors, attributes, nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mulfree.compiler.frontends.onnx.external_data import External
from mulfree.compiler.frontends.onnx.limits import MAX_AXES, MAX_ELEMENTS
from mulfree.compiler.frontends.onnx.node import Attribute, OnnxNode, Refused
from mulfree.compiler.frontends.onnx.number_types import number_format
from mulfree.compiler.frontends.real import Constant, storage
from mulfree.ir import Location

if TYPE_CHECKING:
    from onnx import AttributeProto, FunctionProto, NodeProto, TensorProto


def checked_shape(dims: Iterable[int]) -> tuple[int, ...]:
    """The dimensions as a shape. Raises ValueError if one is negative or the tensor too large."""
    shape = tuple(int(n) for n in dims)
    if any(n < 0 for n in shape):
        raise ValueError(f"the shape {shape} has a negative dimension")
    if prod(shape) > MAX_ELEMENTS or len(shape) > MAX_AXES:
        raise ValueError(
            f"the shape {shape} is too large; a tensor may have {MAX_ELEMENTS} elements and {MAX_AXES} axes"
        )
    return shape


def read_tensor(tensor: TensorProto, external: External) -> Constant:
    """The constant with the tensor's own format. Raises ValueError if it cannot be read.

    Memory is taken for the data that is there, never for what the dimensions claim.
    """
    from onnx import TensorProto, numpy_helper

    dtype, shape = number_format(tensor.data_type), checked_shape(tensor.dims)
    if tensor.data_location == TensorProto.EXTERNAL:
        tensor = external.read(tensor, dtype, prod(shape))
    try:
        array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"the data does not fit the shape {shape} of {dtype}: {error}") from None
    if array.shape != shape:
        raise ValueError(f"the data does not fit the shape {shape} of {dtype}")
    return Constant(np.asarray(array).astype(storage(dtype)), dtype)


def read_attribute(attribute: AttributeProto, external: External) -> Attribute | Refused:
    """The attribute's value; Refused, with the reason, where rules have no use for its kind."""
    from onnx import AttributeProto

    kind = attribute.type
    if kind == AttributeProto.INT:
        return attribute.i
    if kind == AttributeProto.FLOAT:
        return attribute.f
    if kind == AttributeProto.STRING:
        return attribute.s.decode(errors="replace")
    if kind == AttributeProto.INTS:
        return tuple(attribute.ints)
    if kind == AttributeProto.FLOATS:
        return tuple(attribute.floats)
    if kind == AttributeProto.STRINGS:
        return tuple(s.decode(errors="replace") for s in attribute.strings)
    if kind == AttributeProto.TENSOR:
        try:
            return read_tensor(attribute.t, external)
        except ValueError as error:
            return Refused(str(error))
    return Refused("graphs, sparse tensors and types are not supported")


def canonical_domain(domain: str) -> str:
    """The default domain has two names."""
    return "" if domain == "ai.onnx" else domain


def overloaded(name: str, proto: NodeProto | FunctionProto) -> str:
    """The name with the overload (IR version 10) that tells functions of one name apart."""
    overload = readable(getattr(proto, "overload", ""))
    return f"{readable(name)}:{overload}" if overload else readable(name)


def readable(name: str | bytes) -> str:
    """A string field; what is no UTF-8 arrives as bytes, whatever the field's declared type."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name


def read_node(node: NodeProto, versions: Mapping[str, int], model: str, external: External) -> OnnxNode:
    """The node in plain Python; its location is its name, or that of its first result."""
    domain = canonical_domain(node.domain)
    outputs = tuple(node.output)
    return OnnxNode(
        domain=domain,
        op_type=overloaded(node.op_type, node),
        inputs=tuple(node.input),
        outputs=outputs,
        attributes={a.name: read_attribute(a, external) for a in node.attribute if not a.ref_attr_name},
        version=versions.get(domain, 1),
        location=Location(model, readable(node.name or next((o for o in outputs if o), "(unnamed)"))),
        references={a.name: a.ref_attr_name for a in node.attribute if a.ref_attr_name},
    )
