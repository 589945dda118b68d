"""The datapath of sum-max: sums, the largest and the smallest of them, and one more sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import LaneArithmetic
from mulfree.compiler.families.sum_max.operator import Entries, SumMax, entries
from mulfree.ir import BIPOLAR, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, Window
from mulfree.rtl import Circuit, Wire, cells
from mulfree.rtl.cell import Cell
from mulfree.rtl.stages import MaxPlusMin, Reduction

Example = tuple[TensorType, Contraction]


def example(x: TensorType, bound: int, absent: float, *shape: int, window: Window | None = None) -> Example:
    """Random weights, of which so many are absent; the first input channel stays."""
    random = np.random.default_rng(sum(shape))
    w, w_min = (Tensor(random.integers(-bound, bound + 1, shape)) for _ in range(2))
    masks = [random.random(shape) >= absent for _ in range(2)]
    for mask in masks:
        mask[:, 0] = True
    kept, kept_min = (Tensor(mask.astype(np.int64)) for mask in masks)
    return x, SumMax(w, window or Window(), w_min=w_min, kept=kept, kept_min=kept_min)


@dataclass(frozen=True, slots=True)
class Term:
    """One of the two terms as it is stored: weights in `range` from bit `low` on, then a bit if anything is absent."""

    weights: IntArray
    kept: IntArray
    low: int

    @property
    def range(self) -> IntRange:
        """Of the weights that take part."""
        used = self.weights[self.kept != 0]
        return IntRange(int(used.min()), int(used.max()))

    @property
    def absent_bit(self) -> int | None:
        return None if bool(self.kept.all()) else self.low + max(1, self.range.width)

    @property
    def bits(self) -> int:
        return max(1, self.range.width) + int(self.absent_bit is not None)

    @property
    def codes(self) -> IntArray:
        held = np.where(self.kept != 0, self.range.encode(np.clip(self.weights, self.range.lo, self.range.hi)), 0)
        flags: IntArray = (self.kept == 0).astype(np.int64) << (self.absent_bit or 0)
        return (held << self.low) + (0 if self.absent_bit is None else flags)

    def sums(self, circuit: Circuit, x: Wire, w: Wire, neutral: str) -> Wire:
        """x + w in every lane; where it is absent the end of the sums' range that changes no result."""
        sums = circuit.drive(cells.ADD, x, circuit.drive(cells.field(self.low, self.range), w))
        if self.absent_bit is None:
            return sums
        end = circuit.constant([sums.range.lo if neutral == "least" else sums.range.hi])
        return circuit.drive(cells.MUX, circuit.drive(cells.bit(self.absent_bit), w), end, sums)


@dataclass(frozen=True, slots=True)
class SumMaxCompare(LaneArithmetic):
    """Largest sum + smallest sum. A stored word holds both weights of an entry, and which of them are absent."""

    w_min: Tensor = field(kw_only=True)
    kept: Tensor = field(kw_only=True)
    kept_min: Tensor = field(kw_only=True)

    name: ClassVar[str] = "sum_max_compare"
    replaces: ClassVar[type[Contraction]] = SumMax
    examples: ClassVar[tuple[Example, ...]] = (
        example(TensorType((6,), IntRange(-8, 7)), 7, 0.0, 4, 6, 1, 1),
        example(TensorType((8,), IntRange(0, 15)), 9, 0.6, 4, 8, 1, 1),
        example(TensorType((4,), BIPOLAR), 3, 0.3, 2, 4, 1, 1),
        example(TensorType((2, 4, 4), IntRange(0, 7)), 4, 0.3, 2, 2, 3, 3, window=Window((3, 3), pads=(1, 1, 1, 1))),
        example(TensorType((2, 1, 7), IntRange(-4, 3)), 3, 0.0, 4, 2, 1, 3, window=Window((1, 3), (1, 2))),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        return True

    def dot(self, taps: AnyArray) -> AnyArray:
        return self.layer.dot(taps)

    @property
    def terms(self) -> tuple[Term, Term]:
        """Of the maximum and of the minimum, one behind the other in a word."""
        most = Term(self.weights.array, self.kept.array, 0)
        return most, Term(self.w_min.array, self.kept_min.array, most.bits)

    @property
    def codes(self) -> IntArray:
        most, least = self.terms
        return most.codes + least.codes

    @property
    def weight_range(self) -> IntRange:
        return IntRange(0, 2 ** sum(term.bits for term in self.terms) - 1)

    def lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        most, least = self.terms
        x = circuit.plain(x)
        largest = circuit.drive(cells.LARGEST, most.sums(circuit, x, w, "least"))
        return circuit.drive(cells.JOIN, largest, circuit.drive(cells.SMALLEST, least.sums(circuit, x, w, "greatest")))

    def reduce(self, share: IntRange, steps: int, outputs: int) -> Reduction:
        return MaxPlusMin(share, steps, outputs)

    def unrolled(self, order: IntArray, target: str) -> Callable[[Circuit, Wire], Wire]:
        """Every output from the entries it keeps; the others are not there."""
        del target
        layer, lanes = self.layer, np.argsort(order)
        assert isinstance(layer, SumMax)
        kept = entries(layer)

        def outputs(circuit: Circuit, x: Wire) -> Wire:
            plain = circuit.plain(x)
            return circuit.drive(cells.JOIN, *(_output(circuit, plain, lanes, *pair) for pair in kept))

        return outputs


def _output(circuit: Circuit, x: Wire, lanes: IntArray, most: Entries, least: Entries) -> Wire:
    largest, smallest = _end(circuit, x, lanes, most, cells.LARGEST), _end(circuit, x, lanes, least, cells.SMALLEST)
    return circuit.drive(cells.ADD, largest, smallest)


def _end(circuit: Circuit, x: Wire, lanes: IntArray, kept: Entries, choose: Cell) -> Wire:
    """The largest or smallest sum of the entries kept."""
    operands = circuit.drive(cells.pick(lanes[kept.places].tolist()), x)
    sums = circuit.drive(cells.ADD, operands, circuit.constant(kept.weights.tolist()))
    return circuit.drive(choose, sums)
