"""Stages that reduce: matrices, pools, products of spectra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mulfree.rtl.cost.stages import is_constant
from mulfree.rtl.design import Stage
from mulfree.rtl.stages.lane_registers import lane_pipeline
from mulfree.rtl.timing import parts
from mulfree.rtl.timing.paths import Offer, Offers, Paths, split
from mulfree.rtl.timing.signal import NEVER, Signal, leaf


def _share(paths: Paths, stage: Stage, **inputs: Signal) -> Signal:
    """A step's share where it is added up: out of the lane, or from its last register on.

    Registers share the way through the lane as the levels of logic are shared.
    """
    share, registers = paths.circuit(stage, "lane", **inputs), stage.parameters["registers"]
    if not registers:
        return share
    begin = max(x.latest for x in inputs.values())
    cut, whole = lane_pipeline(stage, paths.target.name), share.latest - begin
    paths.data(leaf(begin + whole * cut.longest))
    return paths.lanes(*share.shape).after(whole * cut.rest)


def _before_registers(paths: Paths, stage: Stage, ready: Signal) -> Signal:
    """step_ready, from share_ready."""
    registers = stage.parameters["registers"]
    if not registers:
        return ready
    bits = lane_pipeline(stage, paths.target.name).bits * stage.parameters.get("lane_copies", 1)
    return parts.enabled(paths, registers, bits // registers, ready)


def _reduced(
    paths: Paths, stage: Stage, partial: Signal, steps: int, valid: Signal, ready: Signal, last: Signal | None = None
) -> Signal:
    """The end of a reducing stage; gives step_ready."""
    if stage.parameters.get("registers"):
        valid, last = paths.held, None
    return _before_registers(paths, stage, _summed(paths, stage, partial, steps, valid, ready, last))


def _summed(
    paths: Paths, stage: Stage, partial: Signal, steps: int, valid: Signal, ready: Signal, last: Signal | None
) -> Signal:
    if steps == 1:
        paths.data(partial)
        return paths.register(partial.at.size, valid, ready)
    state, share = stage.circuits["step"].inputs
    following = paths.circuit(
        stage,
        "step",
        state=paths.lanes(state.lanes, state.type.element_bits),
        partial=partial.reshape(-1, share.type.element_bits)[np.arange(share.lanes) % partial.shape[0]],
    )
    return parts.step_reduce(paths, following, valid, paths.held if last is None else last, ready)


def matrix_vector(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, memory, (x, w) = stage.parameters, stage.memories["weights"], stage.circuits["lane"].inputs
    if is_constant(stage):
        constants = leaf(NEVER, (w.lanes, w.type.element_bits))
        data = paths.spread(given[0].data, p["pe"])
        partial = _share(paths, stage, x=data, w=constants)
        return [_reduced(paths, stage, partial, p["input_folds"], given[0].valid, readys[0])]
    words = paths.lanes(x.lanes, x.type.element_bits, p["pe"])
    partial = _share(paths, stage, x=words, w=split(stage.circuits["lane"], "w", paths.rom(memory)))
    ready = _reduced(paths, stage, partial, p["input_folds"], paths.held, readys[0])
    folds = p["input_folds"], p["output_folds"]
    return [parts.vector_fetch(paths, x.type.bits, *folds, memory.depth, given[0], ready, memory.width)]


def attentional_matrix(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """As `matrix_vector`, with a register for the token that modifies the weights, or none of either."""
    p, memory, (x, w, a) = stage.parameters, stage.memories["weights"], stage.circuits["lane"].inputs
    lane = stage.circuits["lane"]
    if memory.depth == 1:
        attention = split(lane, "a", given[1].data)
        constants = leaf(NEVER, (w.lanes, w.type.element_bits))
        partial = _share(paths, stage, x=given[0].data, w=constants, a=attention)
        both = paths.table(given[0].valid, given[1].valid)
        return [paths.table(_reduced(paths, stage, partial, 1, both, readys[0]), both)] * 2
    words, attention = (paths.lanes(y.lanes, y.type.element_bits, p["pe"]) for y in (x, a))
    partial = _share(paths, stage, x=words, w=split(lane, "w", paths.rom(memory)), a=attention)
    ready = _reduced(paths, stage, partial, p["input_folds"], paths.held, readys[0])
    allowed = Offer(given[0].data, paths.table(given[0].valid, given[1].valid))
    folds = p["input_folds"], p["output_folds"]
    fetched = parts.vector_fetch(paths, x.type.bits, *folds, memory.depth, allowed, ready, memory.width)
    return [fetched, paths.table(fetched, given[0].valid)]


def channelwise(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, memory, (x, *weights) = stage.parameters, stage.memories.get("weights"), stage.circuits["lane"].inputs
    stored = memory is not None and memory.depth > 1
    data = paths.lanes(x.lanes, x.type.element_bits) if stored else given[0].data
    inputs = {"x": data}
    if weights and memory is not None:
        inputs["w"] = split(stage.circuits["lane"], "w", paths.rom(memory))
    partial = _share(paths, stage, **inputs)
    last = None if stored else paths.ends(p["taps"])
    valid = paths.held if stored else given[0].valid
    ready = _reduced(paths, stage, partial, p["taps"], valid, readys[0], last)
    if memory is None or not stored:
        paths.counter(p["taps"], paths.table(valid, ready))
        return [ready]
    return [parts.vector_fetch(paths, x.type.bits, p["taps"], 1, memory.depth, given[0], ready, memory.width)]


def sparse_matrix(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """The list's word is the address of every port's memory."""
    p, (x, w), memory = stage.parameters, stage.circuits["lane"].inputs, stage.memories["weights"]
    places = max(1, (p["words"] - 1).bit_length())
    listed = paths.rom(memory)
    read = paths.ram(2 << places, x.type.element_bits, "auto", is_registered=True)
    paths.data(paths.chosen(listed[:places].to((places,)), 2 << places - 1))
    words = read.reshape(1, -1).to((x.lanes, x.type.element_bits))
    partial = _share(paths, stage, x=words, w=paths.lanes(w.lanes, w.type.element_bits))
    ready = _reduced(paths, stage, partial, p["longest"], paths.held, readys[0])
    bits = p["pe"] * p["ports"] * (x.type.element_bits + p["code_bits"])
    return [parts.gather_control(paths, p["words"], p["steps"], bits, given[0], ready)]


def spectrum_product(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, memory, circuit = stage.parameters, stage.memories["weights"], stage.circuits["step"]
    inputs = {w.name: paths.lanes(w.lanes, w.type.element_bits, p["pe"]) for w in circuit.inputs}
    inputs["w"] = split(circuit, "w", paths.rom(memory))
    following = paths.outputs(stage, "step", **inputs)["next"].to((p["pe"], p["bits"] + 1))
    last = paths.ends(p["digits"] * p["input_folds"])
    ready = parts.step_reduce(paths, following, paths.held, last, readys[0])
    folds = p["input_folds"], p["output_folds"] * p["digits"]
    return [parts.vector_fetch(paths, stage.inputs[0].token_bits, *folds, memory.depth, given[0], ready, memory.width)]
