"""What sum-max computes, in integers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from mulfree.ir import AnyArray, IntArray, IntRange, Tensor, TensorType
from mulfree.ir.ops import Contraction, Operations, by_output
from mulfree.rtl.stages.entry_schedule import step_counts

if TYPE_CHECKING:
    from mulfree.sim.functional.planner import IntNode, Planner


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one term that one output keeps: their places in a row, ascending, and their weights."""

    places: IntArray
    weights: IntArray


@dataclass(frozen=True, slots=True)
class SumMax(Contraction):
    """y[m] = max over k of (x[k] + w[m, k]) + min over k of (x[k] + w_min[m, k]), each over the entries it keeps.

    w, the field `weights`, is that of the maximum. `kept` and `kept_min` hold 1 where an entry takes part and 0 where
    it is absent, whatever the weights say there. Every output keeps an entry of each term; there are no groups.
    """

    w_min: Tensor = field(kw_only=True)
    kept: Tensor = field(kw_only=True)
    kept_min: Tensor = field(kw_only=True)

    name: ClassVar[str] = "sum_max"

    def infer(self, *operands: TensorType) -> TensorType:
        if self.groups != 1:
            raise ValueError(f"sum-max has no groups, but there are {self.groups}")
        if {self.w_min.shape, self.kept.shape, self.kept_min.shape} != {self.weights.shape}:
            raise ValueError(f"weights of shapes {self.weights.shape} and {self.w_min.shape} do not fit each other")
        for term, kept in (("maximum", self.kept), ("minimum", self.kept_min)):
            empty = np.flatnonzero(~kept.array.reshape(kept.shape[0], -1).any(axis=1))
            if empty.size:
                raise ValueError(f"output {empty[0]} keeps no entry of its {term}: keep one at least")
        return Contraction.infer(self, *operands)

    def dot(self, taps: AnyArray) -> AnyArray:
        pairs = entries(self)

        def selected(m: int, lanes: AnyArray) -> AnyArray:
            most, least = ((lanes[..., term.places] + term.weights) for term in pairs[m])
            y: AnyArray = most.max(axis=-1) + least.min(axis=-1)
            return y

        return by_output(taps, len(pairs), self.groups, selected)

    def row_ranges(self, tap: IntRange) -> list[IntRange]:
        """y rises with every x[k]: its ends are those of all x[k] at their ends."""
        peaks = [int(most.weights.max() + least.weights.min()) for most, least in entries(self)]
        return [IntRange(2 * tap.lo + peak, 2 * tap.hi + peak) for peak in peaks]

    def operations(self) -> Operations:
        """N sums of an entry, the comparisons that choose among those of a term, and the M sums of both terms.

        With N entries for M outputs N + (N - 2 M) + M = 2 N - M; the paper's table I says 2 N.
        """
        count, outputs = int(kept_rows(self).sum()), self.weights.shape[0]
        return Operations(count, additions=count + outputs, comparisons=count - 2 * outputs)

    def listed_steps(self, lanes: int, pe: int) -> int | None:
        kept = kept_rows(self)
        by_tap = kept.reshape(2, self.weights.shape[0], -1, self.window.taps).swapaxes(2, 3).reshape(kept.shape)
        return None if kept.all() else int(step_counts(by_tap, lanes, pe).sum())

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        from mulfree.sim.functional.kernels.sum_max import Term, build_sum_max

        node = planner.unflattened(node)
        op = node.op
        assert isinstance(op, SumMax)
        most, least = Term(op.weights.array, op.kept.array), Term(op.w_min.array, op.kept_min.array)
        return build_sum_max(planner, node, most, least)


def kept_rows(op: SumMax) -> npt.NDArray[np.bool_]:
    """(2, M, K): which entries the maximum and the minimum of each output keep."""
    return np.stack([kept.array.reshape(kept.shape[0], -1) != 0 for kept in (op.kept, op.kept_min)])


def entries(op: SumMax) -> list[tuple[Entries, Entries]]:
    """For each output what its maximum and what its minimum keeps."""
    rows = [t.array.reshape(t.shape[0], -1) for t in (op.weights, op.kept, op.w_min, op.kept_min)]
    return [(_kept(w, kept), _kept(v, kept_min)) for w, kept, v, kept_min in zip(*rows, strict=True)]


def _kept(weights: IntArray, kept: IntArray) -> Entries:
    places = np.flatnonzero(kept)
    return Entries(places, weights[places])
