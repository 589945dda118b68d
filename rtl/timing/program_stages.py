"""Stages that follow a program: trees, lists, transforms."""

from __future__ import annotations

from collections.abc import Sequence

from mulfree.rtl.cost.memory import in_blocks
from mulfree.rtl.design import Stage
from mulfree.rtl.stages.sliding_window import STYLES
from mulfree.rtl.stages.text import address_bits
from mulfree.rtl.timing import parts
from mulfree.rtl.timing.paths import Offer, Offers, Paths, split
from mulfree.rtl.timing.signal import Signal


def top_k(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, index = stage.parameters, stage.outputs[0].element_bits
    return [parts.top_k_list(paths, p["k"], p["bits"], index, p["count"], given[0], readys[0])]


def tree_stack(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """The step's flags choose what meets, and what stays."""
    p, memory = stage.parameters, stage.memories["program"]
    flags = paths.spread(paths.rom(memory)[:1], p["bits"])
    below = paths.held if p["places"] == 1 else paths.ram(p["places"], p["bits"], "distributed", is_registered=False)
    top, data = paths.word(p["bits"]), given[0].data.reshape(-1)
    a, b = paths.table(flags, top, below), paths.table(flags, data, top)
    chosen = paths.circuit(stage, "choose", a=a.reshape(1, -1), b=b.reshape(1, -1), is_max=flags.reshape(1, 1))
    paths.data(paths.table(chosen.reshape(-1), data, flags))
    room = paths.room(readys[0])
    fire = paths.table(flags, given[0].valid, room, paths.held)
    paths.enables(fire, 2 * p["bits"] + memory.width)
    paths.counter(p["steps"], fire)
    if memory.depth > 1 and not in_blocks(memory, paths.target):
        paths.data(paths.looked_up(paths.table(paths.word(address_bits(memory.depth), memory.width), paths.held)))
    return [paths.table(flags, room, paths.held)]


def lazy_trees(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """A unit's sum, its value within bounds, and a node's decision, which leads to the next node's address."""
    p, (x, _) = stage.parameters, stage.circuits["lane"].inputs
    program = paths.rom(stage.memories["program"])
    _summed(paths, stage, program)
    paths.data(paths.circuit(stage, "clamp", **_registers(paths, stage, "clamp")))
    jumps = _decided(paths, stage, program)
    ends = paths.table(jumps, paths.room(readys[0]))
    paths.enables(ends, 2 * stage.circuits["clamp"].inputs[1].type.bits + (p["leaves"] - 1).bit_length())
    paths.counter(stage.memories["weights"].depth, ends)
    paths.enables(paths.table(given[0].valid, paths.held, paths.held), x.type.bits)
    return [paths.table(paths.held, paths.held, paths.held)]


def _registers(paths: Paths, stage: Stage, circuit: str) -> dict[str, Signal]:
    """Inputs of a circuit that all come from registers."""
    wires = stage.circuits[circuit].inputs
    return {wire.name: paths.lanes(wire.lanes, wire.type.element_bits) for wire in wires}


def _summed(paths: Paths, stage: Stage, program: Signal) -> None:
    """A word times its weights, added to the sum or to the bias."""
    lane, (state, share) = stage.circuits["lane"], stage.circuits["step"].inputs
    weights = split(lane, "w", paths.rom(stage.memories["weights"]))
    partial = paths.circuit(stage, "lane", **{**_registers(paths, stage, "lane"), "w": weights})
    bias = paths.table(program[-1:], paths.held, paths.held).to((1, state.type.element_bits))
    paths.data(paths.circuit(stage, "step", state=bias, partial=partial.to((1, share.type.element_bits))))


def _decided(paths: Paths, stage: Stage, program: Signal) -> Signal:
    """Whether the walk jumps; where it goes is looked up in the same cycle."""
    p, turns, bound = stage.parameters, program[2:3], stage.circuits["clamp"].inputs[1].type.element_bits
    places = (p["places"] - 1).bit_length()
    kept = paths.chosen(turns.to((places,)), p["places"]) if places else paths.held
    bounds = dict.fromkeys(("lower", "upper"), paths.table(kept, turns).to((1, bound)))
    inputs = {**_registers(paths, stage, "decide"), **bounds, "is_max": program[:1].reshape(1, 1)}
    decided = paths.outputs(stage, "decide", **inputs)
    jumps = paths.table(decided["is_decided"].reshape(-1), program[1:2], paths.held)
    node = paths.spread(paths.table(jumps, paths.held, paths.held), stage.memories["program"].width)
    address = node.to((max(1, (p["leaves"] - 1).bit_length()),))
    paths.data(paths.looked_up(address), decided["right_lower"], decided["right_upper"])
    return jumps


def butterflies(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    bits, circuit = stage.inputs[0].token_bits, stage.circuits["map"]
    inputs = {w.name: paths.lanes(w.lanes, w.type.element_bits) for w in circuit.inputs}
    made = Offer(paths.circuit(stage, "map", **inputs), paths.held)
    ready = parts.width_down(paths, bits, 2, made, readys[0])
    return [parts.width_up(paths, bits, 2, given[0], ready)]


def transform_engine(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """The word read and the one held meet in the butterfly and go back to memory."""
    p, bits = stage.parameters, stage.inputs[0].token_bits
    address = 2 * p["levels"] + (p["folds"] - 1).bit_length()
    style = next(name for name, number in STYLES.items() if number == p["memory_style"])
    word = paths.ram(1 << address, bits, style, is_registered=True)
    inputs = {
        w.name: word[:1].to((w.lanes, w.type.element_bits)) if w.name == "x" else paths.lanes(1, w.type.element_bits)
        for w in stage.circuits["map"].inputs
    }
    result = paths.circuit(stage, "map", **inputs)
    paths.data(paths.table(result.reshape(-1), paths.held, given[0].data.reshape(-1)[:1]))
    turned = paths.held
    for _ in range((2 * p["levels"]).bit_length()):
        turned = paths.table(turned, turned, paths.held)
    paths.data(paths.table(paths.spread(turned, bits), paths.held))
    paths.counter(1 << 2 * p["levels"], paths.table(given[0].valid, readys[0], paths.held))
    return [paths.table(paths.held, paths.held)]
