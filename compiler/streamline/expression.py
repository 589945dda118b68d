"""Element-wise float computations on an integer (or on a model input), kept as the model writes them.

An expression is evaluated node by node with the operators' own `evaluate`, so the result is what the model's
runtime gets, rounding included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm

import numpy as np

from mulfree.compiler.frontends.real import (
    BatchNormalization,
    Cast,
    DequantizeLinear,
    MultiThreshold,
    QuantizeLinear,
)
from mulfree.compiler.streamline.parameter import Parameter, combine
from mulfree.compiler.streamline.rounding import rounded
from mulfree.ir import AnyArray, IntArray, Location, RealOp


@dataclass(frozen=True, eq=False)
class Integers:
    """The leaf: real = scale * integer + offset, exact rationals, rounded once to `dtype`."""

    scale: Parameter
    offset: Parameter
    dtype: str

    def moved(self, shape: tuple[int, ...], source: IntArray) -> Integers:
        return Integers(self.scale.moved(shape, source), self.offset.moved(shape, source), self.dtype)

    @cached_property
    def ratios(self) -> tuple[Parameter, Parameter, Parameter]:
        """Integers (a, b, d), d > 0, with scale * x + offset = (a * x + b) / d."""
        d = combine(lambda s, o: lcm(s.denominator, o.denominator), self.scale, self.offset)
        a, b = (combine(lambda f, n: int(f * n), p, d) for p in (self.scale, self.offset))
        return a, b, d


@dataclass(frozen=True, eq=False)
class Floats:
    """The leaf of what the host computes: an element of a model input, as it is."""

    dtype: str

    def moved(self, shape: tuple[int, ...], source: IntArray) -> Floats:
        return self


@dataclass(frozen=True, eq=False)
class Step:
    """One element-wise node: an operator, and for each operand what it reads. Its result has `dtype`."""

    op: RealOp
    operands: tuple[Expression | Parameter, ...]
    dtype: str
    name: str
    location: Location | None = None

    @property
    def reads(self) -> tuple[Expression, ...]:
        return tuple(o for o in self.operands if not isinstance(o, Parameter))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(o for o in self.operands if isinstance(o, Parameter))


Leaf = Integers | Floats
Expression = Integers | Floats | Step


def steps(expression: Expression) -> Iterator[Step]:
    """All steps, operands before their readers, each once."""
    seen: set[int] = set()
    stack: list[tuple[Expression, bool]] = [(expression, False)]
    while stack:
        node, is_ready = stack.pop()
        if not isinstance(node, Step) or id(node) in seen:
            continue
        if is_ready:
            seen.add(id(node))
            yield node
        else:
            stack += [(node, True), *((o, False) for o in reversed(node.reads))]


def leaf_of(expression: Expression) -> Leaf:
    """The leaf, which is the same for every path: expressions have one input."""
    while isinstance(expression, Step):
        expression = expression.reads[0]
    return expression


def parameters_of(expression: Expression) -> list[Parameter]:
    leaf = leaf_of(expression)
    own = [leaf.scale, leaf.offset] if isinstance(leaf, Integers) else []
    return own + [p for step in steps(expression) for p in step.parameters]


def moved(expression: Expression, shape: tuple[int, ...], source: IntArray) -> Expression:
    """The same computation after the elements of a sample moved (see Parameter.moved)."""
    leaf = leaf_of(expression).moved(shape, source)
    return _rebuilt(expression, leaf, lambda p: p.moved(shape, source))


def with_leaf(expression: Expression, leaf: Leaf) -> Expression:
    """The same steps on another leaf."""
    return _rebuilt(expression, leaf, lambda p: p)


def _rebuilt(expression: Expression, leaf: Leaf, change: Callable[[Parameter], Parameter]) -> Expression:
    now: dict[int, Expression] = {id(leaf_of(expression)): leaf}
    for step in steps(expression):
        operands = tuple(change(o) if isinstance(o, Parameter) else now[id(o)] for o in step.operands)
        now[id(step)] = replace(step, operands=operands)
    return now[id(expression)]


@dataclass(frozen=True)
class Lanes:
    """How the elements of a sample are laid out as columns: one per channel (axis 0), or one per element."""

    shape: tuple[int, ...]
    by_element: bool

    @classmethod
    def of(cls, expression: Expression, shape: tuple[int, ...]) -> Lanes:
        varying = {axis for p in parameters_of(expression) for axis in p.axes}
        return cls(shape, bool(varying - {0}))

    @property
    def count(self) -> int:
        return int(np.prod(self.shape)) if self.by_element else (self.shape or (1,))[0]

    def constants(self, parameter: Parameter) -> AnyArray:
        """One row of the table per lane, or a single one without the lane axis if all are equal."""
        if parameter.is_uniform:
            return np.asarray(parameter.value, dtype=parameter.table.dtype)
        index = np.broadcast_to(parameter.index, self.shape) if self.by_element else parameter.index
        return parameter.table[index.ravel()]

    def split(self, x: AnyArray) -> AnyArray:
        """(batch, *shape) to (rows, lanes)."""
        if self.by_element or len(self.shape) < 2:
            return x.reshape(x.shape[0], -1)
        return np.moveaxis(x, 1, -1).reshape(-1, self.count)

    def join(self, rows: AnyArray, batch: int) -> AnyArray:
        """The inverse of `split`."""
        if self.by_element or len(self.shape) < 2:
            return rows.reshape(batch, *self.shape)
        return np.moveaxis(rows.reshape(batch, *self.shape[1:], self.count), -1, 1)


def evaluate(expression: Expression, x: AnyArray, lanes: Lanes, wide: bool = False) -> AnyArray:
    """Values (rows, lanes) for integers (or floats) x of that shape; `wide` computes in float64 throughout."""
    leaf = leaf_of(expression)
    values: dict[int, AnyArray] = {id(leaf): _read(leaf, x, lanes, wide)}
    for step in steps(expression):
        operands = [
            _constant(step.op, o, lanes, wide) if isinstance(o, Parameter) else values[id(o)] for o in step.operands
        ]
        values[id(step)] = np.broadcast_to(_on_lanes(step.op, wide).evaluate(*operands), x.shape)
    return values[id(expression)]


def _read(leaf: Leaf, x: AnyArray, lanes: Lanes, wide: bool) -> AnyArray:
    if isinstance(leaf, Floats):
        return x
    dtype = "float64" if wide and np.issubdtype(np.dtype(leaf.dtype), np.floating) else leaf.dtype
    a, b, d = (_small(lanes.constants(p)) for p in leaf.ratios)
    peak = max(abs(int(x.min())), abs(int(x.max()))) * _peak(a) + _peak(b)
    wide_x = x if peak < 2**63 else x.astype(object)
    return np.broadcast_to(rounded(np.asarray(a * wide_x + b), np.asarray(d), dtype), x.shape)


def _peak(values: AnyArray) -> int:
    return max(abs(int(v)) for v in values.ravel())


def _small(values: AnyArray) -> AnyArray:
    """Python ints as int64 where they fit."""
    flat = values.ravel()
    return values.astype(np.int64) if all(abs(int(v)) < 2**62 for v in flat) else values


def _constant(op: RealOp, parameter: Parameter, lanes: Lanes, wide: bool) -> AnyArray:
    """The operand as the operator takes it on (rows, lanes)."""
    values = lanes.constants(parameter.as_float64() if wide else parameter)
    if isinstance(op, BatchNormalization):
        return np.broadcast_to(values, (lanes.count,))
    if isinstance(op, MultiThreshold):
        return values.reshape(-1, values.shape[-1])
    return values


def _on_lanes(op: RealOp, wide: bool) -> RealOp:
    """The operator as it acts on (rows, lanes): channels lie along axis 1."""
    if isinstance(op, QuantizeLinear | DequantizeLinear | MultiThreshold):
        return replace(op, axis=1)
    if wide and isinstance(op, Cast) and op.dtype in ("float16", "float32"):
        return Cast("float64")
    return op
