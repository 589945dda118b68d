"""When the data of outputs are there, in kinds of stages that compute behind their registers."""

from __future__ import annotations

from mulfree.rtl.design import Stage
from mulfree.rtl.stages.sliding_window import STYLES, scan_of
from mulfree.rtl.timing.paths import Paths
from mulfree.rtl.timing.signal import NEVER, Signal, joined, leaf


def finished(paths: Paths, stage: Stage) -> Signal:
    """A result's circuit behind its register."""
    (total,) = stage.circuits["finish"].inputs
    return paths.circuit(stage, "finish", total=paths.lanes(total.lanes, total.type.element_bits))


def threshold_out(paths: Paths, stage: Stage) -> Signal:
    """The last comparison, and what its bits mean, behind the last level's registers."""
    reached = thresholds_reached(paths, stage)
    inputs = {"found": _found(paths, stage, reached), "falls": paths.lanes(stage.parameters["lanes"], 1)}
    wanted = {wire.name for wire in stage.circuits["finish"].inputs}
    return paths.circuit(stage, "finish", **{name: x for name, x in inputs.items() if name in wanted})


def thresholds_reached(paths: Paths, stage: Stage) -> Signal:
    x, t = stage.circuits["compare"].inputs
    is_known = stage.parameters["folds"] == 1 and stage.parameters["levels"] == 1
    threshold = leaf(NEVER, (t.lanes, t.type.element_bits)) if is_known else paths.lanes(t.lanes, t.type.element_bits)
    return paths.circuit(stage, "compare", x=paths.lanes(x.lanes, x.type.element_bits), t=threshold)


def _found(paths: Paths, stage: Stage, reached: Signal) -> Signal:
    levels = stage.parameters["levels"]
    before = paths.lanes(stage.parameters["lanes"], levels - 1) if levels > 1 else None
    return joined([reached, before]) if before else reached


def recoded(paths: Paths, stage: Stage) -> Signal:
    """A word of memory as it is sent, or padding."""
    (x,) = stage.circuits["recode"].inputs
    word = remembered(paths, stage)
    y = paths.circuit(stage, "recode", x=word.reshape(x.lanes, x.type.element_bits))
    return paths.table(y, paths.held) if _may_pad(stage) else y


def remembered(paths: Paths, stage: Stage) -> Signal:
    """A word of memory."""
    p = stage.parameters
    style = next(name for name, number in STYLES.items() if number == p["memory_style"])
    return paths.ram(p["depth"], stage.inputs[0].token_bits, style, is_registered=True)


def _may_pad(stage: Stage) -> bool:
    return stage.module == "spatial_shift" or (stage.module == "sliding_window" and scan_of(stage).window.is_padded)


def queued(paths: Paths, stage: Stage) -> Signal:
    p = stage.parameters
    return paths.ram(p["depth"], p["bits"], "distributed", is_registered=False)


def gathered(paths: Paths, stage: Stage) -> Signal:
    (x,) = stage.circuits["gather"].inputs
    y = paths.circuit(stage, "gather", x=paths.lanes(x.lanes, x.type.element_bits))
    return y if stage.parameters["down"] == 1 else paths.word(stage.outputs[0].token_bits)


def engine_out(paths: Paths, stage: Stage) -> Signal:
    return paths.table(paths.word(stage.outputs[0].token_bits).after(paths.delays.block), paths.held, paths.held)
