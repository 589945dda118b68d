"""top_k: the indices of the largest elements of a vector."""

from __future__ import annotations

import numpy as np

from mulfree.ir import Location, TensorType, Value
from mulfree.ir.ops import TopK
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import raster_stream
from mulfree.rtl.stages.reduction import run_of
from mulfree.rtl.stages.text import CLOCK, handshake, instance, module_text


def top_k(name: str, x: Stream, value: Value[TensorType], op: TopK, *, location: Location | None = None) -> Stage:
    """One token with the k indices, largest element first; x must come in order, one element a token."""
    assert x.lanes == 1, f"{name}: one element a token is needed, not {x.lanes}"
    assert (x.order == np.arange(len(x.order))).all(), f"{name}: the elements must come in order"
    return Stage(
        name=name,
        module="top_k",
        inputs=(x,),
        outputs=(raster_stream(name, value, op.k),),
        actors=(run_of(x.tokens),),
        parameters={"k": op.k, "count": x.tokens, "bits": x.element_bits, "signed": int(x.type.range.is_signed)},
        location=location,
    )


def top_k_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, out = stage.parameters, stage.outputs[0]
    parameters = {
        "K": p["k"],
        "COUNT": p["count"],
        "WIDTH": p["bits"],
        "SIGNED": p["signed"],
        "INDEX": out.element_bits,
    }
    list_ = instance("top_k_list", "u_list", parameters, {**CLOCK, **handshake("s", "s"), **handshake("m", "m")})
    return module_text(stage, f"indices of the {p['k']} largest of {p['count']} elements.", [list_])
