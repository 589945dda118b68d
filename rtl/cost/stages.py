"""Terms of every kind of stage: its library modules, its memories, its circuits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from mulfree.rtl.actors import Buffered
from mulfree.rtl.circuit import Wire
from mulfree.rtl.cost.calibration import calibration
from mulfree.rtl.cost.chains import CARRY4
from mulfree.rtl.cost.circuit import circuit_terms, registered_terms
from mulfree.rtl.cost.cost import Cost
from mulfree.rtl.cost.mapping import MOST_COPIED_BITS, NOTHING_HELD, Held, is_mapped, mapped
from mulfree.rtl.cost.memory import LONG, column_bits, copied_ram_terms, ram_terms, rom_terms
from mulfree.rtl.cost.parts import (
    concat_streams,
    counter,
    gather_control,
    lazy_trees_unit,
    pad_map,
    register,
    registers,
    shift_bank,
    shift_control,
    step_reduce,
    stream_fifo,
    stream_fork,
    threshold_level,
    top_k_list,
    tree_stack_unit,
    vector_fetch,
    width_down,
    width_up,
    window_control,
)
from mulfree.rtl.cost.target import TARGETS, Target, target_named
from mulfree.rtl.cost.terms import NOTHING, Terms
from mulfree.rtl.design import Memory, Stage
from mulfree.rtl.pipeline import register_bits, vectors_of
from mulfree.rtl.stages.lane_registers import lane_pipeline
from mulfree.rtl.stages.reorder import LOOPS
from mulfree.rtl.stages.sliding_window import STYLES, gains, index_bits, scan_of, steps_of
from mulfree.rtl.stages.spatial_shift import plan_of


def stage_cost(stage: Stage, target: str) -> Cost:
    """The stage by itself, unplaced. Raises CompileError for an unknown target."""
    terms, kind = stage_terms(stage, target_named(target)), calibrated_kind(stage)
    as_gates = calibration("asic", kind).cost(stage_terms(stage, TARGETS["asic"])).gates
    return replace(calibration(target, kind).cost(terms), gates=as_gates)


def calibrated_kind(stage: Stage) -> str:
    """The row of the table: the module; constants in the logic itself and lanes that choose taps have their own."""
    if is_constant(stage):
        return "constant_lanes" if stage.inputs[0].element_bits == 1 else "constant_word_lanes"
    if stage.module == "matrix_vector" and stage.inputs[0].lanes != stage.parameters["simd"]:
        return "tap_matrix"
    return "constant_affine" if stage.module == "affine" and not stage.memories else stage.module


def is_constant(stage: Stage) -> bool:
    """Whether a matrix's weights stand in the logic itself."""
    return stage.module == "matrix_vector" and stage.memories["weights"].depth == 1


def stage_terms(stage: Stage, target: Target) -> Terms:
    """What is known of the stage, and the amounts that calibration weighs."""
    return _KINDS[stage.module](stage, target)


def _circuits(stage: Stage, target: Target, constants: Collection[str] = (), held: Held = NOTHING_HELD) -> Terms:
    """Every circuit, as often as parameter <circuit>_copies says."""
    result = NOTHING
    for name, circuit in stage.circuits.items():
        terms = circuit_terms(circuit, target.name, constants, held)
        result += terms.times(stage.parameters.get(f"{name}_copies", 1))
    return result


def _constant_lanes(stage: Stage, target: Target) -> Terms:
    """The lanes of each output with weights of their own; of very many outputs, of some of them."""
    word, circuits = column_bits(stage.memories["weights"]), dict(stage.circuits)
    lane = circuits.pop("lane")
    bits = next(wire.type.bits for wire in lane.inputs if wire.name == "w")
    copies = stage.parameters["lane_copies"]
    if is_mapped(lane):
        seen = min(copies, 1 + MOST_COPIED_BITS // sum(wire.type.bits for wire in lane.wires))
        rows = [{"w": word[row * bits : (row + 1) * bits]} for row in range(seen)]
        result = mapped(lane, target.name, *rows).times(copies / seen)
    else:
        result = circuit_terms(lane, target.name, ["w"]).times(copies)
    return result + _circuits(replace(stage, circuits=circuits), target)


def _memories(stage: Stage, target: Target) -> Terms:
    result = NOTHING
    for memory in stage.memories.values():
        result += rom_terms(memory, target)
    return result


def _reduction(stage: Stage, steps: int, target: Target) -> Terms:
    """What the lanes' shares become, and the registers that they pass before."""
    bits = stage.circuits["finish"].inputs[0].type.bits
    return _lane_registers(stage, target) + (register(bits) if steps == 1 else step_reduce(bits))


def _lane_registers(stage: Stage, target: Target) -> Terms:
    """Every lane's own, once for all lanes what only x decides, and whether a share is the last of its run."""
    count = stage.parameters["registers"]
    if not count:
        return NOTHING
    cut, copies = lane_pipeline(stage, target.name), stage.parameters.get("lane_copies", 1)
    known = vectors_of(cut.netlist, ["w"]) if is_constant(stage) else set[int]()
    shared = vectors_of(cut.netlist, ["x"]) if stage.module != "sparse_matrix" else set[int]()
    bits = sum(
        held * (1 if vector in shared else copies) for vector, held in enumerate(cut.held) if vector not in known
    )
    return registers(bits, count) + Terms(Cost(ffs=count if "step" in stage.circuits else 0))


def _matrix_vector(stage: Stage, target: Target) -> Terms:
    p, depth = stage.parameters, stage.memories["weights"].depth
    end = _reduction(stage, p["input_folds"], target)
    if is_constant(stage):
        return _constant_lanes(stage, target) + end
    fetch = vector_fetch(stage.inputs[0].token_bits, p["input_folds"], p["output_folds"], depth, target)
    return fetch + _memories(stage, target) + _circuits(stage, target) + end


def _attentional_matrix(stage: Stage, target: Target) -> Terms:
    """Beside the fetch a register of the token that modifies the weights."""
    (x, attention), p, depth = stage.inputs, stage.parameters, stage.memories["weights"].depth
    end = _circuits(stage, target, ["w"] if depth == 1 else []) + _reduction(stage, p["input_folds"], target)
    if depth == 1:
        return end
    fetch = vector_fetch(x.token_bits, p["input_folds"], p["output_folds"], depth, target)
    return fetch + _memories(stage, target) + end + Terms(Cost(ffs=attention.token_bits))


def _spectrum_product(stage: Stage, target: Target) -> Terms:
    """With several folds, a table per bit chooses whether a sum is raised, another which word of x is replayed."""
    p, memory = stage.parameters, stage.memories["weights"]
    repeat = p["output_folds"] * p["digits"]
    fetch = vector_fetch(stage.inputs[0].token_bits, p["input_folds"], repeat, memory.depth, target)
    state = step_reduce(stage.outputs[0].token_bits) + counter(p["digits"] * p["input_folds"])
    bits = (stage.inputs[0].token_bits + stage.outputs[0].token_bits) if p["input_folds"] > 1 else 0
    return fetch + _memories(stage, target) + _circuits(stage, target) + state + Terms(Cost(luts=bits))


def _butterflies(stage: Stage, target: Target) -> Terms:
    p, bits = stage.parameters, stage.inputs[0].token_bits
    turns = counter(p["inner"]) + counter(p["half"]) if p["half"] > 1 else NOTHING
    return width_up(bits, 2) + _circuits(stage, target) + width_down(bits, 2) + turns


def _transform_engine(stage: Stage, target: Target) -> Terms:
    """The memory of a tile, its words on their way, and the counters of the schedule.

    A table per bit chooses what is written, another what is shown; per level 17 turn addresses and exponents.
    """
    p, bits = stage.parameters, stage.inputs[0].token_bits
    address = 2 * p["levels"] + (p["folds"] - 1).bit_length()
    style = next(name for name, number in STYLES.items() if number == p["memory_style"])
    memory = ram_terms(1 << address, bits, target, style, is_registered=False)
    counters = counter(p["folds"]) + counter(1 << 2 * p["levels"]) + counter(2 * p["levels"]).times(3)
    held = Terms(Cost(luts=2 * bits + 17 * p["levels"], ffs=2 * bits + 3 * address + p["levels"] + 8))
    return memory + counters + held + _circuits(stage, target)


def _channelwise(stage: Stage, target: Target) -> Terms:
    taps, memory = stage.parameters["taps"], stage.memories.get("weights")
    end = _reduction(stage, taps, target)
    if memory is None or memory.depth == 1:
        held = {"w": column_bits(memory)} if memory else NOTHING_HELD
        return counter(taps) + _circuits(stage, target, held=held) + end
    fetch = vector_fetch(stage.inputs[0].token_bits, taps, 1, memory.depth, target)
    return fetch + _memories(stage, target) + _circuits(stage, target) + end


def _threshold(stage: Stage, target: Target) -> Terms:
    p, compare = stage.parameters, stage.circuits["compare"]
    levels = NOTHING
    for level in range(p["levels"]):
        levels += threshold_level(p["lanes"], compare.inputs[0].type.bits, level, p["folds"])
        # That a word never changes is found when groups of bits are compared already.
        constants = ["t"] if p["folds"] == 1 and target.name in CARRY4 else []
        levels += circuit_terms(compare, target.name, constants, _thresholds(stage, level))
    return levels + _memories(stage, target) + circuit_terms(stage.circuits["finish"], target.name)


def _thresholds(stage: Stage, level: int) -> Held:
    """What the memories of a level hold, lane after lane."""
    memories = [stage.memories[f"level_{level}_lane_{lane}"] for lane in range(stage.parameters["lanes"])]
    if memories[0].depth > LONG:
        return NOTHING_HELD
    return {"t": [column for memory in memories for column in column_bits(memory)]}


def _even_threshold(stage: Stage, target: Target) -> Terms:
    """A fetch, where channels differ, and the division with its registers."""
    if not stage.memories:
        return _pipelined(stage, target)
    fetch = vector_fetch(stage.inputs[0].token_bits, 1, 1, stage.memories["weights"].depth, target)
    return fetch + _memories(stage, target) + _pipelined(stage, target)


def _affine(stage: Stage, target: Target) -> Terms:
    memory = stage.memories.get("weights")
    if memory is None:
        return _out(stage, target, NOTHING_HELD)
    held = _held_by(memory, stage.circuits["map"].inputs[1:]) if memory.depth <= LONG else NOTHING_HELD
    fetch = vector_fetch(stage.inputs[0].token_bits, 1, 1, memory.depth, target)
    return fetch + _memories(stage, target) + _out(stage, target, held)


def _out(stage: Stage, target: Target, held: Held) -> Terms:
    """The map with one register behind it, or with more on the way."""
    if stage.parameters["registers"] > 1:
        return _registers(stage, target) + _circuits(stage, target, held=held)
    return _mapped(stage, target, held)


def _held_by(memory: Memory, inputs: Sequence[Wire]) -> dict[str, list[str]]:
    """What a memory's word holds for inputs that read it one after the other."""
    bits = iter(column_bits(memory))
    return {wire.name: list(islice(bits, wire.type.bits)) for wire in inputs}


def _mapped(stage: Stage, target: Target, held: Held = NOTHING_HELD) -> Terms:
    """A circuit, and the register of its output."""
    return register(0) + registered_terms(stage.circuits["map"], target.name, held)


def _widths(up: int, down: int, bits: int, out: int) -> Terms:
    if up == down == 1:
        return register(out)
    return (width_up(bits, up) if up > 1 else NOTHING) + (width_down(out, down) if down > 1 else NOTHING)


def _width_converter(stage: Stage, target: Target) -> Terms:
    del target
    p = stage.parameters
    return _widths(p["up"], p["down"], p["bits"], stage.outputs[0].token_bits)


def _channel_gather(stage: Stage, target: Target) -> Terms:
    p = stage.parameters
    widths = _widths(p["up"], p["down"], stage.inputs[0].token_bits, stage.outputs[0].token_bits)
    return widths + _circuits(stage, target)


def _fork(stage: Stage, target: Target) -> Terms:
    del target
    return stream_fork(stage.parameters["bits"], stage.parameters["copies"])


def _fifo(stage: Stage, target: Target) -> Terms:
    return stream_fifo(stage.parameters["bits"], stage.parameters["depth"], target)


def _concat(stage: Stage, target: Target) -> Terms:
    longest = max(stage.parameters[f"run_{i}"] for i in range(len(stage.inputs)))
    streams = concat_streams(stage.outputs[0].token_bits, len(stage.inputs), longest.bit_length())
    return streams + _circuits(stage, target)


def _pipelined(stage: Stage, target: Target) -> Terms:
    """The circuit, and as many registers on the way as the stage has."""
    return _circuits(stage, target) + _registers(stage, target)


def _registers(stage: Stage, target: Target) -> Terms:
    """On the way through the circuit `map`."""
    count = stage.parameters["registers"]
    return registers(register_bits(stage.circuits["map"], target.name, count), count)


def _pad(stage: Stage, target: Target) -> Terms:
    p = stage.parameters
    counts = p["folds"], p["columns"], p["rows"]
    return pad_map(stage.outputs[0].token_bits, counts) + _circuits(stage, target)


def _top_k(stage: Stage, target: Target) -> Terms:
    del target
    return top_k_list(stage.parameters["k"], stage.parameters["bits"], stage.outputs[0].element_bits)


def _lazy_trees(stage: Stage, target: Target) -> Terms:
    p, (x,) = stage.parameters, stage.inputs
    sums, value = (stage.circuits[name].inputs[0].type.bits for name in ("clamp", "finish"))
    unit = lazy_trees_unit(x.token_bits, p["words"], p["leaves"], p["places"], sums, value, target)
    return unit + _memories(stage, target) + _circuits(stage, target)


def _tree_stack(stage: Stage, target: Target) -> Terms:
    p = stage.parameters
    unit = tree_stack_unit(p["bits"], p["places"], p["steps"], target)
    return unit + _memories(stage, target) + _circuits(stage, target)


def _sliding_window(stage: Stage, target: Target) -> Terms:
    scan, out = scan_of(stage), stage.outputs[0]
    padded = out.token_bits if scan.window.is_padded else 0
    buffer = _window(stage, scan.counts, scan.row_steps(), steps_of(scan), target)
    return buffer + _circuits(stage, target) + Terms(weighed={"mux_bits": padded})


def _sparse_matrix(stage: Stage, target: Target) -> Terms:
    """Beside each port's memory a register of its code."""
    p, x = stage.parameters, stage.inputs[0]
    ports, places = p["pe"] * p["ports"], (p["words"] - 1).bit_length()
    memories = copied_ram_terms(ports // x.lanes, 2 << places, x.element_bits, target).times(x.lanes)
    codes = Terms(Cost(ffs=ports * p["code_bits"]))
    last = NOTHING if p["longest"] == 1 else Terms(Cost(ffs=1))
    control = gather_control(p["words"], p["steps"]) + last
    end = _reduction(stage, p["longest"], target)
    return control + memories + codes + _memories(stage, target) + _circuits(stage, target) + end


def _spatial_shift(stage: Stage, target: Target) -> Terms:
    """Where the offset changes with the fold, its bits are chosen by the fold."""
    plan, p, x = plan_of(stage), stage.parameters, stage.inputs[0]
    fold, place = (plan.folds - 1).bit_length(), plan.place_bits()
    result = shift_control(plan.index_bits(), place, fold) + _circuits(stage, target)
    style = next(name for name, number in STYLES.items() if number == p["memory_style"])
    for lanes in plan.banks():
        result += shift_bank(len(lanes) * x.element_bits, p["depth"], place, target, style)
        constants = plan.folds - 1 if len(np.unique(plan.distances[:, lanes[0]])) > 1 else 0
        result += Terms(weighed={"table_bits": constants * place})
    return result


def _reorder(stage: Stage, target: Target) -> Terms:
    p, (actor,) = stage.parameters, stage.actors
    assert isinstance(actor, Buffered)
    counts, strides = (tuple(p[f"{key}_{i}"] for i in range(LOOPS)) for key in ("count", "stride"))
    steps = len(actor.frees) // counts[-1]
    frees = np.diff(actor.frees[steps - 1 :: steps], prepend=0).tolist()
    return _window(stage, counts, frees, [gains(counts, strides, stage.inputs[0].tokens)], target)


def _window(
    stage: Stage, counts: Sequence[int], frees: Sequence[int], steps: Sequence[Sequence[int]], target: Target
) -> Terms:
    p, x = stage.parameters, stage.inputs[0]
    bits = index_bits(stage)
    style = next(name for name, number in STYLES.items() if number == p["memory_style"])
    control = window_control(bits, frees, steps, counts)
    return control + ram_terms(p["depth"], x.token_bits, target, style, is_registered=True)


_KINDS: dict[str, Callable[[Stage, Target], Terms]] = {
    "add": _mapped,
    "affine": _affine,
    "attentional_matrix": _attentional_matrix,
    "butterflies": _butterflies,
    "channel_gather": _channel_gather,
    "channelwise": _channelwise,
    "clamp": _mapped,
    "concat": _concat,
    "constant_matrix": _pipelined,
    "constant_layer": _pipelined,
    "even_threshold": _even_threshold,
    "fifo": _fifo,
    "fork": _fork,
    "from_words": _mapped,
    "lazy_trees": _lazy_trees,
    "leaky": _mapped,
    "lookup": _mapped,
    "matrix_vector": _matrix_vector,
    "pad": _pad,
    "remainders": _mapped,
    "reorder": _reorder,
    "sliding_window": _sliding_window,
    "sparse_matrix": _sparse_matrix,
    "spatial_shift": _spatial_shift,
    "spectrum_product": _spectrum_product,
    "threshold": _threshold,
    "to_words": _mapped,
    "top_k": _top_k,
    "transform_engine": _transform_engine,
    "tree_stack": _tree_stack,
    "width_converter": _width_converter,
}
