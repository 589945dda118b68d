"""The kinds of stages: each constructor makes a complete `Stage`, `stage_verilog` prints it.

Every constructor takes the name of the stage (a Verilog identifier, unique in the design) and its input streams,
and returns a Stage whose `outputs` carry the order, lanes and types that follow.
"""

from mulfree.rtl.stages.affine import affine
from mulfree.rtl.stages.attentional_matrix import AttentionalLane, attentional_matrix
from mulfree.rtl.stages.channelwise import Combine, TapLane, channelwise
from mulfree.rtl.stages.constant_layer import constant_layer
from mulfree.rtl.stages.constant_matrix import constant_matrix
from mulfree.rtl.stages.elementwise import add, clamp, leaky, lookup
from mulfree.rtl.stages.entry_schedule import EntrySchedule
from mulfree.rtl.stages.even_threshold import even_threshold
from mulfree.rtl.stages.fermat import fermat_convolution, remainders
from mulfree.rtl.stages.lazy_trees import lazy_trees
from mulfree.rtl.stages.matrix_vector import Lane, matrix_vector
from mulfree.rtl.stages.plumbing import fifo, fork, width_converter, with_depth
from mulfree.rtl.stages.reduction import MaxPlusMin, Reduce, Reduction, Sum
from mulfree.rtl.stages.registry import memory_files, stage_verilog
from mulfree.rtl.stages.reorder import kept_together, reorder, replay
from mulfree.rtl.stages.sliding_window import sliding_window
from mulfree.rtl.stages.sparse_matrix import EntryLane, sparse_matrix
from mulfree.rtl.stages.spatial_shift import spatial_shift
from mulfree.rtl.stages.structure import channel_gather, concat, pad, run_elements
from mulfree.rtl.stages.tabulated import tabulated
from mulfree.rtl.stages.text import port_names
from mulfree.rtl.stages.threshold import threshold
from mulfree.rtl.stages.top_k import top_k
from mulfree.rtl.stages.tree_stack import can_be_stacked, stack_steps, tree_stack

__all__ = [
    "AttentionalLane",
    "Combine",
    "EntryLane",
    "EntrySchedule",
    "Lane",
    "MaxPlusMin",
    "Reduce",
    "Reduction",
    "Sum",
    "TapLane",
    "add",
    "affine",
    "attentional_matrix",
    "can_be_stacked",
    "channel_gather",
    "channelwise",
    "clamp",
    "concat",
    "constant_layer",
    "constant_matrix",
    "even_threshold",
    "fermat_convolution",
    "fifo",
    "fork",
    "kept_together",
    "lazy_trees",
    "leaky",
    "lookup",
    "matrix_vector",
    "memory_files",
    "pad",
    "port_names",
    "remainders",
    "reorder",
    "replay",
    "run_elements",
    "sliding_window",
    "sparse_matrix",
    "spatial_shift",
    "stack_steps",
    "stage_verilog",
    "tabulated",
    "threshold",
    "top_k",
    "tree_stack",
    "width_converter",
    "with_depth",
]
