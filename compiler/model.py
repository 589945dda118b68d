"""A model in two parts: an integer graph for the hardware, and what the host does before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np

from mulfree.ir import AnyArray, CompileError, Graph, IntArray, Location, TensorType
from mulfree.sim.reference import run_graph


@dataclass(frozen=True)
class InputFormat:
    """What the user says of a float input: every element is scale * k with an integer k in lo..hi."""

    lo: int
    hi: int
    scale: Fraction | int | float = 1

    @classmethod
    def parse(cls, text: str) -> InputFormat:
        """`uint8`, `int4`, `uint8/255`: a type of that many bits, optionally divided by an integer.

        Raises CompileError for any other text.
        """
        name, _, divisor = text.partition("/")
        signed, bits = not name.startswith("u"), name.removeprefix("u").removeprefix("int")
        numbers = bits.isdecimal() and (divisor or "1").isdecimal() and int(bits) * int(divisor or 1) > 0
        if not (name.removeprefix("u").startswith("int") and numbers):
            raise CompileError(f"'{text}' is no input format; write for example uint8, int4 or uint8/255")
        half = 2 ** (int(bits) - 1)
        lo, hi = (-half, half - 1) if signed else (0, 2 * half - 1)
        return cls(lo, hi, Fraction(1, int(divisor or 1)))


class HostFunction(Protocol):
    """A function from arrays to arrays, batch first; it has no state."""

    def __call__(self, array: AnyArray, /) -> AnyArray: ...


@dataclass(frozen=True)
class InputPort:
    """An input of the integer graph: which ONNX input it is made of, and how.

    `shape` and `dtype` are those of the ONNX input `name`, batch axis first; `value` is the graph's name for it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    value: str
    prologue: HostFunction

    def to_integers(self, array: AnyArray) -> IntArray:
        """(batch, ...) as the ONNX model takes it to the integers (batch, *sample) of the graph, for any batch.

        Raises CompileError if shape or type are not those of the input, or values are not what was declared.
        """
        if array.shape[1:] != self.shape[1:] or array.ndim != len(self.shape):
            raise CompileError(f"input '{self.name}' has shape (batch, {str(self.shape[1:])[1:]}, not {array.shape}")
        if array.dtype.name != self.dtype:
            raise CompileError(f"input '{self.name}' is {self.dtype}, not {array.dtype.name}; convert it")
        return self.prologue(array)


@dataclass(frozen=True)
class Probe:
    """A tensor of the ONNX model that is computed, element by element, from one `value` of the integer graph.

    `shape` and `dtype` are those of the ONNX tensor `name`, batch axis first; `location` is the node that makes it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    value: str
    epilogue: HostFunction
    location: Location | None = None

    def from_integers(self, integers: IntArray) -> AnyArray:
        """(batch, *sample) integers of the graph to (batch, ...) as the ONNX model gives it, for any batch."""
        return self.epilogue(integers).reshape(len(integers), *self.shape[1:])


@dataclass(frozen=True)
class OutputPort(Probe):
    """An output of the ONNX model, made of an output of the integer graph."""


@dataclass(frozen=True, eq=False)
class QuantisedModel:
    """What streamlining gives: one InputPort per graph input and one OutputPort per graph output, in their order.

    `notes` says, for the report, what was changed or decided on the way; `probes` are the tensors of the ONNX model,
    in its order, that integers inside the graph stand for.
    """

    graph: Graph[TensorType]
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    notes: list[str] = field(default_factory=list[str])
    probes: tuple[Probe, ...] = ()

    def to_integers(self, arrays: Mapping[str, AnyArray]) -> dict[str, IntArray]:
        """Arrays by ONNX input name to integers by graph input name. Raises CompileError if one is missing."""
        names = {port.name for port in self.inputs}
        if names != set(arrays):
            raise CompileError(f"the model takes the inputs {sorted(names)}, not {sorted(arrays)}")
        return {port.value: port.to_integers(np.asarray(arrays[port.name])) for port in self.inputs}

    def from_integers(self, integers: Mapping[str, IntArray]) -> dict[str, AnyArray]:
        """Integers by graph output name to arrays by ONNX output name."""
        return {port.name: port.from_integers(integers[port.value]) for port in self.outputs}

    def run(self, arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """ONNX inputs to ONNX outputs, through the definitions of the integer operators."""
        return self.from_integers(run_graph(self.graph, self.to_integers(arrays)))
