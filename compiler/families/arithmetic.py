"""What an arithmetic is: an exact stand-in for a contraction that needs no multiplier, from the graph down to cells."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Self

import numpy as np

from mulfree.ir import BIT, AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Operations
from mulfree.rtl import Circuit, Wire, cells
from mulfree.rtl.price import signed_digits
from mulfree.rtl.stages import EntryLane, EntrySchedule, Reduction, Sum


@dataclass(frozen=True, slots=True)
class ListedEntries:
    """A layer as the list of its entries: see `mulfree.rtl.stages.sparse_matrix`, whose operands these are."""

    schedule: EntrySchedule
    codes: IntArray
    code_range: IntRange
    lane: EntryLane


@dataclass(frozen=True, slots=True)
class AfterSums:
    """A layer as two: a vector (or every pixel) is followed by sums of its own elements, and `rest` reads both."""

    extended: TensorType
    """Of the vector or map with the sums as further channels."""
    entries: Callable[[IntArray], ListedEntries]
    """The list of the extended vector, a step for each element, from the order in which x's elements come."""
    rest: LaneArithmetic
    """What gives the layer's y, of `extended`."""


@dataclass(frozen=True, slots=True)
class Arithmetic(Contraction):
    """How the layer `layer` is computed: its result is exactly `factor * y[m] + offset[m]`.

    What the arithmetic leaves out is constant per output channel, so it moves into the thresholds that follow. A
    subclass has the fields of the operator that it `replaces`. tests/compiler/families checks the whole contract.
    """

    operand: IntRange = field(default=BIT)
    """Range of an element of a window, padding included: its stored word is what the datapath takes."""

    replaces: ClassVar[type[Contraction]] = MultiplyAccumulate
    """The semantic operator: what is computed."""
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = ()
    """Operand types and layers small enough to test often."""

    @classmethod
    @abstractmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        """Whether this arithmetic computes the layer, of the type `replaces`, exactly."""

    @classmethod
    def refusal(cls, layer: Contraction, x: TensorType) -> str | None:
        """Why it does not compute a layer of the kind that it is made for; None where it does, or for other kinds.

        Who asks for this arithmetic is told; elsewhere another one takes the layer.
        """
        return None

    def gains_with(self, lanes: int) -> bool:
        """Whether it may be what is built, unasked, with so many weights at work at once: only then it is priced."""
        return True

    def own_operations(self, x: TensorType) -> Mapping[str, int]:
        """What it does for one sample, where that is not what the definition counts: names and numbers."""
        return {}

    @property
    def factor(self) -> int:
        """What one unit of y is worth in the layer's result."""
        return 1

    @property
    def offset(self) -> IntArray:
        """What is added to factor * y, per output channel (M,)."""
        return np.zeros(self.weights.shape[0], np.int64)

    @classmethod
    def replacing(cls, layer: Contraction, x: TensorType) -> Self:
        own = {f.name: getattr(layer, f.name) for f in fields(layer)}
        return cls(**own, operand=layer.tap_range(x.range))

    @property
    def layer(self) -> Contraction:
        """What is computed, by its own definition."""
        return self.replaces(**{f.name: getattr(self, f.name) for f in fields(self.replaces)})

    def operations(self) -> Operations:
        return self.layer.operations()

    def listed_steps(self, lanes: int, pe: int) -> int | None:
        return self.layer.listed_steps(lanes, pe)

    def row_ranges(self, tap: IntRange) -> list[IntRange]:
        return self.layer.row_ranges(tap)

    def result_range(self, tap: IntRange) -> IntRange:
        assert tap == self.operand, f"the layer was made for elements of {self.operand}, not {tap}"
        return _affine_inverse(self.row_ranges(tap), self.factor, self.offset)

    @property
    def rows(self) -> IntArray:
        """Weights as (M, K)."""
        rows: AnyArray = self.weights.array.reshape(self.weights.shape[0], -1)
        return rows


@dataclass(frozen=True, slots=True)
class LaneArithmetic(Arithmetic):
    """An arithmetic that is a sum of lanes: one for each weight and the element that it meets."""

    def gains(self, is_unrolled: bool) -> bool:
        """Whether it may gain something: with all weights in the logic, or where a memory or a list holds them."""
        return True

    def gains_with(self, lanes: int) -> bool:
        return self.gains(self.codes.size == lanes)

    @property
    @abstractmethod
    def weight_range(self) -> IntRange:
        """How `codes` are stored; `weight_range.encode` gives the words of the memory."""

    @property
    def codes(self) -> IntArray:
        """What is stored of each weight, as an integer: (M, C / groups, kernel rows, kernel columns).

        (M, C / groups, 1, 1) if a lane takes all taps of a channel with one code.
        """
        return self.weights.array

    @property
    def elements_per_code(self) -> int:
        """Elements of a window that a lane takes with one code: 1, or all taps of its channel, tap after tap."""
        return 1

    @abstractmethod
    def lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        """x and the codes w of one token to that token's share of y, for one output channel: what `reduce` takes."""

    def tap_lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        """As `lane`, but every lane is an output channel of its own, added up: depthwise convolutions."""
        raise NotImplementedError(f"{self.name} has no depthwise form")

    def reduce(self, share: IntRange, steps: int, outputs: int) -> Reduction:
        """How the shares of the steps become y; see `mulfree.rtl.stages.Reduce`."""
        return Sum(share, steps, outputs)

    def unrolled(self, order: IntArray, target: str) -> Callable[[Circuit, Wire], Wire] | None:
        """All outputs, one per lane, from a whole vector whose lane i is element order[i], weights as constants.

        `target` is what choices between equal circuits are weighed for. None: there is nothing better than a `lane`
        for each output.
        """
        return None

    def listed(self, order: IntArray, lanes: int, pe: int, sorts: bool) -> ListedEntries | None:
        """The layer in a form that walks a list of entries, for rows whose elements come in `order`, `lanes` at a time.

        `sorts`: outputs may leave in any order. None: whole rows are walked, by `lane`.
        """
        return None

    def after_sums(self, x: TensorType, pe: int, simd: int) -> AfterSums | None:
        """The layer on x in a form that reads x together with sums of its elements, each made once for all outputs.

        None: it reads x alone.
        """
        return None


@dataclass(frozen=True, slots=True)
class PlaneArithmetic(LaneArithmetic):
    """An arithmetic whose datapath is one-bit lanes, each worth plus or minus a power of two, added up."""

    @abstractmethod
    def planes(self, circuit: Circuit, x: Wire, w: Wire) -> list[tuple[Wire, int]]:
        """The datapath up to the sum: one-bit lanes, and what a one in each is worth (plus or minus 2^i)."""

    def lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        return circuit.dot(self.planes(circuit, x, w))

    def tap_lane(self, circuit: Circuit, x: Wire, w: Wire) -> Wire:
        planes = self.planes(circuit, x, w)
        return circuit.total([bits for bits, _ in planes], [worth for _, worth in planes])


def bit_planes(words: IntRange) -> list[tuple[int, int]]:
    """(plane, weight) of a stored word: powers of two, the top one negative in two's complement.

    What is always 0 is stored in one bit all the same.
    """
    top = words.width - 1
    return [(i, -(2**i) if words.is_signed and i == top else 2**i) for i in range(max(1, words.width))]


def signed(circuit: Circuit, planes: list[tuple[Wire, int]], sign: Wire | None) -> list[tuple[Wire, int]]:
    """The planes of a number that is negated where `sign` is 1."""
    if sign is None:
        return planes
    flipped = [(circuit.drive(cells.XOR, bits, sign), worth) for bits, worth in planes]
    total = sum(worth for _, worth in planes)
    corrections = [(sign, -(1 << shift) if kind == "+" else 1 << shift) for kind, shift in signed_digits(total)]
    return [*flipped, *corrections]


def plane_of(words: IntRange, values: AnyArray, plane: int) -> IntArray:
    """Bit `plane` of every stored word, as 0 or 1."""
    bits: IntArray = (words.encode(values) >> plane) & 1
    return bits


def _affine_inverse(rows: list[IntRange], factor: int, offset: IntArray) -> IntRange:
    """Hull of (row - offset) / factor over the output channels."""
    ends = [((v - int(b)) // factor) for row, b in zip(rows, offset, strict=True) for v in (row.lo, row.hi)]
    return IntRange(min(ends), max(ends))


def ones(weights: Tensor) -> IntArray:
    """How many of each output channel's weights are positive (M,)."""
    count: IntArray = np.count_nonzero(weights.array.reshape(weights.shape[0], -1) > 0, axis=1).astype(np.int64)
    return count
