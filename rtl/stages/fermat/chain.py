"""A chain of stages that grows at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mulfree.ir import IntArray, Location, TensorType, Value
from mulfree.ir.diminished_one import DiminishedOne
from mulfree.ir.fermat import FermatTransform
from mulfree.rtl.design import Stage, Stream


@dataclass(slots=True)
class Chain:
    """Stages so far, of one transform; each is called <name>_<part>, the last one <name>."""

    name: str
    transform: FermatTransform
    location: Location | None
    style: str
    """Of memories, as in `Memory`."""
    stages: list[Stage] = field(default_factory=list[Stage])

    @property
    def ring(self) -> DiminishedOne:
        return DiminishedOne(self.transform.ring.bits)

    @property
    def stream(self) -> Stream:
        """What leaves the last stage."""
        return self.stages[-1].outputs[0]

    def named(self, part: str) -> str:
        return f"{self.name}_{part}" if part else self.name

    def value(self, part: str, shape: tuple[int, ...]) -> Value[TensorType]:
        """Words that a stage gives."""
        return Value(self.named(part), TensorType(shape, self.ring.codes))

    def add(self, make: Callable[..., Stage], part: str, *operands: object, **options: object) -> None:
        self.stages.append(make(self.named(part), *operands, location=self.location, **options))

    def rename(self, part: str, value: Value[TensorType], order: IntArray) -> None:
        """What leaves the last stage is `value` in that order."""
        name = self.named(part)
        out = Stream(name, value, order, self.stream.lanes, value.type)
        self.stages[-1] = replace(self.stages[-1], name=name, outputs=(out,))
