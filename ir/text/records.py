"""Which dataclasses an operator's attributes may be made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from mulfree.ir.tensor import Tensor
from mulfree.ir.types import IntRange

BUILT_IN = (Tensor, IntRange)
"""Attribute types with a notation of their own."""


def attribute_records(operators: Iterable[type]) -> Mapping[str, type]:
    """The dataclasses named in the operators' fields, such as Window, by class name."""
    found: dict[str, type] = {}
    for operator in operators:
        for record in _records_of(operator):
            known = found.setdefault(record.__name__, record)
            assert known is record, f"two attribute classes are called {record.__name__}"
    return found


def _records_of(owner: Any) -> Iterator[type]:
    hints = get_type_hints(owner)
    for field in fields(owner):
        for part in _parts(hints[field.name]):
            if is_dataclass(part) and isinstance(part, type) and part not in BUILT_IN:
                yield part
                yield from _records_of(part)


def _parts(hint: object) -> Iterator[object]:
    """The hint, and what its brackets and unions hold."""
    yield hint
    for argument in get_args(hint):
        yield from _parts(argument)
