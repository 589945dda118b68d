"""What a model file says, in plain Python: inputs, constants, nodes, functions, outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mulfree.compiler.frontends.onnx.external_data import External
from mulfree.compiler.frontends.onnx.functions import Function, Key
from mulfree.compiler.frontends.onnx.load import Loaded, opset_versions
from mulfree.compiler.frontends.onnx.node import OnnxNode, Refused
from mulfree.compiler.frontends.onnx.number_types import number_format
from mulfree.compiler.frontends.onnx.protobuf import (
    canonical_domain,
    checked_shape,
    overloaded,
    read_attribute,
    read_node,
    read_tensor,
)
from mulfree.compiler.frontends.real import Constant
from mulfree.ir import CompileError, RealType

if TYPE_CHECKING:
    from onnx import FunctionProto, ValueInfoProto


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """The main graph and the functions; inputs that have an initialiser are constants."""

    label: str
    inputs: Mapping[str, RealType]
    constants: Mapping[str, Constant | Refused]
    nodes: list[OnnxNode]
    outputs: list[str]
    functions: Mapping[Key, Function]


def read_model(loaded: Loaded) -> OnnxModel:
    """The model in plain Python. Raises CompileError for what ONNX allows and we cannot read."""
    versions, external, proto = opset_versions(loaded), External(loaded.folder), loaded.proto.graph
    if proto.sparse_initializer:
        raise CompileError(f"{loaded.label}: has sparse initialisers; export the weights as dense tensors")
    constants = _constants(loaded, external)
    outputs = [v.name for v in proto.output]
    if not outputs or len(set(outputs)) < len(outputs):
        raise CompileError(f"{loaded.label}: has no outputs, or one name twice; the file is incomplete or invalid")
    return OnnxModel(
        loaded.label,
        _inputs(loaded, constants),
        constants,
        [read_node(node, versions, loaded.label, external) for node in proto.node],
        outputs,
        dict(_function(f, loaded.label, versions, external) for f in loaded.proto.functions),
    )


def _constants(loaded: Loaded, external: External) -> dict[str, Constant | Refused]:
    """The initialisers; what cannot be read is an error only for a node that needs it."""
    constants: dict[str, Constant | Refused] = {}
    for tensor in loaded.proto.graph.initializer:
        if not tensor.name or tensor.name in constants:
            raise CompileError(f"{loaded.label}: two initialisers are named '{tensor.name}'; rename one")
        try:
            constants[tensor.name] = read_tensor(tensor, external)
        except ValueError as error:
            constants[tensor.name] = Refused(str(error))
    return constants


def _inputs(loaded: Loaded, constants: Mapping[str, Constant | Refused]) -> dict[str, RealType]:
    inputs: dict[str, RealType] = {}
    for info in loaded.proto.graph.input:
        if info.name in constants:
            continue
        if not info.name or info.name in inputs:
            raise CompileError(f"{loaded.label}: two inputs are named '{info.name}'; rename one")
        try:
            inputs[info.name] = input_type(info)
        except ValueError as error:
            raise CompileError(f"{loaded.label}: input '{info.name}': {error}") from None
    return inputs


def input_type(info: ValueInfoProto) -> RealType:
    """Shape and format; a first axis of unknown length is a batch of 1. Raises ValueError for all other unknowns."""
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        raise ValueError(f"is a {(kind or 'value of no type').removesuffix('_type')}; only dense tensors are supported")
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        raise ValueError("has no shape; export the model with fixed shapes")
    dims: list[int] = []
    for axis, dim in enumerate(tensor.shape.dim):
        known = dim.WhichOneof("value") == "dim_value"
        if not known and axis:
            symbol = f"'{dim.dim_param}'" if dim.dim_param else "unknown"
            raise ValueError(f"axis {axis} has the symbolic length {symbol}; only the first (the batch) may; fix it")
        dims.append(int(dim.dim_value) if known else 1)
    if 0 in dims:
        raise ValueError(f"the shape {tuple(dims)} has a dimension of 0; export the model with fixed shapes")
    return RealType(checked_shape(dims), number_format(tensor.elem_type))


def _function(
    proto: FunctionProto, label: str, versions: Mapping[str, int], external: External
) -> tuple[Key, Function]:
    """The function under its key; its body has opsets of its own."""
    own = {**versions, **{canonical_domain(o.domain): int(o.version) for o in proto.opset_import}}
    defaults = {a.name: read_attribute(a, external) for a in proto.attribute_proto}
    body = [read_node(node, own, label, external) for node in proto.node]
    attributes = {**dict.fromkeys(proto.attribute), **defaults}
    key = (canonical_domain(proto.domain), overloaded(proto.name, proto))
    return key, Function(tuple(proto.input), tuple(proto.output), attributes, body)
