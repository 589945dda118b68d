"""When bits arrive, and how tables of few inputs swallow the logic before them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mulfree.ir import AnyArray
from mulfree.rtl.timing.delays import Delays

Floats = npt.NDArray[np.float64]
NEVER, ONE = -1e9, -2e9
"""Arrivals of constants, 0 (or unknown) and 1: before everything."""


@dataclass(frozen=True, eq=False, slots=True)
class Signal:
    """Bits of any shape: when each arrives, and of the table that makes it when its inputs do, and how many it has.

    What no table makes (a register's output, a carry) is its own only input; a constant has none.
    """

    at: Floats
    start: Floats
    inputs: npt.NDArray[np.int64]

    def __getitem__(self, index: Any) -> Signal:
        """Some of the bits."""
        return Signal(self.at[index], self.start[index], self.inputs[index])

    def __iter__(self) -> Iterator[AnyArray]:
        """The three, for what is done to all of them alike."""
        return iter((self.at, self.start, self.inputs))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.at.shape

    @property
    def latest(self) -> float:
        return float(self.at.max(initial=NEVER))

    def reshape(self, *shape: int) -> Signal:
        return Signal(*(part.reshape(shape) for part in self))

    def to(self, shape: tuple[int, ...]) -> Signal:
        """Broadcast."""
        if shape == self.shape:
            return self
        return Signal(*(np.broadcast_to(part, shape) for part in self))

    def after(self, delay: float) -> Signal:
        """The same, later."""
        return Signal(self.at + delay, self.start + delay, self.inputs)


def leaf(at: Floats | float, shape: tuple[int, ...] = (1,)) -> Signal:
    """Bits that no table makes; NEVER for constants."""
    times = np.broadcast_to(np.asarray(at, dtype=np.float64), shape if np.ndim(at) == 0 else np.shape(at))
    return Signal(times, times, (times > NEVER / 2).astype(np.int64))


def joined(parts: Sequence[Signal], axis: int = -1) -> Signal:
    """One behind the other."""
    return Signal(*(np.concatenate(columns, axis=axis) for columns in zip(*parts, strict=True)))


def table(delays: Delays, *operands: Signal) -> Signal:
    """Any function of the operands, bit by bit: swallowed are the tables that arrive last, as many as fit."""
    shape = np.broadcast_shapes(*(x.shape for x in operands))
    at, start, inputs = (np.stack(parts) for parts in zip(*(x.to(shape) for x in operands), strict=True))
    order = np.argsort(-at, axis=0)
    at, start, inputs = (np.take_along_axis(part, order, axis=0) for part in (at, start, inputs))
    return _packed(delays, at, start, inputs)


def _packed(delays: Delays, at: Floats, start: Floats, inputs: npt.NDArray[np.int64]) -> Signal:
    """Over axis 0, which goes from the latest to the earliest."""
    used = (inputs > 0).astype(np.int64)
    # Row c: the first c are swallowed, the others are inputs.
    taken = np.concatenate([np.zeros_like(inputs[:1]), np.cumsum(inputs, axis=0)])
    rest = np.concatenate([np.cumsum(used[::-1], axis=0)[::-1], np.zeros_like(used[:1])])
    inner = np.concatenate([np.full_like(start[:1], NEVER), np.maximum.accumulate(start, axis=0)])
    outer = np.concatenate([at, np.full_like(at[:1], NEVER)])
    count, begin = taken + rest, np.maximum(inner, outer)
    begin = np.where(count <= delays.lut_inputs, begin, np.inf)
    begin[0] = np.where(np.isinf(begin[0]), _in_tree(delays, at[0], count[0]), begin[0])
    best = begin.argmin(axis=0)[None]
    first = np.take_along_axis(begin, best, axis=0)[0]
    width = np.minimum(np.take_along_axis(count, best, axis=0)[0], delays.lut_inputs)
    return _made(delays, first, width)


def _made(delays: Delays, start: Floats, inputs: npt.NDArray[np.int64]) -> Signal:
    """Constants stay constants."""
    is_constant = (inputs == 0) | (start <= NEVER / 2)
    return Signal(
        np.where(is_constant, NEVER, start + delays.lut),
        np.where(is_constant, NEVER, start),
        np.where(is_constant, 0, inputs),
    )


def _in_tree(delays: Delays, latest: Floats, count: npt.NDArray[np.int64]) -> Floats:
    """When the last of several levels of tables begins."""
    return latest + delays.lut * (levels_of(delays, count) - 1)


def levels_of(delays: Delays, count: npt.NDArray[np.int64] | int) -> Floats:
    """Levels of tables of a function of so many inputs that splits freely, as AND does."""
    found: Floats = np.ceil(np.log(np.maximum(count, 2)) / np.log(delays.lut_inputs) - 1e-9)
    return found


def wide(delays: Delays, x: Signal, axis: int = -1) -> Signal:
    """AND, OR or the like of all bits along an axis, in a tree whose tables take the earliest first."""
    parts = x
    while parts.shape[axis] > delays.lut_inputs:
        parts = _level(delays, parts, axis)
    return table(delays, *(parts[_at(parts, axis, i)] for i in range(parts.shape[axis])))


def _level(delays: Delays, x: Signal, axis: int) -> Signal:
    """The earliest bits, so many that what is left fits one table if that is possible, become one each few."""
    order = np.argsort(x.at, axis=axis)
    x = Signal(*(np.take_along_axis(part, order, axis=axis) for part in x))
    size, made = delays.lut_inputs, list[Signal]()
    groups = x.shape[axis] // size
    for group in range(groups):
        bits = (x[_at(x, axis, group * size + i)] for i in range(size))
        one = table(delays, *bits)
        made.append(Signal(*(np.expand_dims(part, axis) for part in one)))
    rest = x[_slice(x, axis, groups * size)]
    return joined([*made, rest], axis)


def _at(x: Signal, axis: int, place: int) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * len(x.shape)
    index[axis] = place
    return tuple(index)


def _slice(x: Signal, axis: int, first: int) -> tuple[Any, ...]:
    index: list[Any] = [slice(None)] * len(x.shape)
    index[axis] = slice(first, None)
    return tuple(index)
