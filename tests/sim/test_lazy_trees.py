"""Lazy evaluation of trees against full evaluation, and against the recursion that defines it."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from mulfree.compiler.families.logic_trees.operator import evaluated
from mulfree.ir import IntArray
from mulfree.ir.forest import MAX, MIN, Forest
from mulfree.sim.lazy_trees import walked

Codes = tuple[int, ...]


def random_tree(random: np.random.Generator, leaves: int, first: int = 0) -> Codes:
    """A tree of any shape whose leaves are elements from `first` on."""
    if leaves == 1:
        return (first,)
    left = int(random.integers(1, leaves))
    kind = int(random.choice([MAX, MIN]))
    return (kind, *random_tree(random, left, first), *random_tree(random, leaves - left, first + left))


def recursive(codes: list[int], x: IntArray, known_max: float, known_min: float, visited: list[int]) -> float:
    """Fail-soft alpha-beta as it is written down: takes the codes of one tree off the list."""
    code = codes.pop(0)
    if code >= 0:
        visited.append(code)
        return float(x[code])
    v = recursive(codes, x, known_max, known_min, visited)
    if (code == MAX and v >= known_min) or (code == MIN and v <= known_max):
        skipped(codes)
        return v
    if code == MAX:
        return max(v, recursive(codes, x, max(known_max, v), known_min, visited))
    return min(v, recursive(codes, x, known_max, min(known_min, v), visited))


def skipped(codes: list[int]) -> None:
    if codes.pop(0) < 0:
        skipped(codes)
        skipped(codes)


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_the_walk_visits_what_the_recursion_visits(levels: int) -> None:
    """Few levels make many ties."""
    random = np.random.default_rng(levels)
    for _ in range(300):
        leaves = int(random.integers(1, 24))
        codes = random_tree(random, leaves)
        x = random.integers(0, levels, (3, leaves))
        found = walked(x, Forest.of(codes))
        for row, value, visits in zip(x, found.values[:, 0], found.visits[:, 0], strict=True):
            visited: list[int] = []
            assert recursive(list(codes), row, -inf, inf, visited) == value
            assert len(visited) == visits


def lazy_is_full(trees: int, seed: int) -> float:
    """Trees of any shape and size, a sample each; the share of units that is visited."""
    random, visits, units = np.random.default_rng(seed), 0, 0
    while trees:
        count = min(trees, 500)
        sizes = random.integers(1, 40, count)
        starts = np.cumsum([0, *sizes])
        codes = [
            c for size, start in zip(sizes, starts, strict=False) for c in random_tree(random, int(size), int(start))
        ]
        x = random.integers(-50, 51, (1, int(starts[-1])))
        forest = Forest.of(codes)
        found = walked(x, forest)
        np.testing.assert_array_equal(found.values, evaluated(forest, x))
        visits, units, trees = visits + int(found.visits.sum()), units + int(starts[-1]), trees - count
    return visits / units


def test_lazy_evaluation_is_full_evaluation() -> None:
    assert lazy_is_full(5_000, seed=1) < 0.8


@pytest.mark.nightly
def test_lazy_evaluation_is_full_evaluation_on_many_trees() -> None:
    assert lazy_is_full(200_000, seed=2) < 0.8


def test_a_node_is_looked_at_for_every_unit_and_every_decision() -> None:
    forest = Forest.of([MAX, 0, MIN, 1, MIN, 2, 3])
    found = walked(np.array([[5, 4, 9, 9], [5, 6, 7, 8]]), forest)
    assert found.values[:, 0].tolist() == [5, 6]
    # 4 <= 5 decides both minima: the node behind leaf 1, then the end of the tree.
    assert found.visits[:, 0].tolist() == [2, 4]
    assert found.looks[:, 0].tolist() == [3, 4]
