"""What a layer of weights ±2^e computes where a negative e drops bits: sums of shifted and rounded numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np

from mulfree.ir import AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, contract

if TYPE_CHECKING:
    from mulfree.sim.functional.planner import IntNode, Planner

Rounding = Literal["floor", "half_up"]
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)


def shifted(x: AnyArray, exponent: int, rounding: str) -> AnyArray:
    """x 2^e in integers: exact for e >= 0, else towards minus infinity ("floor"), or floor(x 2^e + 1/2) ("half_up").

    Halves go up on both sides of 0, unlike QONNX's HALF_UP: hardware adds the topmost of the bits that are dropped.
    """
    if exponent >= 0:
        return x << exponent
    kept: AnyArray = x >> -exponent
    return kept + (x >> (-exponent - 1) & 1) if rounding == "half_up" else kept


@dataclass(frozen=True, slots=True)
class ShiftedSum(Contraction):
    """y[m] = sum over k of s[m, k] round(x[k] 2^e[m, k]), every term rounded by itself, before its sign.

    The field `weights` holds the signs s (-1, 0, 1), `exponents` the e; `rounding` is one of `ROUNDINGS`.
    """

    exponents: Tensor = field(kw_only=True)
    rounding: str = field(kw_only=True)

    name: ClassVar[str] = "shifted_sum"

    def infer(self, *operands: TensorType) -> TensorType:
        if self.exponents.shape != self.weights.shape:
            raise ValueError(f"signs of shape {self.weights.shape} meet exponents of shape {self.exponents.shape}")
        if int(np.abs(self.weights.array).max(initial=0)) > 1:
            raise ValueError("a sign is none of -1, 0 and 1")
        if self.rounding not in ROUNDINGS:
            raise ValueError(f"rounding is '{self.rounding}', none of {', '.join(ROUNDINGS)}")
        return Contraction.infer(self, *operands)

    def dot(self, taps: AnyArray) -> AnyArray:
        signs, exponents = self.weights.array, self.exponents.array
        shares = [
            contract(shifted(taps, int(e), self.rounding), np.where(exponents == e, signs, 0), self.groups)
            for e in np.unique(exponents)
        ]
        total: AnyArray = np.stack(shares).sum(axis=0)
        return total

    def row_ranges(self, tap: IntRange) -> list[IntRange]:
        """Every x[k] is free and its term rises or falls with it, so both ends are reached."""
        rows = (t.array.reshape(t.shape[0], -1) for t in (self.weights, self.exponents))
        return [self._row_range(tap, *row) for row in zip(*rows, strict=True)]

    def _row_range(self, tap: IntRange, signs: IntArray, exponents: IntArray) -> IntRange:
        total = IntRange(0, 0)
        for e in np.unique(exponents):
            term, chosen = self.term_range(tap, int(e)), signs[exponents == e]
            total = total + term.scaled(int((chosen > 0).sum())) - term.scaled(int((chosen < 0).sum()))
        return total

    def term_range(self, tap: IntRange, exponent: int) -> IntRange:
        """Range of round(x 2^e); its step is known where nothing is rounded, or x has two values."""
        lo, hi = (int(shifted(np.array(end, dtype=object), exponent, self.rounding)) for end in (tap.lo, tap.hi))
        if exponent >= 0:
            return IntRange(lo, hi, max(1, tap.step << exponent if lo < hi else 1))
        return IntRange(lo, hi, max(1, hi - lo) if tap.count == 2 else 1)

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        from mulfree.sim.functional.kernels.shifted_sum import build_shifted_sum

        node = planner.unflattened(node)
        op = node.op
        assert isinstance(op, ShiftedSum)
        return build_shifted_sum(planner, node, op.exponents.array, op.rounding == "half_up")
