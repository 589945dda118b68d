"""The integer graph under construction, with the ports, the notes and the nodes that did not fit."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mulfree.compiler.model import HostFunction, InputPort
from mulfree.compiler.streamline.deferred import Deferred, IntValue, Unsupported
from mulfree.compiler.streamline.parameter import Parameter
from mulfree.ir import AnyArray, Graph, IntOp, IntRange, Location, Node, RealType, Tensor, TensorType
from mulfree.ir.ops import Affine, Clamp, Threshold, Transpose

WIDE_MULTIPLIER = 2**16
MAX_WIDTH = 128
"""Bits of an integer beyond which a network counts as not quantised."""


@dataclass(eq=False)
class Builder:
    """Appends integer operators; `location` is the node at work."""

    graph: Graph[TensorType]
    real_inputs: dict[str, RealType]
    location: Location | None = None
    ports: list[InputPort] = field(default_factory=list[InputPort])
    notes: list[str] = field(default_factory=list[str])
    shifts: dict[IntValue, tuple[IntValue, int]] = field(default_factory=dict[IntValue, tuple[IntValue, int]])
    """x: (y, k) where y = x + k was computed in the place of x."""
    _done: dict[tuple[str, int, int], tuple[Deferred, Deferred]] = field(default_factory=dict[Any, Any])
    _names: set[str] = field(default_factory=set[str])
    _producers: dict[IntValue, Node[TensorType]] = field(default_factory=dict[IntValue, Node[TensorType]])

    def add(self, op: IntOp, *operands: IntValue, name: str = "", location: Location | None = None) -> IntValue:
        """Append a node under that name, or one made from it. Raises Unsupported if its integers get too wide."""
        stem = name or f"{operands[0].name}.{op.name}"
        width = op.infer(*(v.type for v in operands)).range.width
        if width > MAX_WIDTH:
            raise Unsupported(
                f"exact integers would need {width} bits here, because scales on the way have no simple ratio",
                "quantise the activations before it",
            )
        value = self.graph.add(op, *operands, location=location or self.location, name=self._fresh(stem))
        self._producers[value] = self.graph.nodes[-1]
        return value

    def add_input(self, name: str, type: TensorType, prologue: HostFunction) -> IntValue:
        """A graph input made of the ONNX input `name`."""
        value = self.graph.add_input(self._fresh(name), type)
        real = self.real_inputs[name]
        self.ports.append(InputPort(name, real.shape, real.dtype, value.name, prologue))
        return value

    @contextmanager
    def at(self, value: IntValue) -> Generator[None]:
        """What is appended meanwhile belongs to the node that the value came from."""
        now, maker = self.location, self.producer(value)
        self.location = maker.location if maker else now
        try:
            yield
        finally:
            self.location = now

    def once(self, what: str, x: Deferred, compute: Callable[[], Deferred]) -> Deferred:
        """The result of doing `what` to x, computed for the first of its readers only."""
        key = (what, id(x.base), id(x.expression))
        if key not in self._done:
            self._done[key] = (compute(), x)  # x is kept, so that its identity is not taken again
        return self._done[key][0]

    def done(self, what: str, x: Deferred) -> Deferred | None:
        """What `once` computed for x, if it did."""
        found = self._done.get((what, id(x.base), id(x.expression)))
        return found[0] if found else None

    def producer(self, value: IntValue) -> Node[TensorType] | None:
        return self._producers.get(value)

    def affine(self, x: IntValue, multiplier: Parameter, offset: Parameter) -> IntValue:
        """multiplier * x + offset, per channel: nothing where that is x, folded into a Threshold where it is a shift.

        Raises Unsupported if the constants differ within a channel.
        """
        if multiplier.used == [1] and offset.used == [0]:
            return x
        producer = self.producer(x)
        if multiplier.used == [1] and offset.is_uniform and producer and isinstance(producer.op, Threshold):
            by = int(offset.value)
            op, location = _shifted(producer.op, by), producer.location
            self.shifts[x] = (self.add(op, *producer.inputs, name=f"{x.name}.shifted", location=location), by)
            return self.shifts[x][0]
        self._note_multiplier(max(abs(int(v)) for v in multiplier.used))
        axis = channel_axis(multiplier, offset)
        permutation = to_front(axis, len(x.type.shape))
        m, b = (Tensor(channel_values(p, axis)) for p in (multiplier, offset))
        return self.permuted(x, permutation, lambda front: self.add(Affine(m, b), front))

    def clamp(self, x: IntValue, lo: int, hi: int, name: str = "") -> IntValue:
        """min(max(x, lo), hi); nothing where no value is out of it."""
        if lo <= x.type.range.lo and x.type.range.hi <= hi:
            return x
        return self.add(Clamp(lo, hi), x, name=name)

    def permuted(self, x: IntValue, permutation: tuple[int, ...], apply: Callable[[IntValue], IntValue]) -> IntValue:
        """`apply` on x with its axes permuted, and the axes put back afterwards."""
        if permutation == tuple(range(len(permutation))):
            return apply(x)
        y = apply(self.add(Transpose(permutation), x))
        return self.add(Transpose(tuple(int(i) for i in np.argsort(permutation))), y)

    def note(self, text: str) -> None:
        where = f"{self.location.node}: " if self.location else ""
        self.notes.append(f"{where}{text}")

    def _note_multiplier(self, peak: int) -> None:
        if peak > WIDE_MULTIPLIER:
            self.note(
                f"scales without a simple ratio need constants of {peak.bit_length()} bits; equal scales, or scales "
                "that are powers of two apart, would need none"
            )

    def _fresh(self, stem: str) -> str:
        name, number = stem, 1
        while name in self._names:
            number += 1
            name = f"{stem}.{number}"
        self._names.add(name)
        return name


def channel_axis(*parameters: Parameter) -> int:
    """The one axis along which the parameters differ (0 if none). Raises Unsupported if there are more."""
    axes = {axis for p in parameters for axis in p.axes}
    if len(axes) > 1:
        raise Unsupported(
            f"its constants differ along {len(axes)} axes of the map, and hardware has one set for each channel",
            "use one constant for the whole tensor or one for each channel",
        )
    return axes.pop() if axes else 0


def channel_values(parameter: Parameter, axis: int) -> AnyArray:
    """The values along that axis; a single one if they are equal."""
    index = np.atleast_1d(parameter.index)
    return parameter.table[np.moveaxis(index, axis, 0).ravel() if not parameter.is_uniform else index.ravel()]


def to_front(axis: int, rank: int) -> tuple[int, ...]:
    """The permutation that brings the axis to the front."""
    return (axis, *(i for i in range(rank) if i != axis))


def _shifted(op: Threshold, by: int) -> Threshold:
    levels = IntRange(op.levels.lo + by, op.levels.hi + by, op.levels.step)
    return replace(op, base=Tensor(op.base.array + by), levels=levels)
