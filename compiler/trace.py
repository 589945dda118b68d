"""Everything that can compute a compiled model, side by side: where do two of them part?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mulfree.compiler.frontends.onnx import import_onnx
from mulfree.compiler.frontends.onnx.runtime import OnnxRuntime
from mulfree.compiler.model import QuantisedModel
from mulfree.ir import AnyArray, CompileError, Graph, Location, RealType, TensorType
from mulfree.sim.diff import Difference, first_difference
from mulfree.sim.reference import run_graph

if TYPE_CHECKING:
    from onnx import ModelProto

    from mulfree.sim.functional import FastNetwork

Feeds = Mapping[str, AnyArray]
Values = dict[str, AnyArray]
Order = list[tuple[str, Location | None]]

ON_INTEGERS = ("definition", "fast", "hardware-graph")
ON_FLOATS = ("onnx", "onnxruntime")
EXECUTORS = (*ON_INTEGERS, *ON_FLOATS)
CHUNK = 64
"""Samples whose values are held at a time."""


@dataclass(frozen=True, eq=False)
class Executors:
    """definition: the integer graph by its operators' definitions; fast: its fast simulator; hardware-graph: the
    graph after all passes, of which the hardware is made; onnx: the file's operators as imported; onnxruntime.
    """

    model: QuantisedModel
    lowered: Graph[TensorType]
    source: str | Path | bytes | ModelProto
    fast: Callable[[], FastNetwork]

    def diff(self, x: Feeds, left: str, right: str, tolerance: float = 0.0) -> Difference | None:
        """The first value of the model, and its first element, in which two executors differ; None if all is equal.

        Two on integers are compared in the values of the integer graph, else in the tensors of the file: integers
        are brought to the terms of the file's tensors by what streamlining knows of them. `tolerance` is that of
        `mulfree.sim.diff.first_difference`. Raises CompileError for an unknown executor, and without samples.
        """
        self._check(left, right)
        is_integer = left in ON_INTEGERS and right in ON_INTEGERS
        order = self._integer_order() if is_integer else self._real_order()
        count, first = _samples(x), None
        for start in range(0, count, CHUNK):
            part = {name: array[start : start + CHUNK] for name, array in x.items()}
            a, b = (self._values(name, part, is_integer) for name in (left, right))
            found = first_difference(order, a, b, tolerance)
            first = _earlier(order, first, found and found.within(start, _samples(part), count))
        return first

    def _check(self, *names: str) -> None:
        for name in names:
            if name not in EXECUTORS:
                raise CompileError(f"there is no executor '{name}'; choose two of {', '.join(EXECUTORS)}")

    def _values(self, name: str, x: Feeds, is_integer: bool) -> Values:
        if name in ON_FLOATS:
            return self._reals(name, x)
        integers = self._integers(name, x)
        return integers if is_integer else self._in_terms_of_the_file(integers)

    def _integers(self, name: str, x: Feeds) -> Values:
        given = self.model.to_integers(x)
        if name == "fast":
            values = self.fast().values([given[v.name] for v in self.model.graph.inputs])
            return {value.name: array for value, array in values.items()}
        return run_graph(self.lowered if name == "hardware-graph" else self.model.graph, given, keep=True)

    def _in_terms_of_the_file(self, integers: Values) -> Values:
        known = [probe for probe in self.model.probes if probe.value in integers]
        return {probe.name: probe.from_integers(integers[probe.value]) for probe in known}

    def _reals(self, name: str, x: Feeds) -> Values:
        run = self._runtime.run if name == "onnxruntime" else self._imported_values
        return _in_batches(run, x, self.model.inputs[0].shape[0])

    def _imported_values(self, x: Feeds) -> Values:
        values = run_graph(self._imported, x, keep=True)
        return {name: values[name] for name, _ in self._real_order()}

    def _integer_order(self) -> Order:
        graph = self.model.graph
        return [(v.name, None) for v in graph.inputs] + [(n.output.name, n.location) for n in graph.nodes]

    def _real_order(self) -> Order:
        """The tensors that depend on an input."""
        known, order = set(self._imported.inputs), Order()
        for node in self._imported.nodes:
            if known.intersection(node.inputs):
                known.add(node.output)
                order.append((node.output.name, node.location))
        return order

    @cached_property
    def _imported(self) -> Graph[RealType]:
        return import_onnx(self.source)

    @cached_property
    def _runtime(self) -> OnnxRuntime:
        return OnnxRuntime(self.source, [name for name, _ in self._real_order()])


def _samples(x: Feeds) -> int:
    count = min((len(array) for array in x.values()), default=0)
    if not count:
        raise CompileError("there are no samples to compare on")
    return count


def _in_batches(run: Callable[[Feeds], Values], x: Feeds, size: int) -> Values:
    """Run on batches of exactly `size`, the only ones that every model takes; the last is filled up by repetition."""
    count = _samples(x)
    places = [np.minimum(np.arange(start, start + size), count - 1) for start in range(0, count, size)]
    parts = [run({name: array[rows] for name, array in x.items()}) for rows in places]
    names = [name for name, array in parts[0].items() if array.shape[:1] == (size,)]
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in names}


def _earlier(order: Order, first: Difference | None, later: Difference | None) -> Difference | None:
    """Of the differences of two parts of a batch, the one earlier in the order; in one value, counted together."""
    if first is None or later is None:
        return first or later
    if first.value == later.value:
        return replace(first, unequal=first.unequal + later.unequal)
    names = [name for name, _ in order]
    return min(first, later, key=lambda d: names.index(d.value))
