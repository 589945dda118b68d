"""An ONNX node as the rules see it: plain Python, no protocol buffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from mulfree.compiler.frontends.real import Constant
from mulfree.ir import Location

Attribute = int | float | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...] | Constant
T = TypeVar("T")


class Unsupported(Exception):
    """A node, or a use of one, that cannot be compiled; the importer collects them all into one CompileError."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Refused:
    """An attribute that cannot be read, kept so that only a rule that asks for it fails."""

    why: str


@dataclass(frozen=True)
class OnnxNode:
    """Operator, operand and result names, and attributes; `version` is the opset of the domain.

    An operand or result that is left out has the empty name.
    """

    domain: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute | Refused]
    version: int
    location: Location
    references: Mapping[str, str] = field(default_factory=dict[str, str])
    """In a function body: attribute name to the function's own attribute that supplies it."""

    @property
    def key(self) -> tuple[str, str]:
        return self.domain, self.op_type

    @property
    def rule_key(self) -> tuple[str, str]:
        """The key without the overload, which tells bodies of one operator apart, not operators."""
        return self.domain, self.op_type.partition(":")[0]

    def integer(self, name: str, default: int | None = None) -> int:
        return int(self._get(name, int, default))

    def flag(self, name: str, default: bool | None = None) -> bool:
        return bool(self._get(name, int, default))

    def real(self, name: str, default: float | None = None) -> float:
        """A float32 attribute as the double that equals it."""
        return float(self._get(name, float, default))

    def text(self, name: str, default: str | None = None) -> str:
        return self._get(name, str, default)

    def integers(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        values = cast(tuple[object, ...], self._get(name, tuple, default))
        whole = tuple(v for v in values if isinstance(v, int))
        if len(whole) < len(values):
            raise Unsupported(f"attribute '{name}' is {values!r}, not integers", "correct the attribute")
        return whole

    def tensor(self, name: str) -> Constant:
        return self._get(name, Constant, None)

    def has(self, name: str) -> bool:
        return name in self.attributes

    def _get(self, name: str, type: type[T], default: T | None) -> T:
        value = self.attributes.get(name, default)
        if isinstance(value, Refused):
            raise Unsupported(f"attribute '{name}': {value.why}", "change the attribute in the exporter")
        if value is None:
            raise Unsupported(f"attribute '{name}' is missing", "write the attribute when exporting the model")
        if not isinstance(value, type):
            raise Unsupported(f"attribute '{name}' is {value!r}, not of type {type.__name__}", "correct the attribute")
        return value
