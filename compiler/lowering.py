"""A design under construction: stages, and the streams that still wait for a reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mulfree.compiler.folding import Folding, LayerFolding, shape_of
from mulfree.ir import CompileError, Graph, IntArray, Node, TensorType, Value, ops
from mulfree.ir.ops import Window
from mulfree.rtl import Stage, Stream, stages
from mulfree.rtl.heap import GENERIC
from mulfree.rtl.names import identifier
from mulfree.rtl.stages.constants import raster_order

IntNode = Node[TensorType]
IntValue = Value[TensorType]
ELEMENTWISE = (ops.Affine, ops.Clamp, ops.Leaky, ops.Threshold)
"""What gives the elements in the order in which it takes them."""
Rule = Callable[["Lowering", IntNode, list[Stream]], Stream]
"""From a node and the streams that it reads to the stream of its result."""


@dataclass(slots=True)
class Lowering:
    """What has been built so far, and which streams still wait for a reader."""

    graph: Graph[TensorType]
    folding: Folding
    layers: Mapping[IntValue, str]
    target: str = GENERIC
    stages: list[Stage] = field(default_factory=list[Stage])
    waiting: dict[IntValue, list[Stream]] = field(default_factory=dict[IntValue, list[Stream]])
    names: set[str] = field(default_factory=set[str])
    serving: IntValue | None = None
    """The result of the node that stages are being made for."""

    def add_input(self, value: IntValue) -> Stream:
        stream = Stream(self.name(value.name), value, self.input_order(value), self.input_lanes(value), value.type)
        self.offer(value, stream)
        return replace(stream)  # what the input is called outside stays when its readers rename it

    def input_order(self, value: IntValue) -> IntArray:
        """Raster order of the input, or of what all that reads it makes of it, if that is transposed only to be a map.

        A slice of rows or columns is a transpose on either side of a choice of channels: it takes the input as it is.
        """
        elements = np.arange(value.type.size).reshape(1, *value.type.shape)
        map = value
        while (node := self.only_reader(map)) and isinstance(node.op, ops.Reshape | ops.Transpose):
            elements, map = node.op.evaluate(elements), node.output
        if node and isinstance(node.op, ops.ChannelGather):
            return raster_order(value.type.shape)
        named: IntArray = elements.ravel()[raster_order(map.type.shape)]
        return named

    def only_reader(self, value: IntValue) -> IntNode | None:
        readers = [node for node in self.graph.nodes if value in node.inputs]
        return readers[0] if len(readers) == 1 and value not in self.graph.outputs else None

    def takes_any_order(self, value: IntValue) -> bool:
        """Whether whatever reads the vector takes its elements as they come."""
        readers = [node for node in self.graph.nodes if value in node.inputs]
        if len(value.type.shape) != 1 or value in self.graph.outputs:
            return False
        return all(
            self.takes_any_order(node.output) if isinstance(node.op, ELEMENTWISE) else _is_dense(node)
            for node in readers
        )

    def input_lanes(self, value: IntValue) -> int:
        """As many as the first layer that reads it takes, so that no width converter stands at the door."""
        for node in self.graph.nodes:
            if value in node.inputs:
                if self.layers[node.output] in self.folding:
                    return self.stream_lanes(node) if value is node.inputs[0] else 1
                return self.input_lanes(node.output) if node.output.type.size == value.type.size else 1
        return 1

    def stream_lanes(self, node: IntNode) -> int:
        """Lanes of the stream that a folded layer reads."""
        layer = self.folding[self.layers[node.output]]
        return layer.pe if shape_of(node).is_channelwise else layer.simd

    def name(self, wish: str) -> str:
        """A Verilog name that no other stage or stream has."""
        base = identifier(wish)
        name, count = base, 1
        while name in self.names:
            count += 1
            name = f"{base}_{count}"
        self.names.add(name)
        return name

    def offer(self, value: IntValue, stream: Stream) -> None:
        """Hand the stream to the readers of its value: one takes it as it is, several share a fork."""
        readers = sum(node.inputs.count(value) for node in self.graph.nodes) + self.graph.outputs.count(value)
        if readers == 1:
            self.waiting[value] = [stream]
        elif readers > 1:
            self.waiting[value] = list(self.build(stages.fork, value, "fork", stream, readers).outputs)

    def take(self, value: IntValue) -> Stream:
        return self.waiting[value].pop(0)

    def leave(self, value: IntValue) -> Stream:
        """The stream of an output; behind a register if no stage gives it, so that no wire leads through the design."""
        stream = self.take(value)
        if any(stream in stage.outputs for stage in self.stages):
            return stream
        return self.build(stages.width_converter, value, "out", stream, stream.lanes).outputs[0]

    def build(
        self, make: Callable[..., Stage], value: IntValue, part: str, *operands: object, **options: object
    ) -> Stage:
        """Make a stage named after the value and append it."""
        return self.append(make(self.stage_name(value, part), *operands, **options))

    def stage_name(self, value: IntValue, part: str = "") -> str:
        stem = self.layers.get(value, value.name)
        return self.name(f"{stem}_{part}" if part else stem)

    def append(self, stage: Stage) -> Stage:
        stage.serves, stage.target = self.serving, self.target
        self.stages.append(stage)
        return stage

    def add_node(self, node: IntNode, rule: Rule) -> None:
        """Take what the node reads, behind queues where branches meet, and offer what the rule makes of it."""
        self.serving = node.output
        streams = [self.take(value) for value in node.inputs]
        if len(streams) > 1:
            streams = [self.queued(stream, stream.tokens) for stream in streams]
        self.offer(node.output, rule(self, node, streams))

    def queued(self, stream: Stream, depth: int) -> Stream:
        """The stream after a queue of that many tokens."""
        name = self.name(f"{stream.name}_queue")
        stage = stages.fifo(name, stream, depth)
        return self.append(stage).outputs[0]

    def is_fast(self, stream: Stream) -> bool:
        """Whether tokens come without waiting for arithmetic: from outside, or from a window's memory.

        A layer that replays its vector for several output folds takes nothing meanwhile. What feeds it
        through arithmetic needs room for the next vector, or the two would take turns.
        """
        maker = next((stage for stage in self.stages if stream in stage.outputs), None)
        return maker is None or maker.module == "sliding_window"

    def with_lanes(self, stream: Stream, lanes: int) -> Stream:
        if stream.lanes == lanes:
            return stream
        return self.build(stages.width_converter, stream.value, "width", stream, lanes).outputs[0]

    def in_raster(self, stream: Stream, node: IntNode) -> Stream:
        return self.in_order(stream, raster_order(stream.value.type.shape), node)

    def in_order(self, stream: Stream, order: IntArray, node: IntNode) -> Stream:
        """The same elements in the order asked for; where they come in another, a frame is held in a memory."""
        return self.moved(stream, stream.value, order, _arrival(stream)[order], node)

    def moved(self, stream: Stream, value: IntValue, order: IntArray, places: IntArray, node: IntNode) -> Stream:
        """`value` in the order `order`, of which the i-th element comes as the places[i]-th of the stream."""
        if np.array_equal(places, np.arange(len(stream.order))):
            return renamed(stream, value, order)
        narrow = self.with_lanes(stream, stages.kept_together(places, stream.lanes))
        try:
            stage = self.build(stages.reorder, value, "order", narrow, value, order, places, location=node.location)
        except ValueError as error:
            raise CompileError(
                f"{node.op.name} needs its elements in another order than they come in: {error}; remove the transposes "
                "or reshapes before it, or move them behind the last spatial layer",
                node.location,
            ) from error
        return self.with_lanes(stage.outputs[0], int(np.gcd(stream.lanes, len(places))))

    def gathered(self, x: Stream, value: IntValue, source: IntArray, node: IntNode) -> Stream:
        """`value`, whose element i is x's element source[i], as they come."""
        arrival = _arrival(x)[source]
        order = np.argsort(arrival, kind="stable")
        return self.moved(x, value, order, arrival[order], node)

    def windows(self, node: IntNode, window: Window, x: Stream, groups: int, fill: int = 0) -> Stream:
        """The windows of the map, or the map itself where each window is one position."""
        if window == Window() or len(x.value.type.shape) == 1:
            return self.in_raster(x, node)
        options = {"groups": groups, "fill": fill, "location": node.location}
        stage = self.build(stages.sliding_window, node.output, "window", self.in_raster(x, node), window, **options)
        if (stage.outputs[0].order < 0).all():
            raise CompileError(
                f"every window of {node.op.name} lies in the padding, so its result is constant; pad less, or put the "
                "constant in its place",
                node.location,
            )
        return stage.outputs[0]

    @property
    def levels(self) -> int | None:
        """Of logic between registers where no layer is folded: as few as any layer asks for; None if none does."""
        return min((layer.levels for layer in self.folding.values() if layer.levels), default=None)

    def layer(self, node: IntNode) -> LayerFolding:
        return self.folding[self.layers[node.output]]


def _is_dense(node: IntNode) -> bool:
    return isinstance(node.op, ops.Contraction) and node.op.groups == 1


def renamed(stream: Stream, value: IntValue, order: IntArray) -> Stream:
    """The same wires under the new value; a stream has one reader, so it is renamed in place."""
    stream.value, stream.type, stream.order = value, value.type, order
    return stream


def _arrival(stream: Stream) -> IntArray:
    """For every element in C order, as which of the frame it comes."""
    return np.argsort(stream.order)
