"""transform_engine: a whole transform in two dimensions in one memory, with one butterfly for each lane."""

from __future__ import annotations

import numpy as np

from mulfree.ir import Location, TensorType, Value
from mulfree.ir.fermat import FermatTransform
from mulfree.rtl.actors import Stepper
from mulfree.rtl.design import Stage, Stream
from mulfree.rtl.stages.constants import raster_order
from mulfree.rtl.stages.fermat.butterflies import butterfly_circuit
from mulfree.rtl.stages.sliding_window import STYLES
from mulfree.rtl.stages.text import CLOCK, circuit_instance, circuit_text, handshake, instance, module_text

DRAIN_STEPS = 2
"""Between passes, until the last results are written."""


def transform_engine(
    name: str,
    x: Stream,
    transform: FermatTransform,
    *,
    size: tuple[int, int] | None = None,
    is_inverse: bool = False,
    passes: int | None = None,
    style: str = "auto",
    location: Location | None = None,
) -> Stage:
    """`FermatTransform.forward` or `inverse`, on words, for every lane and fold of channels of every tile.

    x brings words (channels, tiles, length, length), tile after tile, row after row, the channels of a point together;
    so they leave, the first `size` = (rows, columns) points of every tile (default: all). A tile is taken, worked on
    for 2 log2(length) passes over all of its words, and leaves before the next one is taken. With `passes` only so many
    of these are made: the words after each stage of butterflies.
    """
    channels, tiles, length, _ = x.value.type.shape
    rows, columns = size or (length, length)
    folds, count = channels // x.lanes, 2 * transform.levels if passes is None else passes
    value = Value(name, TensorType((channels, tiles, rows, columns), x.value.type.range))
    return Stage(
        name=name,
        module="transform_engine",
        inputs=(x,),
        outputs=(Stream(name, value, raster_order(value.type.shape), x.lanes, value.type),),
        actors=(_schedule(length * length * folds, count, rows * columns * folds),),
        parameters={
            "bits": transform.ring.bits,
            "levels": transform.levels,
            "folds": folds,
            "rows": rows,
            "columns": columns,
            "is_inverse": int(is_inverse),
            "passes": count,
            "lanes": x.lanes,
            "memory_style": STYLES[style],
        },
        circuits={"map": butterfly_circuit(transform, transform.half(0), x.lanes, is_inverse=is_inverse)},
        location=location,
    )


def _schedule(words: int, passes: int, left: int) -> Stepper:
    """Steps that take the words of a tile, steps of the passes, steps that give what is left."""
    working = passes * (words + DRAIN_STEPS)
    consumes, emits = (np.zeros((1, words + working + left), bool) for _ in range(2))
    consumes[0, :words], emits[0, words + working :] = True, True
    return Stepper(consumes, emits)


def transform_engine_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, (x,) = stage.parameters, stage.inputs
    exponent = max(1, p["levels"] - 1)
    parameters = {
        "WIDTH": x.token_bits,
        "LEVELS": p["levels"],
        "FOLDS": p["folds"],
        "ROWS": p["rows"],
        "COLUMNS": p["columns"],
        "K": exponent,
        "IS_INVERSE": p["is_inverse"],
        "PASSES": p["passes"],
        "STYLE": p["memory_style"],
    }
    streams = {**handshake("s", "s"), **handshake("m", "m")}
    signals = {name: name for name in ("a", "b", "k", "sum", "difference")}
    ports = {"x": "{b, a}", "y": "{difference, sum}", **({"k": "k"} if p["levels"] > 1 else {})}
    body = [
        f"logic [{x.token_bits - 1}:0] a, b, sum, difference;",
        f"logic [{exponent - 1}:0] k;",
        instance(
            "transform_engine",
            "u_engine",
            parameters,
            {**CLOCK, **streams, **signals},
        ),
        circuit_instance(stage, "map", ports),
        *(["logic unused_k;", "assign unused_k = k;"] if p["levels"] == 1 else []),
    ]
    way = "inverse" if p["is_inverse"] else "forward"
    purpose = (
        f"{way} transform of {1 << p['levels']} x {1 << p['levels']} points modulo 2^{p['bits']} + 1 in place, "
        f"{p['lanes']} channels at a time, {p['folds']} folds."
    )
    return module_text(stage, purpose, body, [circuit_text(stage, "map", "A butterfly")])
