"""Constant integer tensors that can be an operator's attribute: immutable, hashable, exact."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from mulfree.ir.op import AnyArray
from mulfree.ir.types import INT64_MAX, IntArray, IntRange


@dataclass(frozen=True, eq=False)
class Tensor:
    """A constant array of integers (weights, thresholds); equality is by shape and value."""

    array: IntArray

    def __post_init__(self) -> None:
        array = _exact(np.asarray(self.array))
        array.setflags(write=False)
        object.__setattr__(self, "array", array)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @cached_property
    def range(self) -> IntRange:
        """The tightest range of the elements."""
        return IntRange.spanning(np.unique(self.array).tolist())

    @cached_property
    def digest(self) -> str:
        """A short fingerprint of shape and values."""
        text = f"{self.shape}" if self.array.dtype != object else f"{self.shape}{self.array.tolist()}"
        data = b"" if self.array.dtype == object else self.array.tobytes()
        return blake2b(text.encode() + data, digest_size=8).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tensor) and self.shape == other.shape and bool((self.array == other.array).all())

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Tensor({'x'.join(map(str, self.shape)) or 'scalar'} {self.digest})"


def _exact(array: AnyArray) -> IntArray:
    """int64 where it holds every element, else Python ints; always a copy of our own, in C order."""
    if array.dtype == object or array.dtype == np.uint64:
        small = all(abs(int(v)) <= INT64_MAX for v in array.ravel())
        array = array.astype(np.int64 if small else object)
    assert np.issubdtype(array.dtype, np.integer) or array.dtype == object, f"{array.dtype} is not an integer type"
    return np.array(array, dtype=object if array.dtype == object else np.int64, order="C")
