"""Spatial shift: every channel of a map moves by its own offset, before a 1x1 convolution mixes them (ShiftNet).

    y[c, i, j] = x[c, i + dy[c], j + dx[c]], and 0 outside the map

Nothing is computed: in hardware a shift is the address at which a line memory is read. A depthwise convolution whose
kernels hold a single 1 is the same thing, and is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.compiler.families.interface import DOMAIN, Example, Family, Form
from mulfree.compiler.frontends.onnx.builder import Builder, Operand, Unsupported
from mulfree.compiler.frontends.onnx.node import OnnxNode
from mulfree.compiler.frontends.real import Constant, Conv
from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.compiler.streamline.deferred import Deferred
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.units import centred
from mulfree.ir import (
    AnyArray,
    Graph,
    IntArray,
    IntOp,
    IntRange,
    Node,
    RealOp,
    RealType,
    Tensor,
    TensorType,
    Value,
    copy_node,
    rewrite,
)
from mulfree.rtl import Stream, stages

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

    from mulfree.sim.functional.planner import Planner

RealValue = Value[RealType]


@dataclass(frozen=True, slots=True)
class Shift(IntOp):
    """y[c, i, j] = x[c, i + dy[c], j + dx[c]], and 0 outside the map; `offsets` (C, 2) are (dy, dx) by channel."""

    offsets: Tensor

    name: ClassVar[str] = "shift"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if len(x.shape) != 3 or self.offsets.shape != (x.shape[0], 2):
            raise ValueError(f"{self.offsets.shape} offsets do not shift the channels of {x.shape}")
        is_seen = (np.abs(self.offsets.array) < np.array(x.shape[1:])).all(axis=1)
        zero = IntRange(0, 0)
        if not is_seen.any():
            return TensorType(x.shape, zero)
        return TensorType(x.shape, x.range | zero if self.offsets.array.any() else x.range)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return shifted(operands[0], self.offsets.array)

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        from mulfree.sim.functional.kernels.structure import build_structure

        return build_structure(planner, node)


@dataclass(frozen=True, slots=True)
class RealShift(RealOp):
    """The same on the model's own numbers, batch axis first."""

    offsets: Tensor

    name: ClassVar[str] = "shift"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        if len(x.shape) != 4 or self.offsets.shape != (x.shape[1], 2):
            raise ValueError(f"{self.offsets.shape} offsets do not shift the channels of {x.shape}")
        return x

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return shifted(operands[0], self.offsets.array)


def shifted(x: AnyArray, offsets: IntArray) -> AnyArray:
    """Maps (batch, C, H, W) with every channel moved, 0 where nothing is."""
    y = np.zeros_like(x)
    for channel, (down, right) in enumerate(offsets.tolist()):
        rows, columns = _overlap(x.shape[2], down), _overlap(x.shape[3], right)
        y[:, channel, rows[1], columns[1]] = x[:, channel, rows[0], columns[0]]
    return y


def _overlap(size: int, offset: int) -> tuple[slice, slice]:
    """What stays within the map, in the operand and in the result."""
    reach, source, target = max(0, size - abs(offset)), max(0, offset), max(0, -offset)
    return slice(source, source + reach), slice(target, target + reach)


def import_shift(builder: Builder, node: OnnxNode) -> list[Operand]:
    offsets = np.array(node.integers("offsets"), np.int64)
    if len(offsets) % 2:
        raise Unsupported(f"attribute 'offsets' has {len(offsets)} numbers", "give two, down and right, per channel")
    return [builder.add(RealShift(Tensor(offsets.reshape(-1, 2))), builder.get(node, 0))]


def shift_body(node: NodeProto, opset: int) -> FunctionProto:
    """A depthwise convolution with a 1 at every channel's offset."""
    from onnx import helper, numpy_helper

    given = next(list(a.ints) for a in node.attribute if a.name == "offsets")
    kernels, pads = one_hot(np.array(given, np.int64).reshape(-1, 2))
    overload = blake2b(str(given).encode(), digest_size=8).hexdigest()
    return helper.make_function(
        DOMAIN,
        "Shift",
        ["x"],
        ["y"],
        [
            helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(kernels)),
            helper.make_node("Conv", ["x", "w"], ["y"], group=len(kernels), pads=pads, kernel_shape=kernels.shape[2:]),
        ],
        [helper.make_opsetid("", opset)],
        attributes=["offsets"],
        overload=overload,
    )


def one_hot(offsets: IntArray) -> tuple[AnyArray, list[int]]:
    """Kernels (C, 1, rows, columns) of a depthwise convolution that shifts so, and its pads."""
    before, after = np.maximum(0, -offsets.min(axis=0)), np.maximum(0, offsets.max(axis=0))
    kernels = np.zeros((len(offsets), 1, *(before + after + 1)), np.float32)
    rows, columns = (offsets + before).T
    kernels[np.arange(len(offsets)), 0, rows, columns] = 1
    return kernels, [*before.tolist(), *after.tolist()]


def recognise_shift(graph: Graph[RealType]) -> Graph[RealType]:
    """Depthwise convolutions that only shift, as the shifts that they are."""
    constants = {node.output: node.op.array for node in graph.nodes if isinstance(node.op, Constant)}

    def visit(result: Graph[RealType], node: Node[RealType], operands: tuple[RealValue, ...]) -> RealValue:
        weights = constants.get(node.inputs[1]) if isinstance(node.op, Conv) and len(node.inputs) == 2 else None
        offsets = None if weights is None else shift_of(node, weights)
        if offsets is None:
            return copy_node(result, node, operands)
        op = RealShift(Tensor(offsets))
        return result.add(op, operands[0], location=node.location, name=node.output.name)

    return rewrite(graph, visit)


def shift_of(node: Node[RealType], weights: AnyArray) -> IntArray | None:
    """The offsets (C, 2) of a convolution that only shifts maps, None for any other."""
    op, x = node.op, node.inputs[0].type
    assert isinstance(op, Conv)
    is_depthwise = len(x.shape) == 4 and op.groups == x.shape[1] == len(weights) and weights.shape[1] == 1
    if not is_depthwise or node.output.type.shape != x.shape or any(s != 1 for s in op.window.stride):
        return None
    flat = weights.reshape(len(weights), -1)
    if weights.shape[2:] == (1, 1) or not bool(((flat == 0).sum(axis=1) == flat.shape[1] - 1).all()):
        return None
    if not bool((flat.max(axis=1) == 1).all()):
        return None
    taps = np.stack(np.unravel_index(flat.argmax(axis=1), weights.shape[2:]), axis=1)
    offsets: IntArray = taps * np.array(op.window.dilation) - np.array(op.window.pads[:2])
    return offsets


def streamline_shift(work: Work) -> Deferred:
    """Outside the map is the real 0, so the integer 0 must mean it."""
    op, builder = work.op(RealShift), work.builder
    x = centred(builder, settle(builder, work.activation()))
    y = builder.add(Shift(op.offsets), x.integers, name=work.name)
    return Deferred(y, y.type.shape, x.expression)


def lower_shift(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    assert isinstance(node.op, Shift)
    x = to.in_raster(streams[0], node)
    x = to.with_lanes(x, int(np.gcd(x.lanes, node.output.type.shape[0])))
    options = {"location": node.location}
    return to.build(stages.spatial_shift, node.output, "", x, node.output, node.op.offsets.array, **options).outputs[0]


EXAMPLES = (
    Example((3, 4, 5), (), {"offsets": [0, 1, -1, 0, 2, -2]}),
    Example((2, 3, 3), (), {"offsets": [1, 1, 0, -1]}),
)

FAMILY = Family(
    "shift",
    operators=(Shift,),
    forms={"Shift": Form(import_shift, shift_body, EXAMPLES)},
    recognise=(recognise_shift,),
    streamline={RealShift: streamline_shift},
    lowering={Shift: lower_shift},
)
