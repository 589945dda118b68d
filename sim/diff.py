"""Where two executors first part: the first value of the graph, and the first element of it, that differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mulfree.ir import AnyArray, CompileError, Location


@dataclass(frozen=True, slots=True)
class Difference:
    """The first element, in the order of the graph and then of the array (sample first), that is not equal."""

    value: str
    index: tuple[int, ...]
    left: int | float
    right: int | float
    unequal: int
    """How many elements of the value differ."""
    elements: int
    location: Location | None

    def __str__(self) -> str:
        place = f" ({self.location})" if self.location else ""
        at = ", ".join(map(str, self.index[1:]))
        return (
            f"'{self.value}'{place}: sample {self.index[0]}, element [{at}] is {self.left} on the left and "
            f"{self.right} on the right; {self.unequal} of {self.elements} elements differ"
        )

    def within(self, start: int, length: int, samples: int) -> Difference:
        """The same, found in the `length` samples from `start` of a batch of `samples`."""
        index = (self.index[0] + start, *self.index[1:])
        return replace(self, index=index, elements=self.elements // length * samples)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"location": str(self.location) if self.location else None}


def first_difference(
    order: Iterable[tuple[str, Location | None]],
    left: Mapping[str, AnyArray],
    right: Mapping[str, AnyArray],
    tolerance: float = 0.0,
) -> Difference | None:
    """Compare, in the given order, every value that both sides have; None if all are equal.

    With a tolerance, elements are equal up to that part of the largest magnitude in the value: float32 sums of the
    same terms in another order differ by such an amount.

    Raises CompileError if the sides have no value in common, since that would prove nothing.
    """
    common = [(name, place) for name, place in order if name in left and name in right]
    if not common:
        raise CompileError("the two executors have no value in common to compare")
    for name, place in common:
        difference = _compare(name, place, left[name], right[name], tolerance)
        if difference:
            return difference
    return None


def _compare(name: str, place: Location | None, left: AnyArray, right: AnyArray, tolerance: float) -> Difference | None:
    if left.shape != right.shape:
        raise CompileError(f"'{name}' has shape {left.shape} on the left and {right.shape} on the right", place)
    unequal = np.asarray(left != right)
    if tolerance and unequal.any():
        unequal &= ~_is_close(left, right, tolerance)
    if not unequal.any():
        return None
    index = tuple(int(i) for i in np.argwhere(unequal)[0])
    return Difference(
        name, index, left[index].item(), right[index].item(), int(unequal.sum()), int(unequal.size), place
    )


def _is_close(left: AnyArray, right: AnyArray, tolerance: float) -> AnyArray:
    a, b = left.astype(np.float64), right.astype(np.float64)
    return np.asarray(np.abs(a - b) <= tolerance * max(np.abs(a).max(), np.abs(b).max()))
