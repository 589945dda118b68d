"""Plans of constant matrices: y = W x by sums of shifted terms, many of them shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mulfree.ir import BIT, AnyArray, IntArray, IntRange


class Term(NamedTuple):
    """sign * source * 2^shift, with the sign 1 or -1."""

    source: int
    shift: int
    sign: int


@dataclass(frozen=True)
class Total:
    """constant + sum of the terms."""

    terms: tuple[Term, ...]
    range: IntRange
    constant: int = 0

    @property
    def sources(self) -> tuple[int, ...]:
        return tuple(sorted({term.source for term in self.terms}))

    def evaluate(self, values: Sequence[AnyArray]) -> AnyArray:
        total: AnyArray = np.full_like(values[0], self.constant)
        for source, shift, sign in self.terms:
            total = total + sign * (values[source] << shift)
        return total


@dataclass(frozen=True)
class Parity:
    """The exclusive or of three bits: the lower bit of their sum, whichever of them are complemented (up to that)."""

    sources: tuple[int, ...]

    @property
    def range(self) -> IntRange:
        return BIT

    def evaluate(self, values: Sequence[AnyArray]) -> AnyArray:
        total: AnyArray = np.stack([values[source] for source in self.sources]).sum(axis=0) % 2
        return total


@dataclass(frozen=True)
class Majority:
    """Whether two or more of three bits are 1, some of them complemented first: the upper bit of their sum."""

    sources: tuple[int, ...]
    inverted: tuple[bool, ...]

    @property
    def range(self) -> IntRange:
        return BIT

    def evaluate(self, values: Sequence[AnyArray]) -> AnyArray:
        bits = [values[source] ^ flip for source, flip in zip(self.sources, self.inverted, strict=True)]
        total: AnyArray = np.stack(bits).sum(axis=0) // 2
        return total


Node = Total | Parity | Majority


@dataclass(frozen=True)
class MatrixPlan:
    """Sources 0 to inputs - 1 are the inputs, plain words of range `word`; source inputs + i is nodes[i].

    Nodes come after their sources. Output m is outputs[m]. `evaluate` is what a circuit of the plan computes.
    """

    inputs: int
    word: IntRange
    nodes: tuple[Node, ...]
    outputs: tuple[Total, ...]

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """For each source, how many nodes follow each other on the longest way to it."""
        depths = [0] * self.inputs
        for node in self.nodes:
            depths.append(1 + max((depths[source] for source in node.sources), default=0))
        return tuple(depths)

    @property
    def depth(self) -> int:
        """Sums on the longest way to an output."""
        ends = (source for total in self.outputs for source in total.sources)
        return 1 + max((self.depths[source] for source in ends), default=0)

    @property
    def result(self) -> IntRange:
        """The hull of the outputs' ranges."""
        ranges = [total.range for total in self.outputs]
        return IntRange(min(r.lo for r in ranges), max(r.hi for r in ranges))

    def range_of(self, source: int) -> IntRange:
        return self.word if source < self.inputs else self.nodes[source - self.inputs].range

    def evaluate(self, x: IntArray) -> IntArray:
        """Words (..., K) to outputs (..., M)."""
        values: list[AnyArray] = list(np.moveaxis(x, -1, 0))
        for node in self.nodes:
            values.append(node.evaluate(values))
        rows = [np.broadcast_to(total.evaluate(values), x.shape[:-1]) for total in self.outputs]
        result: IntArray = np.stack(rows, axis=-1)
        return result


def ranges_of(factors: IntArray, word: IntRange) -> list[IntRange]:
    """What sums of independent words reach; factors are (sums, K)."""
    plus, minus = np.maximum(factors, 0).sum(axis=1), np.minimum(factors, 0).sum(axis=1)
    ends = zip((plus * word.lo + minus * word.hi).tolist(), (plus * word.hi + minus * word.lo).tolist(), strict=True)
    return [IntRange(lo, hi) for lo, hi in ends]
