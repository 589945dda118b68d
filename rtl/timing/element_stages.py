"""Stages that take each element by itself, and thresholds."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.rtl.cost.memory import in_blocks
from mulfree.rtl.design import Stage
from mulfree.rtl.pipeline import pipeline
from mulfree.rtl.timing import parts
from mulfree.rtl.timing.launch import thresholds_reached
from mulfree.rtl.timing.parts import enabled
from mulfree.rtl.timing.paths import Offers, Paths
from mulfree.rtl.timing.signal import Signal, joined


def mapped(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """A circuit, and a register behind it."""
    names = [wire.name for wire in stage.circuits["map"].inputs]
    paths.data(paths.circuit(stage, "map", **{name: x.data for name, x in zip(names, given, strict=True)}))
    valid = paths.table(*(x.valid for x in given))
    s_ready = paths.register(stage.outputs[0].token_bits, valid, readys[0])
    return [s_ready if len(given) == 1 else paths.table(s_ready, valid)] * len(given)


def affine(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    if stage.parameters["registers"] > 1:
        return cut(paths, stage, given, readys)
    if not stage.memories:
        return mapped(paths, stage, given, readys)
    paths.data(paths.circuit(stage, "map", **_fetched(paths, stage)))
    return _behind_a_fetch(paths, stage, given, paths.register(stage.outputs[0].token_bits, paths.held, readys[0]))


def _fetched(paths: Paths, stage: Stage) -> dict[str, Signal]:
    """A token and its constants, out of the registers of a fetch."""
    x, *constants = stage.circuits["map"].inputs
    word, low = paths.rom(stage.memories["weights"]), 0
    inputs = {"x": paths.lanes(x.lanes, x.type.element_bits)}
    for wire in constants:
        inputs[wire.name] = word[low : low + wire.type.bits].reshape(wire.lanes, wire.type.element_bits)
        low += wire.type.bits
    return inputs


def _behind_a_fetch(paths: Paths, stage: Stage, given: Offers, ready: Signal) -> list[Signal]:
    memory, bits = stage.memories["weights"], stage.circuits["map"].inputs[0].type.bits
    return [parts.vector_fetch(paths, bits, 1, 1, memory.depth, given[0], ready, memory.width)]


def pipelined(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    return [_in_parts(paths, stage, {"x": given[0].data}, readys[0])]


def cut(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """Registers in the circuit, behind a fetch where channels differ."""
    if not stage.memories:
        return pipelined(paths, stage, given, readys)
    return _behind_a_fetch(paths, stage, given, _in_parts(paths, stage, _fetched(paths, stage), readys[0]))


def _in_parts(paths: Paths, stage: Stage, inputs: dict[str, Signal], ready: Signal) -> Signal:
    """Registers share the way: the longest part has as many of the levels as lie between two of them."""
    registers, circuit = stage.parameters["registers"], stage.circuits["map"]
    whole = paths.circuit(stage, "map", **inputs).latest - inputs["x"].latest
    cut = pipeline(circuit, paths.target.name, registers)
    paths.data(inputs["x"].after(whole * cut.longest))
    return enabled(paths, registers, cut.bits // registers, ready)


def threshold(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """Each level's comparison chooses the next level's threshold."""
    p, (x, _) = stage.parameters, stage.circuits["compare"].inputs
    ready, reached = readys[0], thresholds_reached(paths, stage)
    for level in reversed(range(p["levels"])):
        memory = stage.memories[f"level_{level}_lane_0"]
        folds = max(0, (p["folds"] - 1).bit_length())
        below = paths.lanes(p["lanes"], max(1, level - 1))
        found = joined([reached, below]) if level > 1 else reached
        fold = paths.word(folds, memory.width * p["lanes"]) if folds else None
        address = [found[0]] if level else []
        whole = joined([*address, *([fold] if fold else [])]) if address or fold else None
        if whole is not None and memory.depth > 1:
            paths.data(whole if in_blocks(memory, paths.target) else paths.looked_up(whole))
        ready = paths.room(ready)
        paths.enables(paths.table(ready, paths.held), x.type.bits + memory.width * p["lanes"])
        paths.counter(p["folds"], paths.table(ready, paths.held))
    return [ready]
