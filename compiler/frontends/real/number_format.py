"""Number formats of tensors: the name in a `RealType`, how numpy holds it, and what it can hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import AnyArray, RealType

NARROW = {"int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3)}
"""Integer formats that numpy does not have: their least and greatest value. They are held in (u)int8."""


def storage(dtype: str) -> np.dtype[Any]:
    """The numpy dtype that holds values of the format."""
    return np.dtype(dtype if dtype not in NARROW else "uint8" if dtype.startswith("u") else "int8")


def is_integer(dtype: str) -> bool:
    return np.issubdtype(storage(dtype), np.integer)


def integer_bounds(dtype: str) -> tuple[int, int]:
    """Least and greatest value of an integer format."""
    if dtype in NARROW:
        return NARROW[dtype]
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def common_dtype(*operands: RealType) -> str:
    """The one format of all operands. Raises ValueError if they differ: ONNX never converts silently."""
    names = list(dict.fromkeys(x.dtype for x in operands))
    if len(names) != 1:
        raise ValueError(f"operands have the types {' and '.join(names)}; insert a Cast")
    return names[0]


def number_dtype(*operands: RealType) -> str:
    """The one format of all operands. Raises ValueError if they differ or are bool."""
    dtype = common_dtype(*operands)
    if dtype == "bool":
        raise ValueError("operands are bool; insert a Cast")
    return dtype


def float_dtype(*operands: RealType) -> str:
    """The one floating-point format of all operands. Raises ValueError if they differ or are none."""
    dtype = common_dtype(*operands)
    if not np.issubdtype(storage(dtype), np.floating):
        raise ValueError(f"operands are {dtype}; floating-point numbers are needed")
    return dtype


def broadcast(*operands: RealType) -> tuple[int, ...]:
    """Shape of an element-wise result, by numpy's rule. Raises ValueError if the operands do not fit."""
    try:
        return np.broadcast_shapes(*(x.shape for x in operands))
    except ValueError:
        raise ValueError(f"shapes {' and '.join(str(x.shape) for x in operands)} do not broadcast") from None


def positive_axis(axis: int, rank: int) -> int:
    """The axis counted from the front. Raises ValueError if there is no such axis."""
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} does not exist in a tensor of {rank} axes")
    return axis % rank


def per_channel(constant: AnyArray, axis: int, rank: int) -> AnyArray:
    """A scalar as it is, a vector shaped to lie along `axis` of a tensor of that rank."""
    if constant.ndim != 1 or constant.size == 1:
        return constant.reshape(()) if constant.size == 1 else constant
    return constant.reshape(tuple(-1 if i == axis % rank else 1 for i in range(rank)))
