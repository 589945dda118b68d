"""Every kind of stage: when its outputs are there, and what it makes of its inputs and of the room behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mulfree.rtl.actors import Buffered
from mulfree.rtl.cost.stages import is_constant
from mulfree.rtl.design import Stage
from mulfree.rtl.pipeline import pipeline
from mulfree.rtl.stages.reorder import LOOPS
from mulfree.rtl.stages.sliding_window import STYLES, scan_of
from mulfree.rtl.stages.spatial_shift import plan_of
from mulfree.rtl.stages.text import address_bits
from mulfree.rtl.timing import parts
from mulfree.rtl.timing.paths import Offer, Paths, split
from mulfree.rtl.timing.signal import NEVER, Signal, joined, leaf

Offers = Sequence[Offer]
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


def _finished(paths: Paths, stage: Stage) -> Signal:
    """A result's circuit behind its register."""
    (total,) = stage.circuits["finish"].inputs
    return paths.circuit(stage, "finish", total=paths.lanes(total.lanes, total.type.element_bits))


def _threshold_out(paths: Paths, stage: Stage) -> Signal:
    """The last comparison, and what its bits mean, behind the last level's registers."""
    reached = _reached(paths, stage)
    inputs = {"found": _found(paths, stage, reached), "falls": paths.lanes(stage.parameters["lanes"], 1)}
    wanted = {wire.name for wire in stage.circuits["finish"].inputs}
    return paths.circuit(stage, "finish", **{name: x for name, x in inputs.items() if name in wanted})


def _reached(paths: Paths, stage: Stage) -> Signal:
    x, t = stage.circuits["compare"].inputs
    is_known = stage.parameters["folds"] == 1 and stage.parameters["levels"] == 1
    threshold = leaf(NEVER, (t.lanes, t.type.element_bits)) if is_known else paths.lanes(t.lanes, t.type.element_bits)
    return paths.circuit(stage, "compare", x=paths.lanes(x.lanes, x.type.element_bits), t=threshold)


def _found(paths: Paths, stage: Stage, reached: Signal) -> Signal:
    levels = stage.parameters["levels"]
    before = paths.lanes(stage.parameters["lanes"], levels - 1) if levels > 1 else None
    return joined([reached, before]) if before else reached


def _recoded(paths: Paths, stage: Stage) -> Signal:
    """A word of memory as it is sent, or padding."""
    (x,) = stage.circuits["recode"].inputs
    word = _remembered(paths, stage)
    y = paths.circuit(stage, "recode", x=word.reshape(x.lanes, x.type.element_bits))
    return paths.table(y, paths.held) if _may_pad(stage) else y


def _remembered(paths: Paths, stage: Stage) -> Signal:
    """A word of memory."""
    p = stage.parameters
    style = next(name for name, number in STYLES.items() if number == p["memory_style"])
    return paths.ram(p["depth"], stage.inputs[0].token_bits, style, is_registered=True)


def _may_pad(stage: Stage) -> bool:
    return stage.module == "spatial_shift" or (stage.module == "sliding_window" and scan_of(stage).window.is_padded)


def _queued(paths: Paths, stage: Stage) -> Signal:
    p = stage.parameters
    return paths.ram(p["depth"], p["bits"], "distributed", is_registered=False)


def _gathered(paths: Paths, stage: Stage) -> Signal:
    (x,) = stage.circuits["gather"].inputs
    y = paths.circuit(stage, "gather", x=paths.lanes(x.lanes, x.type.element_bits))
    return y if stage.parameters["down"] == 1 else paths.word(stage.outputs[0].token_bits)


def _engine_out(paths: Paths, stage: Stage) -> Signal:
    return paths.table(paths.word(stage.outputs[0].token_bits).after(paths.delays.block), paths.held, paths.held)


_LAUNCHES: dict[str, Launch] = {
    "attentional_matrix": _finished,
    "matrix_vector": _finished,
    "channelwise": _finished,
    "sparse_matrix": _finished,
    "lazy_trees": _finished,
    "threshold": _threshold_out,
    "sliding_window": _recoded,
    "spatial_shift": _recoded,
    "reorder": _remembered,
    "fifo": _queued,
    "channel_gather": _gathered,
    "transform_engine": _engine_out,
}
"""Kinds whose outputs do not come from registers directly."""


def _mapped(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """A circuit, and a register behind it."""
    names = [wire.name for wire in stage.circuits["map"].inputs]
    paths.data(paths.circuit(stage, "map", **{name: x.data for name, x in zip(names, given, strict=True)}))
    valid = paths.table(*(x.valid for x in given))
    s_ready = paths.register(stage.outputs[0].token_bits, valid, readys[0])
    return [s_ready if len(given) == 1 else paths.table(s_ready, valid)] * len(given)


def _affine(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    if not stage.memories:
        return _mapped(paths, stage, given, readys)
    x, *constants = stage.circuits["map"].inputs
    memory = stage.memories["weights"]
    word, low, inputs = paths.rom(memory), 0, {"x": paths.lanes(x.lanes, x.type.element_bits)}
    for wire in constants:
        inputs[wire.name] = word[low : low + wire.type.bits].reshape(wire.lanes, wire.type.element_bits)
        low += wire.type.bits
    paths.data(paths.circuit(stage, "map", **inputs))
    ready = paths.register(stage.outputs[0].token_bits, paths.held, readys[0])
    return [parts.vector_fetch(paths, x.type.bits, 1, 1, memory.depth, given[0], ready, memory.width)]


def _pipelined(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """Registers share the way: the longest part has as many of the levels as lie between two of them."""
    registers, circuit = stage.parameters["registers"], stage.circuits["map"]
    whole = paths.circuit(stage, "map", x=given[0].data).latest - given[0].data.latest
    cut = pipeline(circuit, paths.target.name, registers)
    levels = [b - a for a, b in zip((0, *cut.cuts), cut.cuts, strict=False)]
    share = max(levels, default=0) / max(1, cut.cuts[-1])
    paths.data(given[0].data.after(whole * share))
    ready = readys[0]
    for _ in range(registers):
        ready = paths.table(paths.held, ready)
        paths.enables(ready, cut.bits // registers)
    return [ready]


def _reduced(
    paths: Paths, stage: Stage, partial: Signal, steps: int, valid: Signal, ready: Signal, last: Signal | None = None
) -> Signal:
    """The end of a reducing stage; gives step_ready."""
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


def _matrix_vector(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, memory, (x, w) = stage.parameters, stage.memories["weights"], stage.circuits["lane"].inputs
    if is_constant(stage):
        constants = leaf(NEVER, (w.lanes, w.type.element_bits))
        data = paths.spread(given[0].data, p["pe"])
        partial = paths.circuit(stage, "lane", x=data, w=constants)
        return [_reduced(paths, stage, partial, p["input_folds"], given[0].valid, readys[0])]
    words = paths.lanes(x.lanes, x.type.element_bits, p["pe"])
    partial = paths.circuit(stage, "lane", x=words, w=split(stage.circuits["lane"], "w", paths.rom(memory)))
    ready = _reduced(paths, stage, partial, p["input_folds"], paths.held, readys[0])
    folds = p["input_folds"], p["output_folds"]
    return [parts.vector_fetch(paths, x.type.bits, *folds, memory.depth, given[0], ready, memory.width)]


def _attentional_matrix(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """As `_matrix_vector`, with a register for the token that modifies the weights, or none of either."""
    p, memory, (x, w, a) = stage.parameters, stage.memories["weights"], stage.circuits["lane"].inputs
    lane = stage.circuits["lane"]
    if memory.depth == 1:
        attention = split(lane, "a", given[1].data)
        constants = leaf(NEVER, (w.lanes, w.type.element_bits))
        partial = paths.circuit(stage, "lane", x=given[0].data, w=constants, a=attention)
        both = paths.table(given[0].valid, given[1].valid)
        return [paths.table(_reduced(paths, stage, partial, 1, both, readys[0]), both)] * 2
    words, attention = (paths.lanes(y.lanes, y.type.element_bits, p["pe"]) for y in (x, a))
    partial = paths.circuit(stage, "lane", x=words, w=split(lane, "w", paths.rom(memory)), a=attention)
    ready = _reduced(paths, stage, partial, p["input_folds"], paths.held, readys[0])
    allowed = Offer(given[0].data, paths.table(given[0].valid, given[1].valid))
    folds = p["input_folds"], p["output_folds"]
    fetched = parts.vector_fetch(paths, x.type.bits, *folds, memory.depth, allowed, ready, memory.width)
    return [fetched, paths.table(fetched, given[0].valid)]


def _channelwise(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, memory, (x, *weights) = stage.parameters, stage.memories.get("weights"), stage.circuits["lane"].inputs
    stored = memory is not None and memory.depth > 1
    data = paths.lanes(x.lanes, x.type.element_bits) if stored else given[0].data
    inputs = {"x": data}
    if weights and memory is not None:
        inputs["w"] = split(stage.circuits["lane"], "w", paths.rom(memory))
    partial = paths.circuit(stage, "lane", **inputs)
    last = None if stored else paths.ends(p["taps"])
    valid = paths.held if stored else given[0].valid
    ready = _reduced(paths, stage, partial, p["taps"], valid, readys[0], last)
    if memory is None or not stored:
        paths.counter(p["taps"], paths.table(valid, ready))
        return [ready]
    return [parts.vector_fetch(paths, x.type.bits, p["taps"], 1, memory.depth, given[0], ready, memory.width)]


def _threshold(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """Each level's comparison chooses the next level's threshold."""
    p, (x, _) = stage.parameters, stage.circuits["compare"].inputs
    ready, reached = readys[0], _reached(paths, stage)
    for level in reversed(range(p["levels"])):
        memory = stage.memories[f"level_{level}_lane_0"]
        folds = max(0, (p["folds"] - 1).bit_length())
        below = paths.lanes(p["lanes"], max(1, level - 1))
        found = joined([reached, below]) if level > 1 else reached
        fold = paths.word(folds, memory.width * p["lanes"]) if folds else None
        address = [found[0]] if level else []
        whole = joined([*address, *([fold] if fold else [])]) if address or fold else None
        if whole is not None and memory.depth > 1:
            paths.data(whole if _is_block(paths, stage, level) else paths.looked_up(whole))
        ready = paths.room(ready)
        paths.enables(paths.table(ready, paths.held), x.type.bits + memory.width * p["lanes"])
        paths.counter(p["folds"], paths.table(ready, paths.held))
    return [ready]


def _is_block(paths: Paths, stage: Stage, level: int) -> bool:
    from mulfree.rtl.cost.memory import in_blocks

    return in_blocks(stage.memories[f"level_{level}_lane_0"], paths.target)


def _converted(paths: Paths, up: int, down: int, bits: int, out: int, given: Offer, ready: Signal) -> Signal:
    """Wider, narrower, or a register where neither; see `widening_text` and `narrowing_text`."""
    if up > 1 and down == 1:
        return parts.width_up(paths, bits, up, given, ready)
    wide = Offer(paths.word(bits * up), paths.held) if up > 1 else given
    if down > 1:
        ready = parts.width_down(paths, out, down, wide, ready)
    else:
        paths.data(given.data)
        ready = paths.register(out, given.valid, ready)
    return parts.width_up(paths, bits, up, given, ready) if up > 1 else ready


def _width_converter(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p = stage.parameters
    return [_converted(paths, p["up"], p["down"], p["bits"], stage.outputs[0].token_bits, given[0], readys[0])]


def _channel_gather(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, bits = stage.parameters, stage.inputs[0].token_bits
    return [_converted(paths, p["up"], p["down"], bits, stage.outputs[0].token_bits, given[0], readys[0])]


def _fork(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    return [parts.stream_fork(paths, stage.parameters["bits"], given[0], list(readys))]


def _fifo(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    return [parts.stream_fifo(paths, stage.parameters["bits"], stage.parameters["depth"], given[0], readys[0])]


def _concat(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    words = [paths.circuit(stage, f"recode_{i}", x=x.data) for i, x in enumerate(given)]
    run = max(stage.parameters[f"run_{i}"] for i in range(len(given)))
    bits = stage.outputs[0].token_bits
    s_ready = parts.concat_streams(paths, bits, words, [x.valid for x in given], run, readys[0])
    return [s_ready] * len(given)


def _pad(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p = stage.parameters
    bits = max(p["rows"], p["columns"], p["folds"]).bit_length() + 1
    word = Offer(paths.circuit(stage, "recode", x=given[0].data), given[0].valid)
    return [parts.pad_map(paths, stage.outputs[0].token_bits, bits, word, readys[0])]


def _top_k(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, index = stage.parameters, stage.outputs[0].element_bits
    return [parts.top_k_list(paths, p["k"], p["bits"], index, p["count"], given[0], readys[0])]


def _sliding_window(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    return _window(paths, stage, max(scan_of(stage).counts), given, readys)


def _reorder(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    (actor,) = stage.actors
    assert isinstance(actor, Buffered)
    return _window(paths, stage, max(stage.parameters[f"count_{i}"] for i in range(LOOPS)), given, readys)


def _window(paths: Paths, stage: Stage, longest: int, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, x = stage.parameters, stage.inputs[0]
    index = (2 * max(x.tokens, p["depth"])).bit_length() + 2
    address = max(1, p["depth"].bit_length() - 1)
    bits = x.token_bits
    return [parts.window_buffer(paths, index, longest.bit_length(), address, bits, given[0], readys[0])]


def _spatial_shift(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    plan, p = plan_of(stage), stage.parameters
    address = max(1, p["depth"].bit_length() - 1)
    parts.shift_bank(paths, address, plan.place_bits(), plan.folds)
    bits = plan.index_bits(), plan.place_bits()
    return [parts.shift_control(paths, *bits, plan.folds, address, given[0], readys[0])]


def _sparse_matrix(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """The list's word is the address of every port's memory."""
    p, (x, w), memory = stage.parameters, stage.circuits["lane"].inputs, stage.memories["weights"]
    places = max(1, (p["words"] - 1).bit_length())
    listed = paths.rom(memory)
    read = paths.ram(2 << places, x.type.element_bits, "auto", is_registered=True)
    paths.data(paths.chosen(listed[:places].to((places,)), 2 << places - 1))
    words = read.reshape(1, -1).to((x.lanes, x.type.element_bits))
    partial = paths.circuit(stage, "lane", x=words, w=paths.lanes(w.lanes, w.type.element_bits))
    ready = _reduced(paths, stage, partial, p["longest"], paths.held, readys[0])
    bits = p["pe"] * p["ports"] * (x.type.element_bits + p["code_bits"])
    return [parts.gather_control(paths, p["words"], p["steps"], bits, given[0], ready)]


def _tree_stack(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
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
    if memory.depth > 1 and not _is_table_free(paths, stage):
        paths.data(paths.looked_up(paths.table(paths.word(address_bits(memory.depth), memory.width), paths.held)))
    return [paths.table(flags, room, paths.held)]


def _is_table_free(paths: Paths, stage: Stage) -> bool:
    from mulfree.rtl.cost.memory import in_blocks

    return in_blocks(stage.memories["program"], paths.target)


def _lazy_trees(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    """A node's decision leads to the next node's address in one cycle."""
    p, (x, _) = stage.parameters, stage.circuits["lane"].inputs
    weights = split(stage.circuits["lane"], "w", paths.rom(stage.memories["weights"]))
    partial = paths.circuit(stage, "lane", x=paths.lanes(x.lanes, x.type.element_bits), w=weights)
    program = paths.rom(stage.memories["program"])
    state, share = stage.circuits["step"].inputs
    bias = paths.table(program[-1:], paths.held, paths.held).to((1, state.type.element_bits))
    paths.data(paths.circuit(stage, "step", state=bias, partial=partial.to((1, share.type.element_bits))))
    sums, lower, upper = stage.circuits["clamp"].inputs
    clamp = {w.name: paths.lanes(1, w.type.element_bits) for w in (sums, lower, upper)}
    paths.data(paths.circuit(stage, "clamp", **clamp))
    turns = program[2:3]
    depth = p["places"]
    bound = lower.type.element_bits
    kept = paths.chosen(turns.to((max(1, (depth - 1).bit_length()),)), depth) if depth > 1 else paths.held
    kept = paths.table(kept, turns).to((1, bound))
    decided = paths.outputs(
        stage,
        "decide",
        value=paths.lanes(1, sums.type.element_bits if False else stage.circuits["decide"].inputs[0].type.element_bits),
        lower=kept,
        upper=kept,
        is_max=program[:1].reshape(1, 1),
    )
    jumps = paths.table(decided["is_decided"].reshape(-1), program[1:2], paths.word(3)[:1])
    node = paths.spread(paths.table(jumps, paths.held, paths.held), stage.memories["program"].width)
    leaves = max(1, (p["leaves"] - 1).bit_length())
    paths.data(paths.looked_up(node.to((leaves,))), decided["right_lower"], decided["right_upper"])
    ends = paths.table(jumps, paths.room(readys[0]))
    paths.enables(ends, 2 * bound + leaves)
    paths.counter(stage.memories["weights"].depth, ends)
    paths.enables(paths.table(given[0].valid, paths.held, paths.held), x.type.bits)
    return [paths.table(paths.held, paths.held, paths.held)]


def _butterflies(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    bits, circuit = stage.inputs[0].token_bits, stage.circuits["map"]
    inputs = {w.name: paths.lanes(w.lanes, w.type.element_bits) for w in circuit.inputs}
    made = Offer(paths.circuit(stage, "map", **inputs), paths.held)
    ready = parts.width_down(paths, bits, 2, made, readys[0])
    return [parts.width_up(paths, bits, 2, given[0], ready)]


def _transform_engine(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
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


def _spectrum_product(paths: Paths, stage: Stage, given: Offers, readys: Sequence[Signal]) -> list[Signal]:
    p, memory, circuit = stage.parameters, stage.memories["weights"], stage.circuits["step"]
    inputs = {w.name: paths.lanes(w.lanes, w.type.element_bits, p["pe"]) for w in circuit.inputs}
    inputs["w"] = split(circuit, "w", paths.rom(memory))
    following = paths.outputs(stage, "step", **inputs)["next"].to((p["pe"], p["bits"] + 1))
    last = paths.ends(p["digits"] * p["input_folds"])
    ready = parts.step_reduce(paths, following, paths.held, last, readys[0])
    folds = p["input_folds"], p["output_folds"] * p["digits"]
    return [parts.vector_fetch(paths, stage.inputs[0].token_bits, *folds, memory.depth, given[0], ready, memory.width)]


KINDS: dict[str, Settle] = {
    **dict.fromkeys(("add", "clamp", "from_words", "leaky", "lookup", "remainders", "to_words"), _mapped),
    "affine": _affine,
    "attentional_matrix": _attentional_matrix,
    "butterflies": _butterflies,
    "channel_gather": _channel_gather,
    "channelwise": _channelwise,
    "concat": _concat,
    "constant_layer": _pipelined,
    "constant_matrix": _pipelined,
    "fifo": _fifo,
    "fork": _fork,
    "lazy_trees": _lazy_trees,
    "matrix_vector": _matrix_vector,
    "pad": _pad,
    "reorder": _reorder,
    "sliding_window": _sliding_window,
    "sparse_matrix": _sparse_matrix,
    "spatial_shift": _spatial_shift,
    "spectrum_product": _spectrum_product,
    "threshold": _threshold,
    "top_k": _top_k,
    "transform_engine": _transform_engine,
    "tree_stack": _tree_stack,
    "width_converter": _width_converter,
}
