"""The Pareto front: what nothing else beats."""

from __future__ import annotations

from collections.abc import Sequence

Vector = tuple[float, ...]
"""What is better is less, in every place."""


def front(vectors: Sequence[Vector]) -> list[int]:
    """Where the vectors stand that no other dominates, in ascending order of the vectors; of equal ones the first.

    One dominates another if it is at most as large in every place and smaller in one.
    """
    kept: list[int] = []
    # What dominates a vector comes before it in this order, or is dominated by one that does and is kept.
    for index in sorted(range(len(vectors)), key=lambda i: vectors[i]):
        if not any(_covers(vectors[k], vectors[index]) for k in kept):
            kept.append(index)
    return kept


def _covers(a: Vector, b: Vector) -> bool:
    """Whether a is at most as large as b in every place."""
    return all(x <= y for x, y in zip(a, b, strict=True))
