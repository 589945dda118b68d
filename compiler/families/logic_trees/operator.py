"""What trees of minima and maxima compute, in integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mulfree.ir import AnyArray, IntOp, Tensor, TensorType
from mulfree.ir.forest import MAX, Forest

if TYPE_CHECKING:
    from mulfree.sim.functional.planner import IntNode, Planner


@lru_cache(maxsize=64)
def forest_of(trees: Tensor) -> Forest:
    """The trees of those codes. Raises ValueError if they are no complete trees."""
    if len(trees.shape) != 1:
        raise ValueError(f"codes of trees are a list, not an array of shape {trees.shape}")
    return Forest.of(trees.array.tolist())


def check_units(forest: Forest, units: int) -> None:
    """Raises ValueError if a leaf is none of so many units."""
    if int(forest.leaves.max()) >= units:
        raise ValueError(f"a tree has unit {forest.leaves.max()} as a leaf, but there are {units} units")


def evaluated(forest: Forest, x: AnyArray) -> AnyArray:
    """(batch, trees) from (batch, units), node by node, for any numbers that can be compared."""

    def combine(node: int, left: AnyArray, right: AnyArray) -> AnyArray:
        choose = np.maximum if forest.kinds[node] == MAX else np.minimum
        y: AnyArray = choose(left, right)
        return y

    columns: list[AnyArray] = forest.fold(lambda leaf: x[:, forest.leaves[leaf]], combine)
    return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class MinMaxTrees(IntOp):
    """y[t] = tree t of minima and maxima over the elements of the vector x; `trees` are codes as in `Forest`."""

    trees: Tensor

    name: ClassVar[str] = "min_max_trees"

    def infer(self, *operands: TensorType) -> TensorType:
        (x,) = operands
        if len(x.shape) != 1:
            raise ValueError(f"a vector is needed, not {x.shape}")
        check_units(self.forest, x.shape[0])
        return TensorType((self.forest.trees,), x.range)

    def evaluate(self, *operands: AnyArray) -> AnyArray:
        return evaluated(self.forest, operands[0])

    @property
    def forest(self) -> Forest:
        return forest_of(self.trees)

    def build_kernel(self, planner: Planner, node: IntNode) -> bool:
        from mulfree.sim.functional.kernels.trees import build_trees

        return build_trees(planner, node, self.forest)
