"""AW-convolutions as stages: a sample's attention is kept, and replayed beside the weights at every position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mulfree.compiler.families.arithmetic import bit_planes, signed
from mulfree.compiler.families.aw_convolution.operator import AttentionalConv
from mulfree.compiler.layer_shape import LayerShape
from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.ir import BIT, CompileError, IntArray, IntRange
from mulfree.rtl import Circuit, Stream, Wire, cells, stages
from mulfree.rtl.stages.matrix_vector import by_step

Planes = list[tuple[Wire, int]]


@dataclass(frozen=True, slots=True)
class AttentionalShape(LayerShape):
    """As of a convolution; an element of attention serves whole tokens, or a token takes all that it serves."""

    served_outputs: int = 1
    served_channels: int = 1

    @property
    def is_channelwise(self) -> bool:
        return False

    def simd_choices(self) -> list[int]:
        return [d for d in LayerShape.simd_choices(self) if _nests(d, self.served_channels)]

    def pe_choices(self) -> list[int]:
        return [d for d in LayerShape.pe_choices(self) if _nests(d, self.served_outputs)]


def _nests(lanes: int, served: int) -> bool:
    return lanes % served == 0 or served % lanes == 0


def shape(node: IntNode) -> LayerShape:
    assert isinstance(node.op, AttentionalConv)
    op, (outputs, rows, columns) = node.op, node.output.type.shape
    filters, channels, *_ = node.inputs[1].type.shape
    per_group = op.weights.shape[1]
    return AttentionalShape(
        rows * columns,
        op.groups,
        op.window.taps,
        per_group,
        outputs // op.groups,
        served_outputs=outputs // filters,
        served_channels=per_group // channels,
    )


def lower(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    """Elements come tap by tap, all channels of each; so do those of the attention."""
    op, layer, place = node.op, to.layer(node), node.location
    assert isinstance(op, AttentionalConv)
    x = to.windows(node, op.window, to.with_lanes(streams[0], layer.simd), op.groups)
    if op.weights.shape[0] > layer.pe * op.groups and not to.is_fast(x):
        x = to.queued(x, op.weights.array[0].size // layer.simd)
    kept = Kept.of(_by_tap(op.exponents_of(streams[1].value.type.shape)), op.groups, layer.pe, layer.simd)
    attention = replayed(to, node, streams[1], kept)
    value = node.output
    stage = to.build(
        stages.attentional_matrix,
        value,
        "",
        x,
        attention,
        value,
        weights=_codes(_by_tap(op.weights.array)),
        weight_range=code_range(op),
        pe=layer.pe,
        attended=kept.outputs,
        lane=Lane(op, attention.type.range).share,
        groups=op.groups,
        style=layer.memory,
        levels=layer.levels,
        target=to.target,
        location=place,
    )
    return stage.outputs[0]


def _by_tap(weights: IntArray) -> IntArray:
    """(M, C / groups, kernel rows, kernel columns) as rows (M, K), in the order in which windows come."""
    rows: IntArray = np.moveaxis(weights, 1, -1).reshape(len(weights), -1)
    return rows


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a sample's attention: words (words, lanes) of its elements, and the word of every step."""

    words: IntArray
    steps: IntArray
    outputs: int
    """To how many outputs the lanes of a word belong."""

    @classmethod
    def of(cls, elements: IntArray, groups: int, pe: int, simd: int) -> Kept:
        """From the element that each weight (M, K) takes; every element is in one word."""
        tokens = by_step(elements, groups, pe, simd).reshape(-1, pe, simd)
        outputs, lanes = (len(np.unique(tokens[0].take(0, axis=axis))) for axis in (1, 0))
        few = tokens[:, :: pe // outputs, :: simd // lanes]
        assert (few.repeat(pe // outputs, 1).repeat(simd // lanes, 2) == tokens).all(), "attention does not nest"
        distinct, first, steps = np.unique(few.reshape(len(few), -1), axis=0, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return cls(distinct[order], np.argsort(order)[steps.ravel()], outputs)


def replayed(to: Lowering, node: IntNode, attention: Stream, kept: Kept) -> Stream:
    """The word of every step, at every position."""
    ordered = to.in_order(attention, kept.words.ravel(), node)
    words = to.with_lanes(ordered, kept.words.shape[1])
    positions = int(np.prod(node.output.type.shape[1:]))
    try:
        stage = to.build(stages.replay, node.output, "attention", words, kept.steps, positions, location=node.location)
    except ValueError as error:
        raise CompileError(
            f"{node.op.name} takes its attention in an irregular order: {error}", node.location
        ) from None
    return stage.outputs[0]


def _codes(weights: IntArray) -> IntArray:
    """What is stored: of weights of magnitude 1 whether they are negative, else themselves."""
    return (weights < 0).astype(np.int64) if bool((np.abs(weights) == 1).all()) else weights


def code_range(op: AttentionalConv) -> IntRange:
    if bool((np.abs(op.weights.array) == 1).all()):
        return BIT
    return IntRange(min(0, op.weights.range.lo), max(0, op.weights.range.hi))


@dataclass(frozen=True, slots=True)
class Lane:
    """x (residual + 2^a) by multiplexers that shift, then times w by its bit planes, or its sign; one heap for all."""

    op: AttentionalConv
    attention: IntRange

    def share(self, circuit: Circuit, x: Wire, w: Wire, a: Wire) -> Wire:
        word = circuit.plain(x)
        planes = [(bits, worth * self.op.residual) for bits, worth in _planes(circuit, word) if self.op.residual]
        planes += _planes(circuit, self._shifted(circuit, word, circuit.plain(a)))
        return circuit.dot(self._times(circuit, planes, w), held=self._range(word.range, x.lanes))

    def _shifted(self, circuit: Circuit, x: Wire, a: Wire) -> Wire:
        """A level for each bit of the amount; what the largest amount cannot reach is cut off."""
        held, each = x.range, [i // (x.lanes // a.lanes) for i in range(x.lanes)]
        for i in range(self.attention.hi.bit_length()):
            bit = circuit.drive(cells.pick(each), circuit.drive(cells.bit(i), a))
            x = circuit.drive(cells.MUX, bit, circuit.drive(cells.shift_left(1 << i), x), x)
        ends = [v << amount for v in (held.lo, held.hi) for amount in (0, self.attention.hi)]
        reached = IntRange(min(ends), max(ends))
        return circuit.drive(cells.field(0, reached), x) if reached.width < x.range.width else x

    def _times(self, circuit: Circuit, planes: Planes, w: Wire) -> Planes:
        if code_range(self.op) == BIT:
            return signed(circuit, planes, w)
        digits = [(circuit.drive(cells.bit(i), w), worth) for i, worth in bit_planes(w.range)]
        return [(circuit.drive(cells.AND, a, b), s * t) for a, s in planes for b, t in digits]

    def _range(self, x: IntRange, lanes: int) -> IntRange:
        factors = [self.op.residual + (1 << e) for e in (self.attention.lo, self.attention.hi)]
        weights = self.op.weights.range
        ends = [v * w * f for v in (x.lo, x.hi) for w in (weights.lo, weights.hi) for f in factors]
        return IntRange(min(ends), max(ends)).scaled(lanes)


def _planes(circuit: Circuit, x: Wire) -> Planes:
    return [(circuit.drive(cells.bit(i), x), worth) for i, worth in bit_planes(x.range)]
