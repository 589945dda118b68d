"""Shift-add with shared sums, folded: sums of two inputs that many outputs need are made once, then listed as inputs.

    s[i] = x[a] ± 2^k x[b]        y[m] = sum of ±v[n] 2^j over the digits of row m, v being x followed by s

A first list makes v, one element a step: the words of x as they are, and the sums of two. The lists of the outputs
then walk over v, so a digit of a row may stand for two of x. Sums are found one after the other, each time the one that
takes most digits off all lists (`mulfree.rtl.constant_matrix.share_pairs`). In a convolution they are made once for
each pixel and serve all taps. Lists of the outputs are shorter; in return places in v are longer numbers, and the
memories that hold it are larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from mulfree.compiler.families.arithmetic import AfterSums, ListedEntries
from mulfree.compiler.families.interface import Family
from mulfree.compiler.families.shift_add import MOST_DIGITS, ShiftAdd, digit_counts, stepping
from mulfree.ir import BIPOLAR, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, MultiplyAccumulate, Window, as_map
from mulfree.rtl import Circuit, Wire, cells
from mulfree.rtl.constant_matrix.share_pairs import SharedPairs, share_pairs
from mulfree.rtl.constant_matrix.share_sums import digits_of
from mulfree.rtl.constant_matrix.sums import ranges_of
from mulfree.rtl.stages import EntrySchedule

MOST_LISTED_DIGITS = 2 * MOST_DIGITS
"""For each bit of a weight, on average, up to which there are lists on request: sums take half of the digits away."""
MOST_DIGITS_OF_A_WEIGHT = 1.5
"""Of those that are not 0, on average, up to which the lists are priced."""
MOST_PAIRS = 1 << 22
"""Pairs of digits in all rows, up to which common ones are looked for."""
SUMS = (1, 3, 7)
"""How many sums at most may follow a vector, for each of its elements: with them it fills a memory of 2^n words."""


def _ternary(zeros: float, *shape: int) -> Tensor:
    random = np.random.default_rng(sum(shape))
    return Tensor(random.choice([-1, 1], shape) * (random.random(shape) >= zeros))


def _bytes(zeros: float, *shape: int) -> Tensor:
    random = np.random.default_rng(sum(shape))
    return Tensor(random.integers(-90, 91, shape) * (random.random(shape) >= zeros))


PADDED = Window((3, 3), pads=(1, 1, 1, 1))


@dataclass(frozen=True, slots=True)
class SharedDigits(ShiftAdd):
    """As `ShiftAdd`; folded, the lists of digits are over the inputs and over sums of two of them."""

    name: ClassVar[str] = "shared_digits"
    examples: ClassVar[tuple[tuple[TensorType, Contraction], ...]] = (
        (TensorType((8,), IntRange(-8, 7)), MultiplyAccumulate(_ternary(0.5, 23, 8, 1, 1))),
        (TensorType((7,), BIPOLAR), MultiplyAccumulate(_ternary(0.6, 37, 7, 1, 1))),
        (TensorType((6,), IntRange(-3, 3, 2)), MultiplyAccumulate(_bytes(0.5, 16, 6, 1, 1))),
        (TensorType((4, 3, 4), IntRange(0, 7)), MultiplyAccumulate(_bytes(0.6, 8, 4, 3, 3), PADDED)),
        (TensorType((3, 3, 3), BIPOLAR), MultiplyAccumulate(_ternary(0.6, 13, 3, 2, 2), Window((2, 2)))),
    )

    @classmethod
    def accepts(cls, layer: Contraction, x: TensorType) -> bool:
        """A 0 around the map has no place among words that are indices."""
        has_indices = x.range.is_coded or layer.tap_range(x.range).is_coded
        return layer.groups == 1 and not (layer.window.is_padded and has_indices)

    def gains(self, is_unrolled: bool) -> bool:
        """Not where a weight has several digits: a list of whole weights is shorter there than any of shared digits."""
        digits = int(digit_counts(self.weights.array).sum())
        is_short = bool(digits <= MOST_DIGITS_OF_A_WEIGHT * np.count_nonzero(self.weights.array))
        return not is_unrolled and is_short and 0 < self.digits_per_bit <= MOST_DIGITS

    @property
    def is_listed(self) -> bool:
        return 0 < self.digits_per_bit <= MOST_LISTED_DIGITS

    def after_sums(self, x: TensorType, pe: int, simd: int) -> AfterSums | None:
        if not self.is_listed or self.weights.array.size == pe * simd:
            return None
        found = [sums for per_element in SUMS if (sums := self._sums(per_element, simd))]
        in_time = [sums for sums in found if _keeps_up(self, sums, x, pe, simd)]
        if not in_time:
            return None
        return self._after(min(in_time, key=lambda sums: _bits_cycles(self, sums, pe, simd)), x)

    def _sums(self, per_element: int, simd: int) -> SharedPairs | None:
        """As many as there are, but so few that `simd` lanes divide all."""
        by_channel = np.moveaxis(self.weights.array, 1, -1)
        rows, channels = by_channel.reshape(-1, by_channel.shape[-1]), by_channel.shape[-1]
        if (digit_counts(rows).sum(axis=1) ** 2).sum() // 2 > MOST_PAIRS:
            return None
        most = per_element * channels
        count = len(_shared(rows.tobytes(), channels, self.words, most).pairs)
        count -= (channels + count) % simd
        return _shared(rows.tobytes(), channels, self.words, count) if count > 0 else None

    def _after(self, shared: SharedPairs, x: TensorType) -> AfterSums:
        outputs, channels, *kernel = self.weights.shape
        size = channels + len(shared.pairs)
        extended = TensorType((size, *x.shape[1:]), _hull(_factors(shared), self.words))
        powers = 1 << np.arange(shared.digits.shape[2])
        by_channel = (shared.digits * powers).sum(axis=2).reshape(outputs, *kernel, size)
        rest = MultiplyAccumulate(Tensor(np.moveaxis(by_channel, -1, 1)), self.window)

        def entries(order: IntArray) -> ListedEntries:
            return _sum_list(shared, order, self.words)

        return AfterSums(extended, entries, _Rest.replacing(rest, extended))


@dataclass(frozen=True, slots=True)
class _Rest(ShiftAdd):
    """What is left when the sums are made: always a list."""

    @property
    def is_listed(self) -> bool:
        return True


@lru_cache(maxsize=64)
def _shared(rows: bytes, channels: int, words: IntRange, count: int) -> SharedPairs:
    """Kept, since a layer is lowered several times until all of its design is settled."""
    weights = np.frombuffer(rows, np.int64).reshape(-1, channels)
    least, most = (np.full(channels, end) for end in (words.lo, words.hi))
    return share_pairs(digits_of(weights), least, most, 1, count=count, by_digits=True)


def _keeps_up(op: SharedDigits, shared: SharedPairs, x: TensorType, pe: int, simd: int) -> bool:
    """Whether sums and windows come no later than the lists want them: one sum and `simd` elements a step."""
    _, height, width = as_map(x.shape)
    rows, columns = op.window.output_size(height, width)
    size, positions = int(shared.digits.shape[1]), rows * columns
    windows = positions * op.window.taps * size // simd
    return max(size * height * width, windows) <= positions * -(-_left(shared) // (pe * simd))


def _bits_cycles(op: SharedDigits, shared: SharedPairs, pe: int, simd: int) -> int:
    """In proportion to the bits of lists and of the ports' memories, times the cycles, but for lanes that wait."""
    elements, shifts = (int(size) for size in shared.digits.shape[1:])
    places = (op.window.taps * elements // simd - 1).bit_length()
    entry, word = places + (shifts - 1).bit_length() + 2, _hull(_factors(shared), op.words).width
    return _left(shared) * (_left(shared) * entry + pe * simd * (2 << places) * word)


def _left(shared: SharedPairs) -> int:
    """The digits of all rows that are not 0."""
    return int(np.count_nonzero(shared.digits))


def _hull(factors: IntArray, words: IntRange) -> IntRange:
    """Of all sums of words with these factors."""
    ranges = ranges_of(factors, words)
    return IntRange(min(range.lo for range in ranges), max(range.hi for range in ranges))


def _factors(shared: SharedPairs) -> IntArray:
    """What each element of x is worth in each of v (channels + sums, channels)."""
    channels = shared.digits.shape[1] - len(shared.pairs)
    sums = np.zeros((len(shared.pairs), channels), np.int64)
    for row, (first, second, shift, sign) in zip(sums, shared.pairs.tolist(), strict=True):
        row[first] += 1
        row[second] += sign << shift
    return np.concatenate([np.eye(channels, dtype=np.int64), sums])


def _sum_list(shared: SharedPairs, order: IntArray, words: IntRange) -> ListedEntries:
    """A step for each element of v; term 0 is x[a], term 1 the shifted x[b], if there is one."""
    channels, size = len(order), len(order) + len(shared.pairs)
    places, kept = np.argsort(order), np.zeros((2, size, channels), np.bool_)
    firsts = np.concatenate([np.arange(channels), shared.pairs[:, 0]])
    kept[0, np.arange(size), places[firsts]] = True
    kept[1, np.arange(channels, size), places[shared.pairs[:, 1]]] = True
    schedule = EntrySchedule.of(kept, 1, 1, repeats=False)
    values = np.zeros((size, 2), np.int64)
    values[channels:, 1] = shared.pairs[:, 3] << shared.pairs[:, 2]
    second = stepping(values, words)

    def lane(circuit: Circuit, x: Wire, w: Wire) -> Wire:
        stored = circuit.index(x)
        one, other = (circuit.drive(cells.pick([term]), stored) for term in (0, 1))
        return circuit.dot([(one, 1), *second.planes(circuit, other, circuit.drive(cells.pick([1]), w))])

    return ListedEntries(schedule, second.codes.reshape(schedule.elements.shape), second.weight_range, lane)


FAMILY = Family("shift-add of shared sums", arithmetics=(SharedDigits,))
