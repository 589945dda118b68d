"""From an architecture to ONNX: standard operators, QONNX quantisers and mulfree's forms, all with bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mulfree.networks.architecture import Architecture, Feature, Layer

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

OPSET, IR_VERSION = 20, 10


def to_onnx(architecture: Architecture, seed: int = 0) -> ModelProto:
    """The model with weights drawn from `seed`: bytes (batch, ...) in, float32 (batch, ...) out.

    Every operator that is not ONNX's own has a function body, so that every ONNX runtime computes the file.
    """
    from onnx import TensorProto, helper

    from mulfree.compiler.frontends.bodies import attach_bodies

    constants: list[TensorProto] = []
    random = np.random.default_rng(seed)
    nodes = [_node(layer, random, constants) for layer in architecture.layers]
    graph = helper.make_graph(
        nodes,
        architecture.name,
        [_value(architecture.source, TensorProto.UINT8)],
        [_value(architecture.result, TensorProto.FLOAT)],
        constants,
    )
    domains = sorted({"", *(layer.domain for layer in architecture.layers)})
    opsets = [helper.make_opsetid(domain, 1 if domain else OPSET) for domain in domains]
    return attach_bodies(helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION))


def _node(layer: Layer, random: np.random.Generator, constants: list[TensorProto]) -> NodeProto:
    from onnx import helper, numpy_helper

    names: list[str] = []
    for index, operand in enumerate(layer.operands):
        if isinstance(operand, Feature):
            names.append(operand.name)
            continue
        names.append(f"{layer.name}/{index}")
        constants.append(numpy_helper.from_array(operand.draw(random, operand.shape), names[-1]))
    node = helper.make_node(layer.operator, names, [layer.result.name], layer.name, domain=layer.domain)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in layer.attributes.items())
    return node


def _value(feature: Feature, dtype: int) -> ValueInfoProto:
    from onnx import helper

    return helper.make_tensor_value_info(feature.name, dtype, ["batch", *feature.shape])
