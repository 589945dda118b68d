"""Which tensors of the model the final integers still stand for: where two executors can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace

from mulfree.compiler.model import Probe
from mulfree.compiler.streamline.builder import Builder
from mulfree.compiler.streamline.deferred import Deferred, IntValue, Meaning, Tailed
from mulfree.compiler.streamline.expression import Integers, leaf_of, with_leaf
from mulfree.compiler.streamline.host import Epilogue
from mulfree.compiler.streamline.parameter import combine
from mulfree.ir import Graph, Node, RealType, TensorType, Value
from mulfree.ir.ops import Reshape


def probes(
    builder: Builder,
    graph: Graph[RealType],
    meanings: Mapping[Value[RealType], Meaning],
    result: Graph[TensorType],
) -> tuple[Probe, ...]:
    """In the order of the model, a probe for each node's result that is element-wise on a value of `result`.

    Of several such values it reads the last: a quantised tensor is read from the thresholds' integers, not
    from the sums before them.
    """
    alive = set(result.values())
    found = (_probe(builder, node, meanings[node.output], alive) for node in graph.nodes)
    return tuple(probe for probe in found if probe)


def _probe(builder: Builder, node: Node[RealType], meaning: Meaning, alive: Set[IntValue]) -> Probe | None:
    tail = meaning.op if isinstance(meaning, Tailed) else None
    before = meaning.before if isinstance(meaning, Tailed) else meaning
    if not isinstance(before, Deferred):
        return None
    for x in _forms(builder, before):
        if isinstance(x.base, Value) and x.base in alive:
            epilogue = Epilogue(x.shape, x.expression, x.base.type.range, tail)
            type = node.output.type
            return Probe(node.output.name, type.shape, type.dtype, x.base.name, epilogue, node.location)
    return None


def _forms(builder: Builder, x: Deferred) -> Iterator[Deferred]:
    """The same tensor on other integers, those closest to the outputs first."""
    closed = builder.done("closed", x) or x
    settled = builder.done("settled", closed) or closed
    for form in (settled, closed, x):
        yield from _moved(builder, form)


def _moved(builder: Builder, x: Deferred) -> Iterator[Deferred]:
    """On its own integers, on those that a reshape or a shift put in their place."""
    yield x
    producer = builder.producer(x.base) if isinstance(x.base, Value) else None
    if producer and isinstance(producer.op, Reshape):
        yield replace(x, base=producer.inputs[0])
    leaf = leaf_of(x.expression)
    if isinstance(x.base, Value) and x.base in builder.shifts and isinstance(leaf, Integers):
        base, by = builder.shifts[x.base]
        offset = combine(lambda s, o: o - s * by, leaf.scale, leaf.offset)
        yield replace(x, base=base, expression=with_leaf(x.expression, replace(leaf, offset=offset)))
