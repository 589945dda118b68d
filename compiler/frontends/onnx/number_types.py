"""ONNX element types and the number formats they are imported as."""

from __future__ import annotations

from collections.abc import Mapping

ELEMENT_TYPES: Mapping[int, str] = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    21: "uint4",
    22: "int4",
    25: "uint2",
    26: "int2",
}
"""TensorProto.DataType to number format: those that can be imported."""

REFUSED_TYPES: Mapping[int, str] = {
    0: "undefined",
    8: "string",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8e4m3fn",
    18: "float8e4m3fnuz",
    19: "float8e5m2",
    20: "float8e5m2fnuz",
    23: "float4e2m1",
    24: "float8e8m0",
}
"""Names for the error message of those that cannot."""


def number_format(element_type: int) -> str:
    """The number format of an ONNX element type. Raises ValueError if it cannot be imported."""
    if element_type in ELEMENT_TYPES:
        return ELEMENT_TYPES[element_type]
    name = REFUSED_TYPES.get(element_type, f"number {element_type}")
    raise ValueError(f"the element type {name} cannot be imported; use {', '.join(ELEMENT_TYPES.values())}")
