"""The order in which a stream sends the elements of a tensor."""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray
from mulfree.rtl.stages.constants import raster_order


def is_raster(order: IntArray, shape: tuple[int, ...]) -> bool:
    return bool(np.array_equal(order, raster_order(shape)))


def transposed(order: IntArray, shape: tuple[int, ...], permutation: tuple[int, ...]) -> IntArray:
    """The same elements sent at the same time, named by their place in the transposed tensor."""
    old_of_new = np.arange(order.size).reshape(shape).transpose(permutation).ravel()
    return np.argsort(old_of_new)[order]
