"""Operators that reduce or rank along axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from mulfree.compiler.frontends.real.number_format import number_dtype, positive_axis
from mulfree.ir import AnyArray, RealOp, RealType

REDUCTIONS: Mapping[str, Callable[..., Any]] = {
    "sum": np.sum,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
    "prod": np.prod,
}
"""What each kind of Reduce computes over the axes."""


@dataclass(frozen=True, slots=True)
class Reduce(RealOp):
    """y = the row `kind` of REDUCTIONS over the axes, which stay as axes of length 1 where `keepdims`."""

    kind: str
    axes: tuple[int, ...]
    keepdims: bool = True

    name: ClassVar[str] = "reduce"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        number_dtype(x)
        axes = {positive_axis(a, len(x.shape)) for a in self.axes}
        if x.size == 0 and self.kind in ("mean", "max", "min"):
            raise ValueError(f"a tensor of shape {x.shape} has no {self.kind}")
        return RealType(_reduced(x.shape, axes, self.keepdims), x.dtype)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        return np.asarray(REDUCTIONS[self.kind](x, axis=self.axes, keepdims=self.keepdims)).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class ArgMax(RealOp):
    """Index (int64) of the greatest element along the axis; among equals the first, or the last if `last`."""

    axis: int
    keepdims: bool = True
    last: bool = False

    name: ClassVar[str] = "arg_max"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        axis = positive_axis(self.axis, len(x.shape))
        return RealType(_reduced(x.shape, {axis}, self.keepdims), "int64")

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        if not self.last:
            return np.asarray(x.argmax(axis=self.axis, keepdims=self.keepdims))
        return np.asarray(x.shape[self.axis] - 1 - np.flip(x, self.axis).argmax(axis=self.axis, keepdims=self.keepdims))


@dataclass(frozen=True, slots=True)
class TopK(RealOp):
    """The k greatest (or least) elements along the axis, in order, or their indices (int64).

    Among equals the lower index comes first. A TopK node with two outputs is imported as two of these.
    """

    k: int
    axis: int
    largest: bool = True
    output: Literal["values", "indices"] = "values"

    name: ClassVar[str] = "top_k"

    def infer(self, *operands: RealType) -> RealType:
        (x,) = operands
        axis = positive_axis(self.axis, len(x.shape))
        if not 0 <= self.k <= x.shape[axis]:
            raise ValueError(f"k is {self.k}, but axis {axis} has {x.shape[axis]} elements")
        return RealType(
            (*x.shape[:axis], self.k, *x.shape[axis + 1 :]), x.dtype if self.output == "values" else "int64"
        )

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        (x,) = operands
        order = self._order(x)
        indices = np.take(order, range(self.k), axis=self.axis)
        return np.take_along_axis(x, indices, axis=self.axis) if self.output == "values" else indices

    def _order(self, x: AnyArray) -> AnyArray:
        if not self.largest:
            return np.argsort(x, axis=self.axis, kind="stable")
        # Sorting the mirror image and mirroring the result descends, and keeps lower indices first among equals.
        mirrored = np.argsort(np.flip(x, self.axis), axis=self.axis, kind="stable")
        return np.flip(x.shape[self.axis] - 1 - mirrored, self.axis)


def _reduced(shape: tuple[int, ...], axes: set[int], keepdims: bool) -> tuple[int, ...]:
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)
