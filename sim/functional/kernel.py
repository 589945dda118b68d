"""Kernels: numba functions behind one machine-level signature, so that a plan is a table of addresses.

A kernel is `f(params, a, b, out, n)`: `params` points at int64 numbers fixed when the plan is made, `a`, `b` and `out`
at buffers of typed elements, `n` is how many samples to do. It is compiled (or fetched from numba's cache) when a plan
first needs it for these element types, never per network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype, njit, types
from numba.core import caching
from numba.core.ccallback import CFunc

from mulfree.sim.functional.vector import INDEX, intrinsic, pointer_to

_FunctionCache: Any = caching.FunctionCache


@dataclass(frozen=True, slots=True)
class Kernel:
    """A module-level function with the signature above."""

    function: Callable[..., None]

    def address(self, a: str, b: str, out: str) -> int:
        """Where its machine code for these numpy element types begins."""
        return int(_compiled(self.function, a, b, out).address)


@cache
def _compiled(function: Callable[..., None], a: str, b: str, out: str) -> Any:
    pointers = [pointer_to(from_dtype(np.dtype(name))) for name in ("int64", a, b, out)]
    code: Any = CFunc(function, ((*pointers, types.int64), types.void), {}, {"error_model": "numpy"})
    code._cache = _Cache(function)
    code.compile()
    return code


class _Cache(_FunctionCache):  # type: ignore[misc]
    """numba looks at a kernel's own file only; what emits its vector code belongs to the key too."""

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), _digest())


@cache
def _digest() -> str:
    """A fingerprint of this folder's modules."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return blake2b(b"".join(file.read_bytes() for file in files), digest_size=16).hexdigest()


@intrinsic
def _call(typing: Any, kernel: Any, params: Any, a: Any, b: Any, out: Any, n: Any) -> Any:
    """Call the machine code at address `kernel`."""

    def emit(context: Any, builder: Any, signature: Any, operands: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [INDEX] * 5)
        builder.call(builder.inttoptr(operands[0], kind.as_pointer()), operands[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), emit


@njit("void(int64[:, ::1], int64[::1], int64[::1], int64, int64, int64)", cache=True, nogil=True)
def execute(steps: Any, slots: Any, strides: Any, start: int, stop: int, tile: int) -> None:
    """Run the steps on samples start..stop, `tile` at a time, so that what passes between them stays in the cache.

    A row of `steps` is (kernel, params, slot of a, of b, of out); slot s lies at slots[s] + strides[s] * sample.
    """
    for first in range(start, stop, tile):
        n = min(tile, stop - first)
        for i in range(len(steps)):
            a, b, out = steps[i, 2], steps[i, 3], steps[i, 4]
            _call(
                steps[i, 0],
                steps[i, 1],
                slots[a] + strides[a] * first,
                slots[b] + strides[b] * first,
                slots[out] + strides[out] * first,
                n,
            )


@njit(cache=True)
def bind(slots: Any, strides: Any, slot: int, array: Any) -> None:
    """Let a slot be a contiguous array with the batch axis first."""
    slots[slot] = array.ctypes.data
    strides[slot] = array.strides[0]
