"""The meaning, Verilog and price of a cell that sums its operands by a heap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from textwrap import indent
from typing import Any

import numpy as np

from mulfree.ir import BIT, AnyArray, IntRange
from mulfree.rtl.cell_verilog import Operand
from mulfree.rtl.heap.bits import Bit, Heap, Weights, heap, weight_lanes
from mulfree.rtl.heap.counter import Area
from mulfree.rtl.heap.plan import Plan, plan
from mulfree.rtl.heap.sign import decided
from mulfree.rtl.heap.text import heap_lines
from mulfree.rtl.heap.wiring import inverters
from mulfree.rtl.price import Price
from mulfree.rtl.wires import WireType

Types = tuple[WireType, ...]
FULL_ADDER_DELAY = 2
REMEMBERED = 4096
"""Sums whose heaps are kept: a circuit's are asked for several times, when it is priced, cut and printed."""


@dataclass(frozen=True)
class Summation:
    """constant + sum over operands k of weights[k] x_k: lane by lane, or over all lanes (`is_across`) to one.

    `weights` has an integer for each operand, or a tuple of them, one for each lane (if `is_across`). Operands may be
    of any range; with `of_words` the stored words are summed. The result is a plain number, of the exact range for
    operands that are independent of each other, or of the range `held`.
    """

    weights: Weights
    constant: int = 0
    is_across: bool = True
    of_words: bool = False
    held: IntRange | None = None
    """The sum's range where more is known than that its operands have theirs: plain numbers."""
    is_sign: bool = False
    """Whether the result is only a bit, 1 where the sum is 0 or more, in which case `is_across` is needed."""

    def infer(self, *operands: WireType) -> WireType:
        assert len(operands) == len(self.weights), f"{len(self.weights)} weights for {len(operands)} operands"
        assert self.is_across or not self.is_sign, "a sign is of one sum"
        lanes = 1 if self.is_across else max(w.lanes for w in operands)
        return WireType(BIT if self.is_sign else self.sum_range(*operands), lanes)

    def sum_range(self, *operands: WireType) -> IntRange:
        """Of the sum: of one lane of it."""
        if self.held:
            return self.held
        parts = [IntRange(self.constant, self.constant)]
        for type, weight in zip(self._one_lane(self._meant(operands)), self.weights, strict=True):
            parts += _spread(type, weight)
        return IntRange(sum(p.lo for p in parts), sum(p.hi for p in parts))

    def evaluate(self, types: Types, *values: AnyArray) -> Any:
        total = self._total(types, *values)
        return (total >= 0).astype(np.int64) if self.is_sign else total

    def _total(self, types: Types, *values: AnyArray) -> Any:
        if self.of_words:
            values = tuple(type.range.encode(value) for type, value in zip(types, values, strict=True))
        if not self.is_across:
            return sum((w * x for w, x in zip(self.weights, values, strict=True)), start=self.constant)
        parts = [
            (np.array(weight_lanes(type, weight), dtype=value.dtype) * value).sum(axis=-1, keepdims=True)
            for type, weight, value in zip(types, self.weights, values, strict=True)
        ]
        return sum(parts, start=self.constant)

    def heap(self, out: WireType, operands: Types) -> Heap:
        """The bits of one lane of the sum; where its sign is wanted, the sum and 2^(w-1), modulo 2^w."""
        width, constant = out.element_bits, self.constant
        if self.is_sign:
            width = (self.sum_range(*operands) | IntRange(-1, 0)).width
            constant += 1 << width - 1
        return heap(self._one_lane(self._meant(operands)), self.weights, constant, width)

    def planned(self, out: WireType, operands: Types, technology: str) -> tuple[Heap, Plan]:
        """The bits and the plan of one lane of the result."""
        return _planned(self, out, operands, technology)

    def area(self, out: WireType, operands: Types, technology: str) -> Area:
        """What all lanes of the result take, with the inverters that tables do not absorb."""
        bits, steps = self.planned(out, operands, technology)
        return steps.area.plus(inverters(bits, steps)).times(out.lanes)

    def verilog(self, out: Operand, operands: tuple[Operand, ...], target: str) -> str:
        """See `Printer`."""
        bits, steps = self.planned(out.type, tuple(x.type for x in operands), target)
        lane = None if self.is_across or out.type.lanes == 1 else "i"
        lines, total = heap_lines(out.name, bits, steps, lambda bit: _name(bit, operands, lane))
        text = "\n".join([*lines, f"assign {out.slice(lane or '0')} = {total};"])
        if lane is None:
            return text
        head = f"for (genvar i = 0; i < {out.type.lanes}; i++) begin : g_{out.name}"
        return f"{head}\n{indent(text, '  ')}\nend"

    def price(self, out: WireType, operands: Types) -> Price:
        """LUTs of an xc7, gates and delay of full adders."""
        luts = self.planned(out, operands, "xc7")[1].area.luts
        gates = self.planned(out, operands, "asic")[1]
        return Price(round(gates.area.gates) * out.lanes, luts * out.lanes, FULL_ADDER_DELAY * gates.levels)

    def _meant(self, operands: Types) -> Types:
        """What is summed: the numbers, or the stored words."""
        return tuple(WireType(_word(w.range), w.lanes) for w in operands) if self.of_words else operands

    def _one_lane(self, operands: Types) -> Types:
        return operands if self.is_across else tuple(w.of_lanes(1) for w in operands)


@lru_cache(REMEMBERED)
def _planned(sum: Summation, out: WireType, operands: Types, technology: str) -> tuple[Heap, Plan]:
    bits = sum.heap(out, operands)
    return decided(bits, technology) if sum.is_sign else (bits, plan(bits.heights, technology))


def _word(range_: IntRange) -> IntRange:
    return IntRange(0, range_.count - 1) if range_.is_coded else range_


def _spread(type: WireType, weight: int | tuple[int, ...]) -> list[IntRange]:
    """What the lanes can add."""
    if isinstance(weight, int):
        return [type.range.times(weight).scaled(type.lanes)]
    return [type.range.times(of_lane) for of_lane in weight_lanes(type, weight)]


def _name(bit: Bit, operands: tuple[Operand, ...], lane: str | None) -> str:
    if bit.operand is None:
        return "1'b1"
    operand = operands[bit.operand]
    word = operand.slice(lane or str(bit.lane))
    text = word if operand.type.element_bits == 1 else f"{word}[{bit.place}]"
    return f"~{text}" if bit.is_inverted else text
