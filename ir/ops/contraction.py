"""Convolution and dense layers: geometry (windows, groups) times what meets inside a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from mulfree.ir.op import AnyArray, IntOp
from mulfree.ir.ops.arithmetic import hull
from mulfree.ir.ops.operations import Operations
from mulfree.ir.ops.window import Window
from mulfree.ir.tensor import Tensor
from mulfree.ir.types import IntRange, TensorType

EXACT_IN_FLOAT64 = 2**53


@dataclass(frozen=True, slots=True)
class Contraction(IntOp):
    """y[m, r, c] = reduce over k of combine(window[k, r, c], weights[m, k]); the pad value is the integer 0.

    weights are (M, C / groups, kernel rows, kernel columns); x is (C, H, W) or (C,), y is (M, rows, columns) or (M,).
    A subclass says by `dot` and `row_ranges` what is reduced and combined: sums of products, unless it says otherwise.
    """

    weights: Tensor
    window: Window = field(default_factory=Window)
    groups: int = 1

    name: ClassVar[str] = "contraction"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        channels, height, width = as_map(x.shape)
        out_channels, per_group, *kernel = self.weights.shape
        if channels != per_group * self.groups:
            raise ValueError(f"x has {channels} channels but the weights take {self.groups} x {per_group}")
        if out_channels % self.groups:
            raise ValueError(f"{out_channels} output channels do not divide into {self.groups} groups")
        assert tuple(kernel) == self.window.kernel, "weights and window disagree on the kernel"
        size = self.window.output_size(height, width)
        shape = (out_channels, *size) if len(x.shape) == 3 else (out_channels,)
        return TensorType(shape, self.result_range(self.tap_range(x.range)))

    def tap_range(self, x: IntRange) -> IntRange:
        """Range of an element of a window: x, and 0 where padding may show."""
        return x | IntRange(0, 0) if self.window.is_padded else x

    def result_range(self, tap: IntRange) -> IntRange:
        """Hull over the output channels of the exact range of each dot product."""
        return hull(self.row_ranges(tap))

    def row_ranges(self, tap: IntRange) -> list[IntRange]:
        """The exact range of each output channel's dot product, for taps of this range."""
        rows = self.weights.array.reshape(self.weights.shape[0], -1)
        return [_dot_range(tap, *row) for row in zip(*_sums_by_sign(rows), _common_factors(rows), strict=True)]

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        is_vector = x.ndim == 2
        taps = self.window.cut(x[..., None, None] if is_vector else x, fill=0)
        y = self.dot(taps)
        return y[..., 0, 0] if is_vector else y

    def dot(self, taps: AnyArray) -> AnyArray:
        """(batch, C, rows, columns, kr, kc) to (batch, M, rows, columns), exactly."""
        return contract(taps, self.weights.array, self.groups)

    def without_common_factor(self) -> tuple[Contraction, int]:
        """A layer with smaller weights, and what one unit of its result is worth here."""
        return self, 1

    def listed_steps(self, lanes: int, pe: int) -> int | None:
        """Steps for one window where a list of only the entries that take part is walked, `pe` outputs at a time.

        Each lane of a token has a list of its own. None if every entry takes part.
        """
        return None

    def operations(self) -> Operations:
        """At one position. A product is a multiplication; N of them take N - 1 additions."""
        kept = int(np.count_nonzero(self.weights.array))
        rows = int(self.weights.array.reshape(self.weights.shape[0], -1).any(axis=1).sum())
        return Operations(kept, multiplications=kept, additions=kept - rows)

    def over_map(self, shape: tuple[int, int, int]) -> Self:
        """The dense layer of vectors that are flattened maps (C, H, W), as the layer of the map: one large window."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, v in values.items():
            if isinstance(v, Tensor) and v.shape == self.weights.shape:
                values[name] = Tensor(v.array.reshape(-1, *shape))
        return replace(self, **values | {"window": Window((shape[1], shape[2]))})


@dataclass(frozen=True, slots=True)
class MultiplyAccumulate(Contraction):
    """The exact integer dot product, with a multiplication that a lowering pass has still to remove."""

    name: ClassVar[str] = "mac"

    def listed_steps(self, lanes: int, pe: int) -> int | None:
        """Of layers that keep one tap of every kernel, whose index leaves a step for each channel."""
        outputs, channels = self.weights.shape[:2]
        is_listed = self.groups == 1 and self.window.taps > 1 and has_one_tap(self.weights.array)
        return channels // lanes * outputs // pe if is_listed else None

    def without_common_factor(self) -> tuple[Contraction, int]:
        common = max(1, int(np.gcd.reduce(self.weights.array, axis=None)))
        return replace(self, weights=Tensor(self.weights.array // common)), common


def has_one_tap(weights: AnyArray) -> bool:
    """Whether weights (M, C, kernel rows, kernel columns) keep at most one tap of every kernel."""
    # Kernels of an output at a time: most layers are told by the first.
    return all(bool((np.count_nonzero(kernels, axis=(1, 2)) <= 1).all()) for kernels in weights)


def contract(taps: AnyArray, weights: AnyArray, groups: int) -> AnyArray:
    """Sum of products of windows (batch, C, rows, columns, kr, kc) and weights (M, C / groups, kr, kc)."""
    batch, channels, rows, columns = taps.shape[:4]
    grouped = np.moveaxis(taps.reshape(batch, groups, channels // groups, *taps.shape[2:]), 2, 4)
    lanes = grouped.reshape(batch, groups, rows * columns, -1)
    sums = exact_matmul(lanes, np.swapaxes(weights.reshape(groups, weights.shape[0] // groups, -1), 1, 2))
    y: AnyArray = np.swapaxes(sums, 2, 3).reshape(batch, weights.shape[0], rows, columns)
    return y


def by_output(taps: AnyArray, outputs: int, groups: int, reduce: Callable[[int, AnyArray], AnyArray]) -> AnyArray:
    """(batch, outputs, rows, columns): reduce(m, the windows (batch, rows, columns, K) that output m reads) for each m.

    K is in the order of a row of weights (C / groups, kernel rows, kernel columns).
    """
    batch, channels, rows, columns = taps.shape[:4]
    apart = np.moveaxis(taps.reshape(batch, groups, channels // groups, *taps.shape[2:]), 2, 4)
    lanes = np.moveaxis(apart, 1, 0).reshape(groups, batch, rows, columns, -1)
    return np.stack([reduce(m, lanes[m * groups // outputs]) for m in range(outputs)], axis=1)


def as_map(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """The (C, H, W) that a vector or a map stands for. Raises ValueError for any other rank."""
    if len(shape) == 1:
        return (shape[0], 1, 1)
    if len(shape) == 3:
        return (shape[0], shape[1], shape[2])
    raise ValueError(f"a vector (C,) or a map (C, H, W) is needed, not {shape}")


def exact_matmul(a: AnyArray, b: AnyArray) -> AnyArray:
    """Integer matrix product; through float64 where that is exact, because integers have no BLAS."""
    if a.dtype == object or b.dtype == object:
        exact: AnyArray = a.astype(object) @ b.astype(object)
        return exact
    bound = _peak(a) * _peak(b) * a.shape[-1]
    if bound < EXACT_IN_FLOAT64:
        return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)
    assert bound < 2**63, "the operands' ranges exceed 64 bits; pass Python ints"
    return a @ b


def _peak(a: AnyArray) -> int:
    return int(np.abs(a).max(initial=0))


def _sums_by_sign(rows: AnyArray) -> tuple[list[int], list[int]]:
    """Of each row the sum of what is positive and the sum of what is negative."""
    totals, sizes = rows.sum(axis=1), np.abs(rows).sum(axis=1)
    return ((sizes + totals) // 2).tolist(), ((totals - sizes) // 2).tolist()


def _common_factors(rows: AnyArray) -> list[int]:
    """Of each row; most have a one, which spares the division."""
    factors = [1] * len(rows)
    for i in np.flatnonzero(~(np.abs(rows) == 1).any(axis=1)).tolist():
        factors[i] = int(np.gcd.reduce(rows[i]))
    return factors


def _dot_range(tap: IntRange, positive: int, negative: int, common: int) -> IntRange:
    """Range of sum w[k] x[k], given the sums of w of each sign and their common factor.

    Every x[k] is free, so both ends are reached.
    """
    lo = tap.lo * positive + tap.hi * negative
    hi = tap.hi * positive + tap.lo * negative
    stride = 0 if tap.lo == tap.hi else tap.step * common
    return IntRange(lo, hi, max(1, stride))
