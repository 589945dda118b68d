"""The integer operators that every layer above understands."""

from mulfree.ir.ops.arithmetic import Add, Affine, Clamp, Leaky
from mulfree.ir.ops.contraction import Contraction, MultiplyAccumulate, as_map, by_output, contract, exact_matmul
from mulfree.ir.ops.operations import Operations
from mulfree.ir.ops.pool import MaxPool, MinPool, Pool, SumPool
from mulfree.ir.ops.select import TopK
from mulfree.ir.ops.structure import ChannelGather, Concat, Pad, Reshape, Transpose
from mulfree.ir.ops.threshold import Threshold
from mulfree.ir.ops.window import Window

INTEGER_OPERATORS = (
    Add,
    Affine,
    ChannelGather,
    Clamp,
    Concat,
    Leaky,
    MaxPool,
    MinPool,
    MultiplyAccumulate,
    Pad,
    Reshape,
    SumPool,
    Threshold,
    TopK,
    Transpose,
)
"""The operator classes that the text form knows by default; a family adds its own."""

__all__ = [
    "INTEGER_OPERATORS",
    "Add",
    "Affine",
    "ChannelGather",
    "Clamp",
    "Concat",
    "Contraction",
    "Leaky",
    "MaxPool",
    "MinPool",
    "MultiplyAccumulate",
    "Operations",
    "Pad",
    "Pool",
    "Reshape",
    "SumPool",
    "Threshold",
    "TopK",
    "Transpose",
    "Window",
    "as_map",
    "by_output",
    "contract",
    "exact_matmul",
]
