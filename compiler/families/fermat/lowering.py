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
        return _chain(to, node, x, node.output, form, layer, to.stage_name(node.output))
    copies = to.build(stages.fork, node.output, "fork", x, len(form.rings)).outputs
    parts = [_remainder(to, node, copy, form, ring, layer) for copy, ring in zip(copies, form.rings, strict=True)]
    return to.build(
        stages.remainders, node.output, "", tuple(parts), node.output, form.rings, location=node.location
    ).outputs[0]


def _folding(to: Lowering, node: IntNode) -> LayerFolding:
    """Groups of one channel leave nothing to fold."""
    layer = to.layer(node)
    return replace(layer, pe=1, simd=1) if shape_of(node).is_channelwise else layer


def _remainder(
    to: Lowering, node: IntNode, x: Stream, form: FermatConvolution, ring: FermatRing, layer: LayerFolding
) -> Stream:
    """What is left in one ring.

    Rings take different times, but no queue: each chain gives a result when it has taken the same part of the map, so
    the slowest, which sets the pace, is never kept waiting for what another chain has no room for.
    """
    name = to.stage_name(node.output, f"f{ring.t}")
    left = Value(name, TensorType(node.output.type.shape, DiminishedOne(ring.bits).codes))
    return _chain(to, node, x, left, replace(form, rings=(ring,)), layer, name)


def _chain(
    to: Lowering,
    node: IntNode,
    x: Stream,
    value: Value[TensorType],
    form: FermatConvolution,
    layer: LayerFolding,
    name: str,
) -> Stream:
    """The stages take names of their own that begin with `name`, or with another one if these are taken."""
    assert isinstance(node.op, FermatTransformed)
    weights, place = node.op.weights.array, node.location
    chain = stages.fermat_convolution(name, x, value, form, weights, pe=layer.pe, style=layer.memory, location=place)
    names = {stage.name for stage in chain}
    if to.names & names - {name}:
        return _chain(to, node, x, value, form, layer, to.name(name))
    to.names |= names
    for stage in chain:
        to.append(stage)
    return chain[-1].outputs[0]
