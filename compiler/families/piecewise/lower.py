"""A lookup whose values are wanted as they are: a stage of its own."""

from __future__ import annotations

from mulfree.compiler.families.piecewise.operator import Lookup
from mulfree.compiler.lowering import IntNode, Lowering
from mulfree.rtl import Stream, stages


def lower_lookup(to: Lowering, node: IntNode, streams: list[Stream]) -> Stream:
    assert isinstance(node.op, Lookup)
    options = {"location": node.location}
    return to.build(stages.lookup, node.output, "", streams[0], node.output, node.op.values.array, **options).outputs[0]
