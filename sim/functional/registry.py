"""Which builder makes the calls for an operator; a family adds its own with `register`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from mulfree.ir import IntOp
from mulfree.ir.ops import (
    Add,
    Affine,
    ChannelGather,
    Clamp,
    Concat,
    Contraction,
    Leaky,
    MaxPool,
    MinPool,
    Pad,
    Reshape,
    SumPool,
    Threshold,
    TopK,
    Transpose,
)
from mulfree.sim.functional.kernels.accumulation import stands_for_dot
from mulfree.sim.functional.kernels.contraction import build_contraction
from mulfree.sim.functional.kernels.elementwise import build_add, build_affine, build_clamp, build_leaky
from mulfree.sim.functional.kernels.pool import build_extreme, build_sum
from mulfree.sim.functional.kernels.select import build_top_k
from mulfree.sim.functional.kernels.structure import build_structure
from mulfree.sim.functional.kernels.threshold import build_threshold
from mulfree.sim.functional.planner import IntNode, Planner

Builder = Callable[[Planner, IntNode], bool]
"""Make the calls that compute a node, define its result and return True; or do nothing and return False."""

_BUILDERS: dict[type[IntOp], Builder] = {
    Add: build_add,
    Affine: build_affine,
    Clamp: build_clamp,
    Contraction: build_contraction,
    Leaky: build_leaky,
    MaxPool: build_extreme,
    MinPool: build_extreme,
    SumPool: build_sum,
    Threshold: build_threshold,
    TopK: build_top_k,
    **dict.fromkeys((ChannelGather, Concat, Pad, Reshape, Transpose), build_structure),
}


@runtime_checkable
class BringsKernel(Protocol):
    """An operator with a builder of its own, which is looked for nowhere else."""

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        """See `Builder`; `node` is the one that this operator is in."""
        ...


def register(op: type[IntOp], builder: Builder) -> None:
    """Use this builder for an operator and for its subclasses with the same meaning."""
    _BUILDERS[op] = builder


def builder_of(op: IntOp) -> Builder | None:
    """Its own, or that of its nearest base with the same meaning; None: only `evaluate` knows it."""
    if isinstance(op, BringsKernel):
        return _own_kernel
    for base in type(op).__mro__:
        if base in _BUILDERS:
            return _BUILDERS[base] if _means_the_same(op, base) else None
    return None


def _own_kernel(planner: Planner, node: IntNode) -> bool:
    assert isinstance(node.op, BringsKernel)
    return node.op.build_kernel(planner, node)


def _means_the_same(op: IntOp, base: type[IntOp]) -> bool:
    if type(op) is base:
        return True
    if isinstance(op, Contraction) and issubclass(base, Contraction):
        same_dot = type(op).dot is base.dot or stands_for_dot(op)
        return type(op).evaluate is base.evaluate and same_dot
    return type(op).evaluate is base.evaluate
