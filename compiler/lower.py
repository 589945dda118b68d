"""Graph to design: every operator becomes stages, every value a stream.

Reshapes and transposes move nothing: they rename what the stream carries, and only a layer that needs its map row by
row makes a memory of it. A value that several nodes read is forked, and every branch that may meet another again ends
in a queue whose depth `minimal_fifo_depths` finds.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from mulfree.compiler.families.arithmetic import AfterSums, LaneArithmetic, ListedEntries
from mulfree.compiler.folding import Folding, shape_of
from mulfree.compiler.layer_names import layer_names
from mulfree.compiler.lowering import IntNode, IntValue, Lowering, renamed
from mulfree.compiler.registry import lowering_rules
from mulfree.compiler.stream_order import is_raster, transposed
from mulfree.compiler.threshold_stage import threshold_stage
from mulfree.compiler.unrolled import unrolled_layer
from mulfree.ir import AnyArray, CompileError, Graph, IntArray, IntRange, Node, TensorType, Value, ops
from mulfree.rtl import Design, Stream, stages
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.library import library
from mulfree.rtl.names import identifier


def lower(graph: Graph[TensorType], folding: Folding, target: str = GENERIC) -> Design:
    """Stages for every node, folded as asked; queues hold a frame.

    Shared sums are weighed, registers placed and heaps planned for `target`.

    Raises CompileError, with the place, for an operator or an order of elements that has no hardware.
    """
    lowering = Lowering(graph, folding, layer_names(graph), target)
    lowering.names |= {identifier(graph.name), "tb", *(file.removesuffix(".sv") for file in library())}
    inputs = [lowering.add_input(value) for value in graph.inputs]
    for node in graph.nodes:
        lowering.add_node(node, _lower_node)
    outputs = [lowering.leave(value) for value in graph.outputs]
    return Design(graph.name, graph, lowering.stages, inputs, outputs)


def _lower_node(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    """The stream that carries the node's result; what computes the operand may have computed that too."""
    x, value, place = streams[0], node.output, {"location": node.location}
    if rule := lowering_rules().get(type(node.op)):
        return rule(to, node, streams)
    if x.value is value:
        return x
    match node.op:
        case LaneArithmetic():
            return _contraction(to, node, node.op, x)
        case ops.Pool():
            return _pool(to, node, node.op, x)
        case ops.Reshape():
            return renamed(x, value, x.order)
        case ops.Transpose(permutation=permutation):
            return renamed(x, value, transposed(x.order, x.value.type.shape, permutation))
        case ops.Affine() if _keeps_words(node.op, x.type.range, value.type.range):
            return renamed(x, value, x.order)
        case ops.Affine():
            options = {"levels": to.levels, "target": to.target, **place}
            return to.build(stages.affine, value, "", x, value, node.op, **options).outputs[0]
        case ops.Clamp():
            return to.build(stages.clamp, value, "", x, value, node.op, **place).outputs[0]
        case ops.Leaky():
            return to.build(stages.leaky, value, "", x, value, node.op, **place).outputs[0]
        case ops.Threshold():
            return threshold_stage(to, node, x)
        case ops.Add():
            return _add(to, node, x, streams[1])
        case ops.Concat(axis=axis):
            return _concat(to, node, streams, axis)
        case ops.Pad():
            return to.build(stages.pad, value, "", _pixels(to, node, x), value, node.op, **place).outputs[0]
        case ops.ChannelGather():
            return _gather(to, node, node.op, x)
        case ops.TopK():
            return _top_k(to, node, node.op, x)
        case _:
            raise CompileError(f"{node.op.name} has no hardware", node.location)


def _keeps_words(op: ops.Affine, before: IntRange, after: IntRange) -> bool:
    """Whether x and m x + b are stored as the same words, so that nothing is left to compute."""
    if op.multiplier.shape != (1,) or op.offset.shape != (1,) or before.is_signed or after.is_signed:
        return False
    m, b = int(op.multiplier.array[0]), int(op.offset.array[0])
    ends = np.array([before.lo, before.hi])
    same_ends = np.array_equal(before.encode(ends), after.encode(m * ends + b)) if m > 0 else False
    return bool(same_ends) and before.count == after.count


def _contraction(to: Lowering, node: IntNode, op: LaneArithmetic, x: Stream) -> Stream:
    layer, shape = to.layer(node), shape_of(node)
    if sums := op.after_sums(x.value.type, layer.pe, layer.simd):
        return _after_sums(to, node, sums, x)
    x = to.with_lanes(x, to.stream_lanes(node))
    constants = {"weight_range": op.weight_range, **_options(to, node)}
    if shape.is_channelwise:
        window = to.windows(node, op.window, x, shape.groups // layer.pe)
        taps = {"taps": shape.taps, "combine": "sum", "weights": _rows(op.codes), "lane": op.tap_lane}
        return to.build(stages.channelwise, node.output, "", window, node.output, **taps, **constants).outputs[0]
    order, x = _in_stream_order(to, node, op, x) if op.elements_per_code == 1 else _by_channel(to, node, op, x)
    weights = _rows(op.codes)[:, order]
    if weights.size == layer.pe * layer.simd and (outputs := op.unrolled(order, to.target)):
        return unrolled_layer(to, node, x, outputs)
    if entries := op.listed(order, x.lanes, layer.pe, to.takes_any_order(node.output)):
        return _listed(to, node, entries, x)
    if shape.outputs > layer.pe and not to.is_fast(x):
        x = to.queued(x, weights.shape[1] // layer.simd)
    lanes: dict[str, Any] = {"weights": weights, "pe": layer.pe, "lane": op.lane, "reduce": op.reduce}
    lanes |= {"groups": op.groups, "elements_per_weight": op.elements_per_code}
    return to.build(stages.matrix_vector, node.output, "", x, node.output, **lanes, **constants).outputs[0]


def _listed(
    to: Lowering, node: IntNode, entries: ListedEntries, x: Stream, part: str = "", value: IntValue | None = None
) -> Stream:
    """Only the entries that are there, one after the other, as `value`, by default the node's result."""
    assert isinstance(node.op, LaneArithmetic)
    parts = {field.name: getattr(entries, field.name) for field in fields(entries)}
    options = {"reduce": node.op.reduce, **_options(to, node)}
    operands = (x, value or node.output)
    return to.build(stages.sparse_matrix, node.output, part, *operands, **parts, **options).outputs[0]


def _options(to: Lowering, node: IntNode) -> dict[str, Any]:
    """Of a stage with a memory of weights, as the layer is folded."""
    layer = to.layer(node)
    return {"style": layer.memory, "levels": layer.levels, "target": to.target, "location": node.location}


def _after_sums(to: Lowering, node: IntNode, sums: AfterSums, x: Stream) -> Stream:
    """A list that makes the sums of every vector or pixel, then the layer of both."""
    is_vector = len(x.value.type.shape) == 1
    one = to.with_lanes(x if is_vector else to.in_raster(x, node), 1)
    order = x.order if is_vector else np.arange(x.value.type.shape[0])
    value = Value(f"{node.output.name}.sums", sums.extended)
    both = _listed(to, node, sums.entries(order), one, "sums", value)
    return _contraction(to, Node(sums.rest, (value,), node.output, node.location), sums.rest, both)


def _in_stream_order(to: Lowering, node: IntNode, op: LaneArithmetic, x: Stream) -> tuple[IntArray, Stream]:
    """Which of the K elements of a row of weights comes when, and the stream that brings them so."""
    rows = np.arange(op.weights.array[0].size)
    if len(x.value.type.shape) == 1:
        return (rows, to.in_raster(x, node)) if op.groups > 1 else (x.order, x)
    by_tap: IntArray = np.moveaxis(rows.reshape(op.weights.shape[1:]), 0, -1).ravel()
    return by_tap, to.windows(node, op.window, x, op.groups)


def _by_channel(to: Lowering, node: IntNode, op: LaneArithmetic, x: Stream) -> tuple[IntArray, Stream]:
    """The channels as they come, and a stream of all taps of SIMD channels at once."""
    channels = op.weights.shape[1]
    window = to.windows(node, op.window, x, channels // x.lanes)
    return np.arange(channels), to.with_lanes(window, x.lanes * op.window.taps)


def _rows(codes: AnyArray) -> IntArray:
    """One row per output channel."""
    return codes.reshape(len(codes), -1)


def _pixels(to: Lowering, node: IntNode, x: Stream) -> Stream:
    """The map row by row, in tokens that end where a pixel does."""
    x = to.in_raster(x, node)
    return to.with_lanes(x, int(np.gcd(x.lanes, x.value.type.shape[0])))


def _pool(to: Lowering, node: IntNode, op: ops.Pool, x: Stream) -> Stream:
    pe, range = to.layer(node).pe, x.type.range
    combine, fill = {"max_pool": ("max", range.lo), "min_pool": ("min", range.hi), "sum_pool": ("sum", 0)}[op.name]
    x = to.with_lanes(x, pe)
    window = to.windows(node, op.window, x, x.value.type.shape[0] // pe, fill)
    options = {"taps": op.window.taps, "combine": combine, **_options(to, node)}
    return to.build(stages.channelwise, node.output, "", window, node.output, **options).outputs[0]


def _add(to: Lowering, node: IntNode, a: Stream, b: Stream) -> Stream:
    order = b.order if is_raster(b.order, b.value.type.shape) else a.order
    a, b = to.in_order(a, order, node), to.with_lanes(to.in_order(b, order, node), a.lanes)
    return to.build(stages.add, node.output, "", a, b, node.output, location=node.location).outputs[0]


def _concat(to: Lowering, node: IntNode, streams: list[Stream], axis: int) -> Stream:
    """Vectors as they come, maps row by row, so that the result is a map row by row."""
    is_map = len(node.output.type.shape) > 1
    ordered = [to.in_raster(stream, node) for stream in streams] if is_map else streams
    runs = [stages.run_elements(stream.value.type.shape, axis) for stream in ordered]
    lanes = int(np.gcd.reduce([*runs, *(stream.lanes for stream in ordered)]))
    equal = [to.with_lanes(stream, lanes) for stream in ordered]
    return to.build(stages.concat, node.output, "", equal, node.output, axis, location=node.location).outputs[0]


def _gather(to: Lowering, node: IntNode, op: ops.ChannelGather, x: Stream) -> Stream:
    """By wires where all channels of a pixel come together; otherwise as a choice of what comes."""
    if not is_raster(x.order, x.value.type.shape):
        elements = np.arange(x.value.type.size).reshape(1, *x.value.type.shape)
        return to.gathered(x, node.output, op.evaluate(elements).ravel(), node)
    x = _pixels(to, node, x)
    lanes = int(np.gcd(x.lanes, len(op.indices)))
    options = {"lanes": lanes, "location": node.location}
    return to.build(stages.channel_gather, node.output, "", x, node.output, op, **options).outputs[0]


def _top_k(to: Lowering, node: IntNode, op: ops.TopK, x: Stream) -> Stream:
    one = to.with_lanes(to.in_raster(x, node), 1)
    return to.build(stages.top_k, node.output, "", one, node.output, op, location=node.location).outputs[0]
