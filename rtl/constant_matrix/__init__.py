"""Constant matrices without multipliers: which sums to share, and the circuits of the sums."""

from mulfree.rtl.constant_matrix.circuit import draw
from mulfree.rtl.constant_matrix.plan_matrix import plan_matrix, plan_price
from mulfree.rtl.constant_matrix.sums import Majority, MatrixPlan, Node, Parity, Term, Total

__all__ = [
    "Majority",
    "MatrixPlan",
    "Node",
    "Parity",
    "Term",
    "Total",
    "draw",
    "plan_matrix",
    "plan_price",
]
