"""Trees written with standard operators: Min and Max of columns of matrices, and reductions of them.

Every tensor that is made of columns (N, units) by moving elements, by Min and by Max is known as an array of terms: a
column, or a node over two terms. Where such a tensor is used by anything else, its terms become one `RealTrees` over
the matrices that they are made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mulfree.compiler.families.logic_trees.forms import RealTrees
from mulfree.compiler.frontends.real import Binary, Concat, Constant, Gather, Reduce, Reshape, Slice, Transpose, Unary
from mulfree.compiler.streamline.deferred import Unsupported
from mulfree.compiler.streamline.structure import source_of
from mulfree.ir import AnyArray, Graph, IntArray, Node, RealType, Tensor, Value, copy_node, rewrite
from mulfree.ir.forest import MAX, MIN

RealGraph = Graph[RealType]
RealNode = Node[RealType]
RealValue = Value[RealType]
Codes = tuple[int, ...]
KINDS = {"max": MAX, "min": MIN}


@dataclass(frozen=True, eq=False)
class Terms:
    """The elements of a sample in C order, each as the codes of a tree over the columns of all `Sources`."""

    codes: list[Codes]
    shape: tuple[int, ...]
    """Of a sample."""

    @property
    def has_nodes(self) -> bool:
        return any(len(codes) > 1 for codes in self.codes)

    def at(self, places: IntArray) -> Terms:
        """The elements in those places, in the shape of `places`."""
        return Terms([self.codes[i] for i in places.ravel()], places.shape)


@dataclass(eq=False)
class Sources:
    """The matrices whose columns trees are made of, each with the number of its first column."""

    first: dict[RealValue, int] = field(default_factory=dict[RealValue, int])
    count: int = 0

    def terms(self, value: RealValue) -> Terms:
        """The columns of a matrix, each by itself."""
        columns = value.type.shape[1]
        if value not in self.first:
            self.first[value], self.count = self.count, self.count + columns
        return Terms([(self.first[value] + i,) for i in range(columns)], (columns,))

    def of(self, terms: Terms) -> list[RealValue]:
        """The matrices that the terms are made of."""
        used = {code for codes in terms.codes for code in codes if code >= 0}
        return [v for v, first in self.first.items() if any(first <= c < first + v.type.shape[1] for c in used)]


Known = dict[RealValue, Terms]


def recognise(graph: RealGraph) -> RealGraph:
    """A graph in which such terms are `RealTrees`; what they were made of goes unless something else reads it."""
    if not any(_combines(node) for node in graph.nodes):
        return graph
    sources = Sources()
    known = _terms(graph, sources)
    wanted = _wanted(graph, known)

    def visit(new: RealGraph, node: RealNode, operands: tuple[RealValue, ...]) -> RealValue:
        if node.output not in wanted:
            return copy_node(new, node, operands)
        return _planted(new, node, known[node.output], sources)

    return rewrite(graph, visit)


def _wanted(graph: RealGraph, known: Known) -> set[RealValue]:
    """What has nodes and is read by something that only takes numbers."""
    readers = graph.consumers()
    return {
        value
        for value, terms in known.items()
        if terms.has_nodes and (value in graph.outputs or any(node.output not in known for node in readers[value]))
    }


def _planted(new: RealGraph, node: RealNode, terms: Terms, sources: Sources) -> RealValue:
    """The trees over the columns, in the shape of the node's result."""
    place, shape, name = {"location": node.location}, node.output.type.shape, node.output.name
    used, numbers = sources.of(terms), dict[int, int]()
    for source in used:
        first = sources.first[source]
        numbers |= {first + i: len(numbers) + i for i in range(source.type.shape[1])}
    now = {value.name: value for value in new.values()}
    columns = [now[source.name] for source in used]
    x = columns[0] if len(columns) == 1 else new.add(Concat(1), *columns, name=f"{name}.units", **place)
    codes = [numbers.get(code, code) for codes in terms.codes for code in codes]
    trees = RealTrees(Tensor(np.array(codes)))
    if len(shape) == 2:
        return new.add(trees, x, name=name, **place)
    return new.add(Reshape(shape), new.add(trees, x, name=f"{name}.trees", **place), name=name, **place)


def _combines(node: RealNode) -> bool:
    return isinstance(node.op, Binary | Reduce) and node.op.kind in KINDS


def _terms(graph: RealGraph, sources: Sources) -> Known:
    known: Known = {}
    constants = {node.output: node.op.array for node in graph.nodes if isinstance(node.op, Constant)}
    for node in graph.nodes:
        operands = [_of(value, known, sources) for value in node.inputs if value not in constants]
        if not operands or any(terms is None for terms in operands):
            continue
        found = _after(node, [t for t in operands if t], [constants[v] for v in node.inputs if v in constants])
        if found:
            known[node.output] = found
    return known


def _of(value: RealValue, known: Known, sources: Sources) -> Terms | None:
    """What is known of the value; a matrix is made of its own columns."""
    if value in known or len(value.type.shape) != 2:
        return known.get(value)
    return sources.terms(value)


def _after(node: RealNode, operands: Sequence[Terms], constants: Sequence[AnyArray]) -> Terms | None:
    """What the node makes of its operands' terms; None if it computes something else."""
    match node.op:
        case Unary(kind="identity"):
            return operands[0]
        case Reshape() | Transpose() | Slice() | Gather():
            return _moved(node, operands[0], constants)
        case Concat(axis=axis):
            return _joined(node, operands, axis)
        case Binary(kind=kind) if kind in KINDS and len(operands) == 2 and _are_alike(node):
            return _paired(KINDS[kind], *operands)
        case Reduce(kind=kind, axes=axes) if kind in KINDS:
            return _reduced(node, operands[0], KINDS[kind], axes)
        case _:
            return None


def _moved(node: RealNode, x: Terms, constants: Sequence[AnyArray]) -> Terms | None:
    if node.inputs[0].type.shape[1:] != x.shape:
        return None
    try:
        return x.at(np.asarray(source_of(node.op, node.inputs[0].type, *constants)))
    except Unsupported:
        return None


def _joined(node: RealNode, operands: Sequence[Terms], axis: int) -> Terms | None:
    """The operands one after the other along an axis of the sample."""
    rank = len(node.output.type.shape)
    if axis % rank == 0 or len(operands) != len(node.inputs):
        return None
    starts = np.cumsum([0, *(len(x.codes) for x in operands)])
    places = [start + np.arange(len(x.codes)).reshape(x.shape) for start, x in zip(starts, operands, strict=False)]
    together = Terms([codes for x in operands for codes in x.codes], ())
    return together.at(np.concatenate(places, axis=axis % rank - 1))


def _are_alike(node: RealNode) -> bool:
    """Whether samples meet samples: numpy aligns shapes by their last axes."""
    return len({len(value.type.shape) for value in node.inputs}) == 1


def _paired(kind: int, a: Terms, b: Terms) -> Terms:
    """Element by element; an element of one operand may meet several of the other."""
    left, right = np.broadcast_arrays(*(np.arange(len(x.codes)).reshape(x.shape) for x in (a, b)))
    pairs = zip(a.at(left).codes, b.at(right).codes, strict=True)
    return Terms([(kind, *first, *second) for first, second in pairs], left.shape)


def _reduced(node: RealNode, x: Terms, kind: int, axes: Sequence[int]) -> Terms | None:
    """All elements along the axes in one balanced tree."""
    rank = len(node.inputs[0].type.shape)
    inner = sorted(axis % rank - 1 for axis in axes)
    if inner[0] < 0:
        return None
    places = np.moveaxis(np.arange(len(x.codes)).reshape(x.shape), inner, range(len(inner)))
    rows = places.reshape(-1, *places.shape[len(inner) :])
    codes = [_balanced(kind, [x.codes[i] for i in column]) for column in rows.reshape(len(rows), -1).T]
    return Terms(codes, node.output.type.shape[1:])


def _balanced(kind: int, codes: list[Codes]) -> Codes:
    """Neighbours are paired, so that as few as possible wait for each other."""
    if len(codes) == 1:
        return codes[0]
    middle = (len(codes) + 1) // 2
    return (kind, *_balanced(kind, codes[:middle]), *_balanced(kind, codes[middle:]))
