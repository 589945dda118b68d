"""Rounding modes of QONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mulfree.ir import AnyArray


def _away(x: AnyArray) -> Any:
    return np.sign(x) * np.ceil(np.abs(x))


def _half_away(x: AnyArray) -> Any:
    return np.sign(x) * np.floor(np.abs(x) + x.dtype.type(0.5))


def _half_towards(x: AnyArray) -> Any:
    return np.sign(x) * np.ceil(np.abs(x) - x.dtype.type(0.5))


ROUNDING: Mapping[str, Callable[[AnyArray], Any]] = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": _away,
    "DOWN": np.trunc,
    "HALF_UP": _half_away,
    "HALF_DOWN": _half_towards,
}
"""Mode to function; UP and HALF_UP go away from zero, DOWN and HALF_DOWN towards it, on both sides alike."""
