"""What a model may ask for at most: larger requests are refused before anything is allocated."""

from __future__ import annotations

from math import prod

from mulfree.compiler.frontends.onnx.node import Unsupported

MAX_FILE_BYTES = 2**31 - 1
"""Protocol buffers end here; larger models keep their weights in external files."""

MAX_ELEMENTS = 2**27
"""Elements of one tensor (512 MiB of float32)."""

MAX_AXES = 16
"""Axes of one tensor."""

MAX_FOLDED_ELEMENTS = 2**28
"""Elements of all constants together: read from the file and computed from them."""

MAX_FOLDED_PRODUCTS = 2**36
"""Multiplications that one constant may take to compute (seconds)."""

MAX_NODES = 200_000
"""Nodes after all functions are expanded."""

MAX_NAME_CHARACTERS = 2**26
"""Length of all names together after all functions are expanded: each call makes its own."""

MAX_CALL_DEPTH = 64
"""Functions within functions."""


def check_size(shape: tuple[int, ...]) -> None:
    """Raises Unsupported if a tensor of that shape is too large to import."""
    if prod(shape) > MAX_ELEMENTS or len(shape) > MAX_AXES:
        raise Unsupported(
            f"a tensor of shape {shape} has more than {MAX_ELEMENTS} elements or {MAX_AXES} axes", "use smaller inputs"
        )
