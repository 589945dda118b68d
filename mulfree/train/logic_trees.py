"""Growing logic trees (adaptive logic networks): linear units that split where they fit badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mulfree.compiler.families.logic_trees.operator import evaluated
from mulfree.ir import AnyArray
from mulfree.ir.forest import MAX, MIN, Forest
from mulfree.train.tree_kernels import Fit, Floats, Rates, Units, Walk, measure, train

Tables = list[NDArray[np.float32]]
"""The fields of `Units`."""
FIRST_VARIANCE = 1e-3
"""Of inputs that never change."""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How trees are grown.

    After each pass over the data but the last `settling` + 1 ones, units split that answer for `least_points` points or
    more with a root mean square error above `largest_error`. `rate` is r of the paper, which falls to `last_rate` in
    the settling passes; `variance_rate` that of the variances, never below `least_variance`.
    """

    passes: int = 16
    settling: int = 6
    rate: float = 0.4
    last_rate: float = 0.01
    variance_rate: float = 0.001
    least_variance: float = 0.003
    most_units: int = 100
    """Of one tree; where more want to split, those with the largest sums of squared errors do."""
    least_points: int = 75
    largest_error: float = 0.05

    def rate_of(self, turn: int) -> float:
        """r in pass `turn`, from 0."""
        settled = turn - (self.passes - self.settling) + 1
        return self.rate + (self.last_rate - self.rate) * max(settled, 0) / max(self.settling, 1)


@dataclass(frozen=True, eq=False)
class LogicTrees:
    """y[t] = tree t over weights @ x + biases. Unit i is leaf i of the trees, one tree after the other."""

    weights: Floats
    """(units, inputs)"""
    biases: Floats
    codes: tuple[int, ...]
    """As in `mulfree.ir.forest.Forest`."""
    moments: Floats
    """Of each input, the mean of its square over the data: what an error of its weights weighs."""

    @classmethod
    def fit(cls, x: AnyArray, y: AnyArray, growth: Growth | None = None, *, seed: int = 0) -> LogicTrees:
        """Trees for targets y (points, trees) of inputs x (points, inputs); one tree after the other.

        The same data, growth and seed give the same trees on the same machine. Classes are one tree each, with the
        target 1 for points of the class and 0 for others. Scale inputs to about 1: `Growth.least_variance` is theirs.
        """
        points, targets = (np.ascontiguousarray(array, np.float32) for array in (x, y))
        if points.ndim != 2 or targets.ndim != 2 or len(points) != len(targets) or not len(points):
            raise ValueError(f"inputs of shape {points.shape} do not go with targets of shape {targets.shape}")
        random = np.random.default_rng(seed)
        columns = (np.ascontiguousarray(targets[:, t]) for t in range(targets.shape[1]))
        grown = [_grow(points, column, growth or Growth(), random) for column in columns]
        return _joined(grown, (points**2).mean(axis=0))

    @property
    def forest(self) -> Forest:
        return Forest.of(self.codes)

    def predict(self, x: AnyArray) -> Floats:
        """(points, trees): every unit evaluated."""
        units = np.asarray(x, np.float32) @ self.weights.T + self.biases
        y: Floats = evaluated(self.forest, units)
        return y


@dataclass(eq=False)
class _Tree:
    """A tree while it grows: unit u is row u of the tables, and stands in the codes where it stands in the tree."""

    tables: Tables
    codes: list[int]
    count: int = 1

    def split(self, units: AnyArray, kinds: AnyArray) -> None:
        """Each unit becomes a node of its kind over itself and a copy of it."""
        pairs: dict[int, tuple[int, ...]] = {}
        for unit, kind in zip(units.tolist(), kinds.tolist(), strict=True):
            for rows in self.tables:
                rows[self.count] = rows[unit]
            pairs[unit] = (kind, unit, self.count)
            self.count += 1
        self.codes = [new for code in self.codes for new in pairs.get(code, (code,))]


def walk_of(codes: Sequence[int]) -> Walk:
    """One tree as its evaluation takes it."""
    forest = Forest.of(codes)
    room = len(forest.leaves) + 1
    bounds = (np.empty(room, np.float32), np.empty(room, np.float32))
    return Walk(forest.leaves, forest.kinds, forest.turns, forest.lasts, *bounds, *np.zeros((2, room), np.int64))


def _grow(x: Floats, y: Floats, growth: Growth, random: np.random.Generator) -> _Tree:
    tree = _planted(x, y, growth.most_units)
    for turn in range(growth.passes):
        unit_rate = growth.rate_of(turn) / (2 * x.shape[1] + 1)
        rates = Rates(np.float32(unit_rate), np.float32(growth.variance_rate), np.float32(growth.least_variance))
        train(x, y, random.permutation(len(x)), Units(*tree.tables), walk_of(tree.codes), rates)
        if turn < growth.passes - growth.settling - 1:
            tree.split(*_badly_fit(x, y, tree, growth))
    return tree


def _planted(x: Floats, y: Floats, room: int) -> _Tree:
    """One unit, which answers the mean."""
    inputs = x.shape[1]
    tables = [np.zeros(shape, np.float32) for shape in ((room, inputs), room, (room, inputs), (room, inputs), room)]
    _, biases, centres, variances, means = tables
    centres[0], variances[0] = x.mean(axis=0), np.maximum(x.var(axis=0), FIRST_VARIANCE)
    means[0] = biases[0] = y.mean()
    return _Tree(tables, [0])


def _badly_fit(x: Floats, y: Floats, tree: _Tree, growth: Growth) -> tuple[AnyArray, AnyArray]:
    """The units to split, worst first, and their kinds: MAX where the points bend upwards, MIN where downwards."""
    points, squares, convexity = np.zeros((3, growth.most_units))
    measure(x, y, Units(*tree.tables), walk_of(tree.codes), Fit(points, squares, convexity))
    error = np.sqrt(squares / np.maximum(points, 1))
    wanted = (points >= growth.least_points) & (error > growth.largest_error) & (convexity != 0)
    units = np.argsort(-squares, kind="stable")
    units = units[wanted[units]][: growth.most_units - tree.count]
    return units, np.where(convexity[units] > 0, MAX, MIN)


def _joined(trees: list[_Tree], moments: Floats) -> LogicTrees:
    """All trees with their units in the order of the leaves."""
    leaves = [Forest.of(tree.codes).leaves for tree in trees]
    weights, biases = (
        np.concatenate([tree.tables[table][rows] for tree, rows in zip(trees, leaves, strict=True)]) for table in (0, 1)
    )
    count, codes = 0, list[int]()
    for tree in trees:
        for code in tree.codes:
            codes.append(count if code >= 0 else code)
            count += code >= 0
    return LogicTrees(weights, biases, tuple(codes), moments)
