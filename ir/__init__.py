"""The graph IR: exact integer types, values, nodes, graphs, operators, passes."""

from mulfree.ir.errors import CompileError, Location
from mulfree.ir.graph import Graph, Node, Value
from mulfree.ir.op import AnyArray, IntOp, Op, RealOp, TypeT
from mulfree.ir.passes import Pass, run_passes
from mulfree.ir.rewrite import copy_node, drop_unused, rewrite
from mulfree.ir.tensor import Tensor
from mulfree.ir.types import BIPOLAR, BIT, TERNARY, IntArray, IntRange, RealType, Scale, TensorType

__all__ = [
    "BIPOLAR",
    "BIT",
    "TERNARY",
    "AnyArray",
    "CompileError",
    "Graph",
    "IntArray",
    "IntOp",
    "IntRange",
    "Location",
    "Node",
    "Op",
    "Pass",
    "RealOp",
    "RealType",
    "Scale",
    "Tensor",
    "TensorType",
    "TypeT",
    "Value",
    "copy_node",
    "drop_unused",
    "rewrite",
    "run_passes",
]
