"""Thresholds on few bits as tables: the result for every word of x, where a lane meets the same thresholds always."""

from __future__ import annotations

import numpy as np

from mulfree.ir import IntArray, IntRange, Location, TensorType, Value
from mulfree.ir.ops import Threshold
from mulfree.rtl import cells
from mulfree.rtl.actors import every_step
from mulfree.rtl.circuit import Circuit, Wire
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import channel_pattern, like

MOST_BITS = 8
"""Of a word: a table of more takes more tables of six inputs than a search does."""


def tabulated(
    name: str, x: Stream, value: Value[TensorType], op: Threshold, *, location: Location | None = None
) -> Stage | None:
    """y = op(x), element by element in the order and lanes of x, as a stage of lookups.

    None where x has more than `MOST_BITS` bits, or where the thresholds of a lane change with the token.
    """
    if x.element_bits > MOST_BITS:
        return None
    tables = _tables(x.type.range, op, channel_pattern(x))
    if (tables != tables[:1]).any():
        return None
    circuit = Circuit()
    words = circuit.drive(cells.field(0, IntRange.unsigned(x.element_bits)), circuit.input("x", x.type.range, x.lanes))
    circuit.output("y", circuit.cast(_looked_up(circuit, words, tables[0]), value.type.range))
    return Stage(
        name=name,
        module="lookup",
        inputs=(x,),
        outputs=(like(name, x, value),),
        actors=(every_step(),),
        parameters={"lanes": x.lanes},
        circuits={"map": circuit},
        location=location,
    )


def _tables(range: IntRange, op: Threshold, channels: IntArray) -> IntArray:
    """(tokens, lanes, words): the result for each stored word; for words that store nothing that of the last."""
    numbers = np.arange(range.lo, range.hi + 1, range.step)
    reached = op.evaluate(np.repeat(numbers[:, None], int(channels.max()) + 1, axis=1))
    order = np.full(1 << max(1, range.width), len(numbers) - 1)
    order[range.encode(numbers)] = np.arange(len(numbers))
    table: IntArray = reached[order].T[channels]
    return table


def _looked_up(circuit: Circuit, words: Wire, tables: IntArray) -> Wire:
    """Lanes of equal tables together, and then in their order."""
    distinct, kind = np.unique(tables, axis=0, return_inverse=True)
    order = np.argsort(kind.reshape(-1), kind="stable")
    parts = [
        circuit.drive(cells.lookup(table), circuit.drive(cells.pick(np.flatnonzero(kind == i).tolist()), words))
        for i, table in enumerate(distinct)
    ]
    return circuit.drive(cells.pick(np.argsort(order).tolist()), circuit.drive(cells.JOIN, *parts))
