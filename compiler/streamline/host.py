"""What the host computes: model inputs to integers, and integers to model outputs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from mulfree.compiler.model import HostFunction, InputFormat
from mulfree.compiler.streamline.cuts import Cuts, cuts_of
from mulfree.compiler.streamline.expression import Expression, Lanes, Step, evaluate
from mulfree.compiler.streamline.levels import Levels
from mulfree.compiler.streamline.thresholds import code_function
from mulfree.ir import AnyArray, CompileError, IntArray, IntRange, RealOp

MOST_TABLE = 1 << 18
"""Elements of the largest table of answers that is made instead of computing them one by one."""


@dataclass(frozen=True, eq=False)
class Quantiser:
    """Float inputs to the codes of the first quantiser: those that the model computes, node by node.

    Element i of the codes is of element source[i] of a sample.
    """

    source: IntArray
    step: Step
    levels: Levels

    def __call__(self, array: AnyArray, /) -> IntArray:
        shape, flat = self.source.shape, array.reshape(len(array), -1)
        chosen = flat[:, : self.source.size] if self._is_in_order else flat[:, self.source.ravel()]
        x = chosen.reshape(len(array), *shape)
        if self._cuts and bool(np.isfinite(x).all()):
            return self._cuts(x)
        lanes = self._lanes
        return lanes.join(code_function(self.step, self.levels, lanes)(lanes.split(x)), len(array))

    @cached_property
    def _lanes(self) -> Lanes:
        return Lanes.of(self.step, self.source.shape)

    @cached_property
    def _cuts(self) -> Cuts | None:
        return cuts_of(self.step, self.levels)

    @cached_property
    def _is_in_order(self) -> bool:
        """Whether elements are taken in their order, from the first."""
        return np.array_equal(self.source.ravel(), np.arange(self.source.size))


@dataclass(frozen=True)
class Integers:
    """Inputs that are integers already: taken as they are."""

    def __call__(self, array: AnyArray, /) -> IntArray:
        return array.astype(np.int64)


@dataclass(frozen=True)
class Declared:
    """Float inputs that the user declared to be integers times a scale."""

    name: str
    format: InputFormat

    def __call__(self, array: AnyArray, /) -> IntArray:
        """Raises CompileError if a value is out of range or not within a float's rounding of scale * integer."""
        exact = array.astype(np.float64) / float(Fraction(self.format.scale))
        integers = np.rint(exact)
        if (np.abs(exact - integers) > 1e-6 * np.maximum(1, np.abs(exact))).any():
            raise CompileError(f"input '{self.name}' holds values that are no multiples of {self.format.scale}")
        if ((integers < self.format.lo) | (integers > self.format.hi)).any():
            raise CompileError(
                f"input '{self.name}' holds values outside of {self.format.scale} * "
                f"[{self.format.lo}, {self.format.hi}]"
            )
        return integers.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Epilogue:
    """Integers (batch, *sample) of a range to the model's output: its remaining element-wise nodes, then `tail`."""

    shape: tuple[int, ...]
    expression: Expression
    range: IntRange
    tail: RealOp | None = None

    def __call__(self, integers: IntArray, /) -> AnyArray:
        lanes = self._lanes
        rows = lanes.split(integers.reshape(len(integers), *self.shape))
        y = lanes.join(self._looked_up(rows), len(integers))
        return self.tail.evaluate(y) if self.tail else y

    def _looked_up(self, rows: IntArray) -> AnyArray:
        lo, hi, step = self.range.lo, self.range.hi, self.range.step
        if self._table is None or not rows.size or rows.min() < lo or rows.max() > hi:
            return evaluate(self.expression, rows, self._lanes)
        index = (rows - lo) // step if step > 1 else rows - lo
        found: AnyArray = self._table[index, self._columns]
        return found

    @cached_property
    def _table(self) -> AnyArray | None:
        """What the nodes give for every integer (row) and lane; None if that is more than the samples are."""
        if self.range.count * self._lanes.count > MOST_TABLE:
            return None
        every = np.arange(self.range.lo, self.range.hi + 1, self.range.step)
        given = np.repeat(every[:, None], self._lanes.count, axis=1)
        return np.ascontiguousarray(evaluate(self.expression, given, self._lanes))

    @cached_property
    def _columns(self) -> IntArray:
        return np.arange(self._lanes.count)

    @cached_property
    def _lanes(self) -> Lanes:
        return Lanes.of(self.expression, self.shape)


__all__ = ["Declared", "Epilogue", "HostFunction", "Integers", "Quantiser"]
