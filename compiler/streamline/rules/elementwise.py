"""Element-wise operators: a step is added to the expression; two activations of different origin are joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mulfree.compiler.frontends.real import (
    BatchNormalization,
    Binary,
    DequantizeLinear,
    MultiThreshold,
    QuantizeLinear,
    Unary,
)
from mulfree.compiler.streamline.deferred import Deferred, Failed, Known, Meaning, Tailed, Unsupported
from mulfree.compiler.streamline.expression import Expression, Step, leaf_of
from mulfree.compiler.streamline.join import add_settled
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.compiler.streamline.rules.rule import Skip, Work, unfinished
from mulfree.compiler.streamline.settle import settle
from mulfree.ir import AnyArray, RealOp


def elementwise(work: Work) -> Meaning:
    """A step more.

    Raises Unsupported if two activations meet in something else than a sum or a difference."""
    if any(isinstance(o, Failed) for o in work.operands):
        raise Skip
    if any(isinstance(o, Tailed) for o in work.operands):
        return _after_softmax(work)
    tensors = [o for o in work.operands if isinstance(o, Deferred)]
    first = tensors[0]
    if any(x.base is not first.base or leaf_of(x.expression) is not leaf_of(first.expression) for x in tensors):
        return _joined(work)
    if any(x.shape != work.sample for x in tensors):
        raise Unsupported(
            f"it spreads an activation of shape {first.shape} over {work.sample}",
            "give the constant no more elements than the activation",
        )
    operands = tuple(_operand(work, i) for i in range(len(work.operands)))
    return replace(first, expression=Step(work.node.op, operands, work.dtype, work.name, work.node.location))


def _after_softmax(work: Work) -> Meaning:
    """Only a copy may come after it."""
    if work.node.op == Unary("identity"):
        return work.operands[0]
    raise unfinished()


def _joined(work: Work) -> Deferred:
    op = work.node.op
    if not (isinstance(op, Binary) and op.kind in ("add", "sub")):
        kind = getattr(op, "kind", op.name)
        raise Unsupported(
            f"'{kind}' combines two activations", "only sums, differences and concatenations of activations are built"
        )
    pair = [settle(work.builder, work.activation(i)) for i in (0, 1)]
    return add_settled(work.builder, pair[0], pair[1], op.kind, work.dtype, work.name)


def _operand(work: Work, index: int) -> Expression | Parameter:
    operand = work.operands[index]
    if isinstance(operand, Known):
        return _parameter(work.node.op, operand.array, index, work.node.output.type.shape)
    assert isinstance(operand, Deferred)
    return operand.expression


def _parameter(op: RealOp, constant: AnyArray, index: int, shape: tuple[int, ...]) -> Parameter:
    """The constant operand along the axes of a sample of that ONNX shape."""
    rank = len(shape) - 1
    match op:
        case BatchNormalization():
            return Parameter.of(_along(constant, 0, rank), rank)
        case QuantizeLinear(axis=axis) | DequantizeLinear(axis=axis):
            return Parameter.of(_along(constant.ravel(), axis % len(shape) - 1, rank), rank)
        case MultiThreshold(axis=axis):
            rows = _along(constant[:, 0], axis % len(shape) - 1, rank)
            return Parameter.of(constant.reshape(*rows.shape, -1), rank)
        case _:
            return _broadcast(constant, rank)


def _along(vector: AnyArray, axis: int, rank: int) -> AnyArray:
    """A vector, or one number, along an axis of the sample."""
    if vector.size == 1:
        return vector.reshape((1,) * rank)
    if axis < 0:
        raise Unsupported("its constants lie along the batch axis", "give every sample the same constants")
    return vector.reshape(tuple(-1 if i == axis else 1 for i in range(rank)))


def _broadcast(constant: AnyArray, rank: int) -> Parameter:
    """By numpy's rule: the last axes are matched."""
    if constant.size == 1:
        return Parameter.of(constant.reshape((1,) * rank), rank)
    full = constant.reshape((1,) * (rank + 1 - constant.ndim) + constant.shape)
    if not bool((full == full[:1]).all()):
        raise Unsupported("its constants differ along the batch axis", "give every sample the same constants")
    return Parameter.of(np.asarray(full[0]), rank)
