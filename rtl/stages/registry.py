"""From the name of a stage's module to the function that prints it."""

from __future__ import annotations

from collections.abc import Callable

from mulfree.rtl.design import Stage
from mulfree.rtl.stages.affine import affine_text
from mulfree.rtl.stages.attentional_matrix import attentional_matrix_text
from mulfree.rtl.stages.channelwise import channelwise_text
from mulfree.rtl.stages.constant_layer import constant_layer_text
from mulfree.rtl.stages.constant_matrix import constant_matrix_text
from mulfree.rtl.stages.elementwise import add_text, clamp_text, leaky_text, lookup_text
from mulfree.rtl.stages.even_threshold import even_threshold_text
from mulfree.rtl.stages.fermat.butterflies import butterflies_text
from mulfree.rtl.stages.fermat.remainders import remainders_text
from mulfree.rtl.stages.fermat.spectrum_product import spectrum_product_text
from mulfree.rtl.stages.fermat.transform_engine import transform_engine_text
from mulfree.rtl.stages.fermat.words import from_words_text, to_words_text
from mulfree.rtl.stages.lazy_trees import lazy_trees_text
from mulfree.rtl.stages.matrix_vector import matrix_vector_text
from mulfree.rtl.stages.plumbing import fifo_text, fork_text, width_converter_text
from mulfree.rtl.stages.reorder import reorder_text
from mulfree.rtl.stages.sliding_window import sliding_window_text
from mulfree.rtl.stages.sparse_matrix import sparse_matrix_text
from mulfree.rtl.stages.spatial_shift import spatial_shift_text
from mulfree.rtl.stages.structure import channel_gather_text, concat_text, pad_text
from mulfree.rtl.stages.text import memory_file, memory_text
from mulfree.rtl.stages.threshold import threshold_text
from mulfree.rtl.stages.top_k import top_k_text
from mulfree.rtl.stages.tree_stack import tree_stack_text

PRINTERS: dict[str, Callable[[Stage], str]] = {
    "add": add_text,
    "affine": affine_text,
    "attentional_matrix": attentional_matrix_text,
    "butterflies": butterflies_text,
    "channel_gather": channel_gather_text,
    "channelwise": channelwise_text,
    "clamp": clamp_text,
    "concat": concat_text,
    "constant_matrix": constant_matrix_text,
    "constant_layer": constant_layer_text,
    "even_threshold": even_threshold_text,
    "fifo": fifo_text,
    "fork": fork_text,
    "from_words": from_words_text,
    "lazy_trees": lazy_trees_text,
    "leaky": leaky_text,
    "lookup": lookup_text,
    "matrix_vector": matrix_vector_text,
    "pad": pad_text,
    "remainders": remainders_text,
    "reorder": reorder_text,
    "sliding_window": sliding_window_text,
    "sparse_matrix": sparse_matrix_text,
    "spatial_shift": spatial_shift_text,
    "spectrum_product": spectrum_product_text,
    "threshold": threshold_text,
    "to_words": to_words_text,
    "top_k": top_k_text,
    "transform_engine": transform_engine_text,
    "tree_stack": tree_stack_text,
    "width_converter": width_converter_text,
}
"""One entry per kind: `Stage.module` to the body of its Verilog module."""
FILED = ("weights", "program")
"""Memories that are modules of their own, so that their words may stand in a file."""


def stage_verilog(stage: Stage) -> str:
    """The text of <stage.name>.sv: one module of that name, then the parts that only it uses.

    Ports are clk, rst (synchronous, active high), then per stream `<port>_data`, `_valid` and `_ready` with the
    names of `port_names`. The same stage gives the same text.
    """
    return PRINTERS[stage.module](stage)


def memory_files(stage: Stage) -> dict[str, str]:
    """The memory files that the stage's module reads, by name; they belong beside the module."""
    named = {memory_file(stage, name): rom for name, rom in stage.memories.items() if name in FILED}
    return {file: memory_text(rom) for file, rom in named.items() if file and rom.depth > 1}
