"""Batch normalisation, dropout and softmax, at inference."""

from __future__ import annotations

import numpy as np

from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.onnx.rules.rule import Rule, Rules
from mulfree.compiler.frontends.real import BatchNormalization, Softmax
from mulfree.compiler.frontends.real.number_format import positive_axis

_TRAINING = "export the model for inference: model.eval(), or training=TrainingMode.EVAL"


def batch_normalization_op(node: OnnxNode) -> BatchNormalization:
    """The normalisation with fixed statistics. Raises Unsupported for training and for statistics per element."""
    if node.flag("training_mode", False) or any(node.outputs[1:]):
        raise Unsupported("it computes statistics of the batch (training mode)", _TRAINING)
    if not node.flag("spatial", True):
        raise Unsupported("it normalises each element (spatial=0)", "normalise per channel")
    return BatchNormalization(node.real("epsilon", float(np.float32(1e-5))))


def _batch_normalization(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.add(batch_normalization_op(node), *(b.get(node, i) for i in range(5)))]


def _identity(b: Builder, node: OnnxNode) -> list[Operand]:
    return [b.get(node, 0)]


def _dropout(b: Builder, node: OnnxNode) -> list[Operand]:
    """The input as it is, and a mask that keeps all."""
    x, training = b.get(node, 0), b.find(node, 2)
    if training and b.known(training, "the training flag").any():
        raise Unsupported("it drops values at random (training mode)", _TRAINING)
    if not b.wanted.intersection(node.outputs[1:]):
        return [x]
    return [x, b.constant(np.ones(x.shape, dtype=bool if node.version >= 10 else x.dtype))]


def _softmax(logarithm: bool) -> Rule:
    def rule(b: Builder, node: OnnxNode) -> list[Operand]:
        x = b.get(node, 0)
        try:
            first = positive_axis(node.integer("axis", -1 if node.version >= 13 else 1), x.rank)
        except ValueError as error:
            raise Unsupported(str(error), "correct the axis") from None
        axes = (first,) if node.version >= 13 else tuple(range(first, x.rank))
        return [b.add(Softmax(axes, logarithm), x)]

    return rule


RULES: Rules = {
    "BatchNormalization": _batch_normalization,
    "Identity": _identity,
    "Dropout": _dropout,
    "Softmax": _softmax(logarithm=False),
    "LogSoftmax": _softmax(logarithm=True),
}
