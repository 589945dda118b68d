"""The inner loops of growing logic trees: lazy evaluation, the update of the unit responsible, what splits ask for."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mulfree.ir.forest import END, MAX

Floats = NDArray[np.float32]


class Vector(Protocol):
    """An array of numbers, as compiled code sees it."""

    def __getitem__(self, index: int, /) -> float: ...
    def __setitem__(self, index: int, value: float, /) -> None: ...
    def __len__(self) -> int: ...


class Table(Protocol):
    """Rows of numbers, as compiled code sees them."""

    def __getitem__(self, row: int, /) -> Vector: ...
    def __len__(self) -> int: ...


class Places(Protocol):
    """An array of int64, as compiled code sees it."""

    def __getitem__(self, index: int, /) -> int: ...
    def __setitem__(self, index: int, value: int, /) -> None: ...
    def __len__(self) -> int: ...


_ARITHMETIC = {"nsz", "reassoc", "contract", "arcp"}
"""What the compiler may assume of sums and quotients; infinities stay: they are the bounds of a whole tree."""


class Units(NamedTuple):
    """Linear units w x + b with the statistics of the points that they answer for; as many rows as may ever be."""

    weights: Table
    biases: Vector
    centres: Table
    variances: Table
    means: Vector
    """Of the targets."""


class Walk(NamedTuple):
    """A tree by its leaves, as in `mulfree.ir.forest.Forest`, and room for the bounds on the way."""

    leaves: Places
    kinds: Places
    turns: Places
    lasts: Places
    lower: Vector
    upper: Vector
    lower_unit: Places
    upper_unit: Places


class Rates(NamedTuple):
    """How far one point moves its unit: r / (2 n + 1) for the weights and centres, and the rate of the variances."""

    unit: Any
    variance: Any
    least_variance: Any


class Fit(NamedTuple):
    """Per unit: points that it answers for, the sum of their squared errors, and of their convexity."""

    points: Vector
    squares: Vector
    convexity: Vector


@njit(cache=True, nogil=True, fastmath=_ARITHMETIC)
def dot(w: Vector, x: Vector) -> float:
    total: Any = np.float32(0)
    for k in range(len(x)):
        total += w[k] * x[k]
    return total


@njit(cache=True, nogil=True)
def evaluate(x: Vector, units: Units, walk: Walk) -> tuple[float, int, int]:
    """The tree's value, the unit responsible for it, and how many units were evaluated.

    Alpha-beta with bounds known from the left: a right tree is evaluated only if it can change the result. Values are
    kept within the bounds, which changes neither the result nor what is visited. Ties go right.
    """
    walk.lower[0], walk.upper[0] = -np.inf, np.inf
    leaf, place, visits = 0, 0, 0
    while True:
        unit = walk.leaves[leaf]
        value = dot(units.weights[unit], x) + units.biases[unit]
        visits += 1
        if value < walk.lower[place]:
            value, unit = walk.lower[place], walk.lower_unit[place]
        elif value > walk.upper[place]:
            value, unit = walk.upper[place], walk.upper_unit[place]
        node = leaf
        while walk.kinds[node] != END and is_cut(value, walk, node):
            node = walk.lasts[node]
        if walk.kinds[node] == END:
            return value, unit, visits
        place = walk.turns[node] + 1
        turn_right(value, unit, walk, node)
        leaf = node + 1


@njit(cache=True, nogil=True)
def is_cut(value: float, walk: Walk, node: int) -> bool:
    """Whether the left tree's value decides the node."""
    turns = walk.turns[node]
    if walk.kinds[node] == MAX:
        return value >= walk.upper[turns]
    return value <= walk.lower[turns]


@njit(cache=True, nogil=True)
def turn_right(value: float, unit: int, walk: Walk, node: int) -> None:
    """Bounds of the node's right tree: those of the node, and the left tree's value."""
    turns = walk.turns[node]
    walk.lower[turns + 1], walk.lower_unit[turns + 1] = walk.lower[turns], walk.lower_unit[turns]
    walk.upper[turns + 1], walk.upper_unit[turns + 1] = walk.upper[turns], walk.upper_unit[turns]
    if walk.kinds[node] == MAX:
        if value > walk.lower[turns]:
            walk.lower[turns + 1], walk.lower_unit[turns + 1] = value, unit
    elif value < walk.upper[turns]:
        walk.upper[turns + 1], walk.upper_unit[turns + 1] = value, unit


@njit(cache=True, nogil=True, fastmath=_ARITHMETIC)
def update(x: Vector, step: float, units: Units, unit: int, rates: Rates) -> float:
    """Turn a unit by `step` along (x - c) / d, move its centre; the new w c."""
    w, c, d = units.weights[unit], units.centres[unit], units.variances[unit]
    total: Any = np.float32(0)
    for k in range(len(x)):
        z = x[k] - c[k]
        d[k] = max(d[k] + (z * z - d[k]) * rates.variance, rates.least_variance)
        w[k] -= step * z / d[k]
        c[k] += z * rates.unit
        total += w[k] * c[k]
    return total


@njit(cache=True, nogil=True)
def train(x: Table, y: Vector, order: Places, units: Units, walk: Walk, rates: Rates) -> float:
    """One pass over the points in that order; the mean squared error on the way."""
    squares = 0.0
    for j in range(len(order)):
        i = order[j]
        value, unit, _ = evaluate(x[i], units, walk)
        error: Any = np.float32(value - y[i])
        squares += error * error
        through = update(x[i], error * rates.unit, units, unit, rates)
        units.means[unit] += (y[i] - units.means[unit]) * rates.unit
        units.biases[unit] = units.means[unit] - through
    return squares / len(order)


@njit(cache=True, nogil=True)
def measure(x: Table, y: Vector, units: Units, walk: Walk, fit: Fit) -> int:
    """Adds up how well each unit fits the points that it answers for; returns how many units were evaluated."""
    total = 0
    for i in range(len(y)):
        value, unit, visits = evaluate(x[i], units, walk)
        error = value - y[i]
        fit.points[unit] += 1
        fit.squares[unit] += error * error
        fit.convexity[unit] += error * spread(x[i], units.centres[unit], units.variances[unit])
        total += visits
    return total


@njit(cache=True, nogil=True, fastmath=_ARITHMETIC)
def spread(x: Vector, c: Vector, d: Vector) -> float:
    """How much nearer to the centre than usual a point is: the sum of d - (x - c)^2."""
    total: Any = np.float32(0)
    for k in range(len(x)):
        z = x[k] - c[k]
        total += d[k] - z * z
    return total
