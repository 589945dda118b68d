"""From a layer computed by transforms to stages: a chain of them for each ring, and what their results are together."""

from __future__ import annotations

from dataclasses import replace

from mulfree.compiler.families.fermat.arithmetic import FermatTransformed
from mulfree.compiler.folding import LayerFolding, shape_of
from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.ir import TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import FermatConvolution, FermatRing
from mulfree.rtl import Stream, stages


def lower_fermat(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    """SIMD channels are transformed at a time, and PE outputs back; in between as many products."""
    op = node.op
    assert isinstance(op, FermatTransformed)
    form, layer = op.convolution, _folding(to, node)
    x = to.with_lanes(to.in_raster(streams[0], node), layer.simd)
    if len(form.rings) == 1:
        return _chain(to, node, x, node.output, form, layer, to.name(_stem(to, node)))
    copies = to.build(stages.fork, node.output, "fork", x, len(form.rings)).outputs
    parts = [_remainder(to, node, copy, form, ring, layer) for copy, ring in zip(copies, form.rings, strict=True)]
    return to.build(
        stages.remainders, node.output, "", tuple(parts), node.output, form.rings, location=node.location
    ).outputs[0]


def _stem(to: Lowering, node: IntNode) -> str:
    return to.layers.get(node.output, node.output.name)


def _folding(to: Lowering, node: IntNode) -> LayerFolding:
    """Groups of one channel leave nothing to fold."""
    layer = to.layer(node)
    return replace(layer, pe=1, simd=1) if shape_of(node).is_channelwise else layer


def _remainder(
    to: Lowering, node: IntNode, x: Stream, form: FermatConvolution, ring: FermatRing, layer: LayerFolding
) -> Stream:
    """What is left in one ring, behind a queue: rings take different times."""
    name = to.name(f"{_stem(to, node)}_f{ring.t}")
    left = Value(name, TensorType(node.output.type.shape, DiminishedOne(ring.bits).codes))
    result = _chain(to, node, x, left, replace(form, rings=(ring,)), layer, name)
    return to.queued(result, result.tokens)


def _chain(
    to: Lowering,
    node: IntNode,
    x: Stream,
    value: Value[TensorType],
    form: FermatConvolution,
    layer: LayerFolding,
    name: str,
) -> Stream:
    assert isinstance(node.op, FermatTransformed)
    weights, place = node.op.weights.array, node.location
    chain = stages.fermat_convolution(name, x, value, form, weights, pe=layer.pe, style=layer.memory, location=place)
    for stage in chain:
        to.names.add(stage.name)
        to.append(stage)
    return chain[-1].outputs[0]
