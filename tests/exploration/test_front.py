"""The Pareto front against its definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mulfree.exploration.front import Vector, front

COORDINATES = st.integers(0, 4).map(float)
VECTORS = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[COORDINATES] * n), max_size=24))


def dominates(a: Vector, b: Vector) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))


@given(VECTORS)
def test_the_front_is_what_no_other_vector_dominates(vectors: list[Vector]) -> None:
    expected = {v for v in vectors if not any(dominates(other, v) for other in vectors)}
    found = front(vectors)
    assert {vectors[i] for i in found} == expected
    assert len(found) == len(expected)


@given(VECTORS)
def test_of_equal_vectors_the_first_stays_and_smaller_ones_come_first(vectors: list[Vector]) -> None:
    found = front(vectors)
    assert all(vectors.index(vectors[i]) == i for i in found)
    assert [vectors[i] for i in found] == sorted(vectors[i] for i in found)
