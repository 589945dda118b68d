"""A table of values, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir import IntArray
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.kernels.elementwise import INTS
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits
from mulfree.sim.functional.vector import shift


def build_lookup(planner: Planner, node: IntNode, values: IntArray) -> bool:
    (x,) = node.inputs
    if not (fits(node.output.type.range, Kind.INT64) and x.type.range.lo >= 0 and values.dtype == np.int64):
        return False
    source = planner.operand(x, *INTS)
    out = planner.result(node.output, next(kind for kind in INTS if fits(node.output.type.range, kind)))
    table = planner.constant(values - out.storage.bias)
    sizes = (out.storage.positions, out.storage.channels, source.storage.pitch, out.storage.pitch)
    planner.call(LOOKUP, source.slot, out.slot, sizes, table)
    return True


def _lookup(params: Any, a: Any, table: Any, out: Any, n: int) -> None:
    positions, channels, from_pitch, pitch = params[0], params[1], params[2], params[3]
    for p in range(n * positions):
        x, y = shift(a, p * from_pitch), shift(out, p * pitch)
        for c in range(channels):
            y[c] = table[np.int64(x[c])]


LOOKUP = Kernel(_lookup)
