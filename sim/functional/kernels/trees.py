"""Trees of minima and maxima, level by level: all nodes of a level at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from mulfree.ir.forest import MAX, Forest
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, Storage, fits
from mulfree.sim.functional.vector import int32s


def build_trees(planner: Planner, node: IntNode, forest: Forest) -> bool:
    (x,) = node.inputs
    if not fits(x.type.range, Kind.INT64):
        return False
    source = planner.operand(x, Kind.BYTE, Kind.INT32, Kind.INT64)
    target = planner.result(node.output, source.storage.kind)
    levels = forest.levels
    slots = planner.scratch(Storage(source.storage.kind, 2 * len(forest.leaves), 1, x.type.range))
    starts = np.cumsum([0, *(len(run.left) for run in levels.runs)])
    tables = (
        forest.leaves,
        np.array([run.kind == MAX for run in levels.runs]),
        starts,
        np.concatenate([np.zeros(0, np.int64), *(run.left for run in levels.runs)]),
        np.concatenate([np.zeros(0, np.int64), *(run.right for run in levels.runs)]),
        levels.roots,
    )
    sizes = (len(forest.leaves), len(levels.runs), len(levels.roots), source.storage.pitch, target.storage.pitch)
    addresses = (planner.address(table.astype(np.int32)) for table in tables)
    planner.call(TREES, source.slot, target.slot, (*sizes, *addresses), b=slots.slot)
    return True


def _trees(params: Any, a: Any, b: Any, out: Any, n: int) -> None:
    leaves, runs, roots, from_pitch, to_pitch = params[0], params[1], params[2], params[3], params[4]
    units, is_max, starts = int32s(params[5]), int32s(params[6]), int32s(params[7])
    left, right, root = int32s(params[8]), int32s(params[9]), int32s(params[10])
    for s in range(n):
        for i in range(leaves):
            b[i] = a[s * from_pitch + units[i]]
        for run in range(runs):
            if is_max[run]:
                for i in range(starts[run], starts[run + 1]):
                    b[leaves + i] = max(b[left[i]], b[right[i]])
            else:
                for i in range(starts[run], starts[run + 1]):
                    b[leaves + i] = min(b[left[i]], b[right[i]])
        for t in range(roots):
            out[s * to_pitch + t] = b[root[t]]


TREES = Kernel(_trees)
