"""Machine code for numeric functions, kept on disk between processes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numba
import numba.extending

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
TablesT = TypeVar("TablesT", bound=tuple[Any, ...])


def jit(function: FunctionT) -> FunctionT:
    """`function`, compiled by numba when it is first called with arguments of a type; it runs without the GIL.

    Only functions of a module: numba finds its stored code by the place of the definition.
    """
    compiled = numba.njit(cache=True, nogil=True, forceinline=True)(function)
    stored = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if stored is not None:
        # numba looks only at the age of the function's own file, though constants and functions of others are
        # compiled into it: stored code is good while nothing in the folder has changed.
        stored._source_stamp = folder_stamp(Path(function.__code__.co_filename).parent)
    return cast(FunctionT, compiled)


@numba.extending.intrinsic
def _borrowed(_: Any, tables: Any) -> Any:
    """See `borrowed`."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        result = arguments[0]
        for index, array in enumerate(signature.args[0]):
            view = context.make_array(array)(context, builder, builder.extract_value(result, index))
            view.meminfo = context.get_constant_null(numba.types.voidptr)
            view.parent = context.get_constant_null(numba.types.pyobject)
            result = builder.insert_value(result, view._getvalue(), index)
        return result

    return tables(tables), build


class _Borrow(Protocol):
    def __call__(self, tables: TablesT, /) -> TablesT: ...


borrowed = cast(_Borrow, _borrowed)
"""The same named tuple of arrays without reference counts, for compiled code whose caller keeps the arrays alive.

Passing many arrays through small functions otherwise costs far more, in atomic counts, than what these do.
"""


@cache
def folder_stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time of change and size of each Python file in a folder."""
    files = ((path.name, path.stat()) for path in sorted(folder.glob("*.py")))
    return tuple((name, status.st_mtime_ns, status.st_size) for name, status in files)
