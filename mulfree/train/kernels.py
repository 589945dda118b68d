"""Reductions that PyTorch has no operator for, over rows, without an array of all terms.

numba does them on the CPU; elsewhere, and for other types than float32 and float64, operators of PyTorch do, in pieces.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

PIECE = 1 << 24
"""Terms that one piece of a broadcast may hold."""

_ARITHMETIC = {"nnan", "nsz", "reassoc", "contract"}
"""What the compiler may assume: no NaN, any order of sums. Infinities stay: they stand for absent entries."""

Floats = NDArray[np.float32] | NDArray[np.float64]


def sum_of_mins(x: Tensor, w: Tensor) -> Tensor:
    """y[r, m] = sum_k sgn(x[r, k] w[m, k]) min(|x[r, k]|, |w[m, k]|), for x (R, K) and w (M, K).

    mins(a, b) = (|a + b| - |a - b|) / 2, exact in floating point wherever a + b, a - b and the sums are.
    """
    if _is_for_numba(x):
        y = x.new_empty(len(x), len(w))
        _sum_of_mins(_array(x), _array(w), _array(y))
        return y
    return (torch.cdist(x, -w, p=1.0) - torch.cdist(x, w, p=1.0)) / 2


def max_plus(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    """y[r, m] = max_k (x[r, k] + w[m, k]) and the least k that attains it, for x (R, K) and w (M, K).

    An entry of -inf in w is absent; each row of w needs one that is not.
    """
    if _is_for_numba(x):
        y, chosen = x.new_empty(len(x), len(w)), x.new_empty(len(x), len(w), dtype=torch.int64)
        _max_plus(_array(x), _array(w.T), _array(y), chosen.numpy())
        return y, chosen
    rows = max(1, PIECE // w.numel())
    best = [torch.max(part[:, None] + w, dim=2) for part in x.split(rows)]
    return torch.cat([b.values for b in best]), torch.cat([b.indices for b in best])


def _is_for_numba(x: Tensor) -> bool:
    return x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)


def _array(x: Tensor) -> Floats:
    array: Floats = x.detach().contiguous().numpy()
    return array


@njit(cache=True, nogil=True, fastmath=_ARITHMETIC)
def _sum_of_mins(x: Floats, w: Floats, y: Floats) -> None:
    for r in range(x.shape[0]):
        for m in range(w.shape[0]):
            total = x.dtype.type(0)
            for k in range(x.shape[1]):
                total += abs(w[m, k] + x[r, k]) - abs(w[m, k] - x[r, k])
            y[r, m] = total / 2


@njit(cache=True, nogil=True, fastmath=_ARITHMETIC)
def _max_plus(x: Floats, w: Floats, y: Floats, chosen: NDArray[np.int64]) -> None:
    """w is (K, M) here, so that the innermost loop runs over outputs, which do not depend on each other."""
    for r in range(x.shape[0]):
        best, index = y[r], chosen[r]
        best[:] = -np.inf
        index[:] = 0
        for k in range(x.shape[1]):
            for m in range(w.shape[1]):
                value = x[r, k] + w[k, m]
                if value > best[m]:
                    best[m] = value
                    index[m] = k
