"""What an AW-convolution computes, in integers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntOp, IntRange, Tensor, TensorType
from mulfree.ir.ops import MultiplyAccumulate, Operations, Window, exact_matmul

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from mulfree.sim.functional.planner import IntNode, Planner

MOST_PLACES = 31
"""By which a weight is shifted at most."""


def expanded(attention: AnyArray, weights: tuple[int, ...]) -> AnyArray:
    """(batch, M', C', kernel'...) as (batch, *weights), every element repeated along its axes (thesis eq. 7.8).

    Raises ValueError if an axis of the weights is no multiple of the attention's.
    """
    check_expands(attention.shape[1:], weights)
    for axis, (few, many) in enumerate(zip(attention.shape[1:], weights, strict=True), 1):
        attention = np.repeat(attention, many // few, axis=axis) if many > few else attention
    return attention


def check_expands(attention: tuple[int, ...], weights: tuple[int, ...]) -> None:
    """Raises ValueError if an axis of the weights is no multiple of the attention's."""
    fits = len(attention) == len(weights) and all(a and w % a == 0 for a, w in zip(attention, weights, strict=True))
    if not fits:
        raise ValueError(f"attention of shape {attention} does not expand to weights of shape {weights}")


@dataclass(frozen=True, slots=True)
class AttentionalConv(IntOp):
    """y[m] = sum over k of x[k] w[m, k] (residual + 2^a[m, k]), for x (C, H, W) and a >= 0 of each sample.

    w are `weights` (M, C / groups, kernel rows, kernel columns). a is (M', C', rows', columns'), each of which divides
    that of the weights; an element serves as many neighbours as it takes. The pad value is 0.
    """

    weights: Tensor
    window: Window = field(default_factory=Window)
    groups: int = 1
    residual: int = 0

    name: ClassVar[str] = "attentional_conv"

    def infer(self, *operands: TensorType) -> TensorType:
        x, attention = operands
        if len(x.shape) != 3:
            raise ValueError(f"x has shape {x.shape}; a map (C, H, W) is needed")
        check_expands(attention.shape, self.weights.shape)
        if attention.range.lo < 0 or attention.range.hi > MOST_PLACES:
            raise ValueError(f"attention shifts by {attention.range}, not by 0 to {MOST_PLACES} places")
        shape = MultiplyAccumulate(self.weights, self.window, self.groups).infer(x).shape
        return TensorType(shape, self.result_range(self.tap_range(x.range), attention))

    def tap_range(self, x: IntRange) -> IntRange:
        """Range of an element of a window: x, and 0 where padding may show."""
        return x | IntRange(0, 0) if self.window.is_padded else x

    def result_range(self, tap: IntRange, attention: TensorType) -> IntRange:
        """Both ends are reached: each sum of products that share an exponent is as large as it can be, or as small."""
        factors = [self.residual + (1 << e) for e in (attention.range.lo, attention.range.hi)]
        ends = np.array([[tap.lo], [tap.hi]], dtype=object) * self.weights.array.astype(object).ravel()
        sums = (self._by_exponent(pick(ends, axis=0), attention.shape) for pick in (np.min, np.max))
        low, high = ([np.multiply(s, f) for f in factors] for s in sums)
        return IntRange(int(np.minimum(*low).sum(axis=1).min()), int(np.maximum(*high).sum(axis=1).max()))

    def _by_exponent(self, products: AnyArray, attention: tuple[int, ...]) -> AnyArray:
        """For each output channel, the sums of what shares an exponent."""
        outputs, *axes = self.weights.shape
        apart = [n for few, many in zip(attention[1:], axes, strict=True) for n in (few, many // few)]
        sums: AnyArray = products.reshape(outputs, *apart).sum(axis=(2, 4, 6))
        return sums.reshape(outputs, -1)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        x, attention = operands
        taps, kernels = self.window.cut(x, fill=0), self.kernels(attention)
        batch, channels, rows, columns = taps.shape[:4]
        apart = taps.reshape(batch, self.groups, channels // self.groups, *taps.shape[2:])
        windows = np.moveaxis(apart, 2, 4).reshape(batch, self.groups, rows * columns, -1)
        by_group = kernels.reshape(batch, self.groups, self.weights.shape[0] // self.groups, -1)
        sums = exact_matmul(windows, np.swapaxes(by_group, 2, 3))
        return np.swapaxes(sums, 2, 3).reshape(batch, self.weights.shape[0], rows, columns)

    def kernels(self, attention: AnyArray) -> AnyArray:
        """Of every sample: (batch, M, C / groups, kernel rows, kernel columns)."""
        one: AnyArray = np.ones((), attention.dtype)
        kernels: AnyArray = self.weights.array * (self.residual + (one << expanded(attention, self.weights.shape)))
        return kernels

    def operations(self) -> Operations:
        """At one position: sums of what is shifted, twice as many with a residual; a shift is no operation."""
        plain = replace(MultiplyAccumulate(self.weights, self.window, self.groups).operations(), multiplications=0)
        return replace(plain, additions=plain.additions + plain.parameters) if self.residual else plain

    def exponents_of(self, attention: tuple[int, ...]) -> IntArray:
        """(M, C / groups, kernel rows, kernel columns): which element of a, in C order, each weight is shifted by."""
        indices = np.arange(int(np.prod(attention))).reshape(1, *attention)
        places: IntArray = expanded(indices, self.weights.shape)[0]
        return places

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        from mulfree.sim.functional.kernels.attention import build_attentional

        attention, weights = node.inputs[1].type, self.weights.array
        if weights.dtype == object or attention.range.hi > MOST_PLACES:
            return False
        places = self.exponents_of(attention.shape)
        return build_attentional(planner, node, weights, self.window, self.groups, self.residual, places)
