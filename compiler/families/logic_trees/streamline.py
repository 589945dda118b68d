"""Trees of reals as trees of integers: minima and maxima commute with whatever rises alike for all units."""

from __future__ import annotations

from mulfree.compiler.families.logic_trees.forms import RealTrees
from mulfree.compiler.families.logic_trees.operator import MinMaxTrees
from mulfree.compiler.streamline.builder import Builder
from mulfree.compiler.streamline.deferred import Deferred, on_integers
from mulfree.compiler.streamline.rules.rule import Work
from mulfree.compiler.streamline.settle import settle
from mulfree.compiler.streamline.units import in_units


def trees(work: Work) -> Deferred:
    """One positive scale and one offset pass through; else the units are first counted in a common unit.

    Raises Unsupported if their scales and biases have so little in common that this takes too many bits.
    """
    builder, settled = work.builder, settle(work.builder, work.activation())
    x = settled
    if not _rises_alike(settled):
        x = builder.once("in a common unit", settled, lambda: _in_one_unit(builder, settled))
    y = builder.add(MinMaxTrees(work.op(RealTrees).trees), x.integers, name=work.name)
    return on_integers(y, x.meaning, work.dtype)


def _in_one_unit(builder: Builder, x: Deferred) -> Deferred:
    """A step of the layer of units: the trees keep their name."""
    with builder.at(x.integers):
        return in_units(builder, x, is_common=True)


def _rises_alike(x: Deferred) -> bool:
    scale, offset = x.leaf.scale, x.leaf.offset
    return scale.is_uniform and offset.is_uniform and bool(scale.value > 0)
