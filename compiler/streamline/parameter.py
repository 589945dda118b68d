"""Constants of a sample: one value per element, stored once per distinct value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, overload

import numpy as np

from mulfree.ir import AnyArray, IntArray


@dataclass(frozen=True, eq=False)
class Parameter:
    """values = table[index], broadcast over the sample: `index` has the sample's rank, each axis 1 or full.

    A row of `table` may itself be a vector (the thresholds of one channel). Moving elements moves only the index.
    """

    table: AnyArray
    index: IntArray

    @classmethod
    def of(cls, values: AnyArray, rank: int) -> Parameter:
        """From an array whose first `rank` axes are those of the sample (1 or full); the rest is one row."""
        rows = values.reshape(-1, *values.shape[rank:])
        if rows.dtype == object:
            table, inverse = _distinct(rows)
        else:
            table, inverse = np.unique(rows, axis=0, return_inverse=True)
        return cls(table, _collapsed(inverse.reshape(values.shape[:rank])))

    @classmethod
    def scalar(cls, value: Fraction) -> Parameter:
        """The same fraction for every element, of a sample of any rank."""
        table = np.empty(1, dtype=object)
        table[0] = value
        return cls(table, np.zeros((), dtype=np.int64))

    @property
    def is_uniform(self) -> bool:
        return self.index.size == 1

    @property
    def value(self) -> Any:
        """The one value of a uniform parameter."""
        assert self.is_uniform
        return self.table[self.index.item()]

    @property
    def used(self) -> list[Any]:
        """The distinct values that occur."""
        return [self.table[i] for i in np.unique(self.index)]

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of the sample along which the values differ."""
        return tuple(i for i, n in enumerate(self.index.shape) if n > 1)

    def moved(self, shape: tuple[int, ...], source: IntArray) -> Parameter:
        """After elements of a sample of `shape` moved: element i is element source[i] (flat, in C order)."""
        if self.is_uniform:
            return Parameter(self.table, self.index.reshape((1,) * source.ndim))
        return Parameter(self.table, _collapsed(np.broadcast_to(self.index, shape).ravel()[source]))

    def as_float64(self) -> Parameter:
        """Floats in double precision; anything else as it is."""
        is_float = np.issubdtype(self.table.dtype, np.floating)
        return Parameter(self.table.astype(np.float64), self.index) if is_float else self

    def exact(self) -> Parameter:
        """The same numbers as fractions: every float is one."""
        table = np.empty(self.table.shape, dtype=object)
        table[:] = [Fraction(v.item() if isinstance(v, np.generic) else v) for v in self.table]
        return Parameter(table, self.index)


@overload
def combine(function: Callable[[Fraction], Any], p: Parameter, /) -> Parameter: ...
@overload
def combine(function: Callable[[Fraction, Fraction], Any], p: Parameter, q: Parameter, /) -> Parameter: ...
@overload
def combine(
    function: Callable[[Fraction, Fraction, Fraction], Any], p: Parameter, q: Parameter, r: Parameter, /
) -> Parameter: ...
def combine(function: Callable[..., Any], *parameters: Parameter) -> Parameter:
    """The parameter function(p, q, ...) of exact parameters, element by element; results stay Python objects."""
    indices = np.broadcast_arrays(*(p.index for p in parameters))
    stacked = np.stack([i.ravel() for i in indices])
    distinct, inverse = np.unique(stacked, axis=1, return_inverse=True)
    results = [function(*(p.table[i] for p, i in zip(parameters, column, strict=True))) for column in distinct.T]
    values = np.empty(len(results), dtype=object)
    values[:] = results
    table, merged = _distinct(values)
    return Parameter(table, _collapsed(merged[inverse.ravel()].reshape(indices[0].shape)))


def _distinct(values: AnyArray) -> tuple[AnyArray, IntArray]:
    """np.unique with return_inverse for hashable Python objects."""
    places: dict[Any, int] = {}
    inverse = np.array([places.setdefault(v, len(places)) for v in values.ravel()], dtype=np.int64)
    table = np.empty(len(places), dtype=object)
    table[:] = list(places)
    return table, inverse


def _collapsed(index: IntArray) -> IntArray:
    """The index with length 1 along every axis on which it does not change."""
    for axis in range(index.ndim):
        first = index.take([0], axis=axis)
        if index.shape[axis] > 1 and bool((index == first).all()):
            index = first
    return index
