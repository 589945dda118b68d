"""TopK by repeated selection: k passes over a short vector."""

from __future__ import annotations

from typing import Any

from mulfree.ir.ops import TopK
from mulfree.sim.functional.kernel import Kernel
from mulfree.sim.functional.planner import IntNode, Planner
from mulfree.sim.functional.storage import Kind, fits


def build_top_k(planner: Planner, node: IntNode) -> bool:
    op, (x,) = node.op, node.inputs
    assert isinstance(op, TopK)
    if not (fits(x.type.range, Kind.INT64) and fits(node.output.type.range, Kind.INT32)):
        return False
    source = planner.operand(x, Kind.BYTE, Kind.INT32, Kind.INT64)
    target = planner.result(node.output, Kind.INT32)
    planner.call(
        TOP_K, source.slot, target.slot, (source.storage.channels, source.storage.pitch, op.k, target.storage.pitch)
    )
    return True


def _top_k(params: Any, a: Any, _: Any, out: Any, n: int) -> None:
    """Each pass finds the next element in the order (larger first, then lower index) after the last one found."""
    channels, from_pitch, k, pitch = params[0], params[1], params[2], params[3]
    for s in range(n):
        x, last = s * from_pitch, -1
        for j in range(k):
            best = -1
            for c in range(channels):
                after = last < 0 or a[x + c] < a[x + last] or (a[x + c] == a[x + last] and c > last)
                if after and (best < 0 or a[x + c] > a[x + best]):
                    best = c
            out[s * pitch + j] = best
            last = best


TOP_K = Kernel(_top_k)
