"""Every kind of stage: when its outputs are there, and what it makes of its inputs and of the room behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mulfree.rtl.design import Stage
from mulfree.rtl.timing.element_stages import affine, cut, mapped, pipelined, threshold
from mulfree.rtl.timing.launch import engine_out, finished, gathered, queued, recoded, remembered, threshold_out
from mulfree.rtl.timing.matrix_stages import (
    attentional_matrix,
    channelwise,
    matrix_vector,
    sparse_matrix,
    spectrum_product,
)
from mulfree.rtl.timing.move_stages import (
    channel_gather,
    concat,
    fifo,
    fork,
    pad,
    reorder,
    sliding_window,
    spatial_shift,
    width_converter,
)
from mulfree.rtl.timing.paths import Offer, Offers, Paths
from mulfree.rtl.timing.program_stages import butterflies, lazy_trees, top_k, transform_engine, tree_stack
from mulfree.rtl.timing.signal import Signal

Settle = Callable[[Paths, Stage, Offers, Sequence[Signal]], list[Signal]]
"""From what the inputs offer and the outputs' m_ready to the inputs' s_ready; arrivals at registers are noted."""
Launch = Callable[[Paths, Stage], Signal]
"""The data of every output."""


def offers(paths: Paths, stage: Stage) -> list[Offer]:
    """What every output offers: from registers alone, in every kind of stage."""
    launch = _LAUNCHES.get(stage.module)
    found = list[Offer]()
    for stream in stage.outputs:
        data = launch(paths, stage) if launch else paths.word(stream.token_bits)
        lanes = data.reshape(-1).to((stream.token_bits,)) if data.at.size == 1 else data
        found.append(Offer(lanes.reshape(stream.lanes, stream.element_bits), paths.held))
    return found


def settle(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """See `Settle`."""
    return KINDS[stage.module](paths, stage, given, readys)


_LAUNCHES: dict[str, Launch] = {
    "attentional_matrix": finished,
    "matrix_vector": finished,
    "channelwise": finished,
    "sparse_matrix": finished,
    "lazy_trees": finished,
    "threshold": threshold_out,
    "sliding_window": recoded,
    "spatial_shift": recoded,
    "reorder": remembered,
    "fifo": queued,
    "channel_gather": gathered,
    "transform_engine": engine_out,
}
"""Kinds whose outputs do not come from registers directly."""


KINDS: dict[str, Settle] = {
    **dict.fromkeys(("add", "clamp", "from_words", "leaky", "lookup", "remainders", "to_words"), mapped),
    "affine": affine,
    "attentional_matrix": attentional_matrix,
    "butterflies": butterflies,
    "channel_gather": channel_gather,
    "channelwise": channelwise,
    "concat": concat,
    "constant_layer": pipelined,
    "constant_matrix": pipelined,
    "even_threshold": cut,
    "fifo": fifo,
    "fork": fork,
    "lazy_trees": lazy_trees,
    "matrix_vector": matrix_vector,
    "pad": pad,
    "reorder": reorder,
    "sliding_window": sliding_window,
    "sparse_matrix": sparse_matrix,
    "spatial_shift": spatial_shift,
    "spectrum_product": spectrum_product,
    "threshold": threshold,
    "top_k": top_k,
    "transform_engine": transform_engine,
    "tree_stack": tree_stack,
    "width_converter": width_converter,
}
