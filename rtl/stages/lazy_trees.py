"""lazy_trees: trees of minima and maxima over linear units, of which one is evaluated at a time, and only if needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mulfree.ir import BIT, AnyArray, IntArray, IntRange, Location, TensorType, Value
from mulfree.ir.forest import END, MAX, Forest
from mulfree.rtl import cells
from mulfree.rtl.actors import Stepper, Varying
from mulfree.rtl.cell_verilog import literal
from mulfree.rtl.circuit import Circuit
from mulfree.rtl.design import Memory, Stage, Stream
from mulfree.rtl.stages.constants import packed_memory, raster_stream
from mulfree.rtl.stages.matrix_vector import Lane
from mulfree.rtl.stages.reduction import finishing, stepping
from mulfree.rtl.stages.text import (
    CLOCK,
    address_bits,
    circuit_instance,
    circuit_module,
    circuit_text,
    handshake,
    instance,
    module_text,
    rom_text,
)

Steps = Callable[[AnyArray], IntArray]
"""From values (frames, inputs) to the units visited and the nodes looked at for each tree: (2, frames, trees)."""

SETTLING = 2
"""Cycles from the last word of a unit to its value: the sum, and its bounds."""


def lazy_trees(
    name: str,
    x: Stream,
    value: Value[TensorType],
    forest: Forest,
    *,
    weights: IntArray,
    biases: IntArray,
    lane: Lane,
    weight_range: IntRange,
    steps: Steps,
    style: str = "auto",
    location: Location | None = None,
) -> Stage:
    """y[t] = tree t over the leaves weights[i] . x + biases[i], by fail-soft alpha-beta from the left.

    weights (leaves, inputs), in the order of the stream and of the forest's leaves, are stored as `weight_range` stores
    them; `lane` gives a token's share of a unit as a plain number. The vector is held whole, then a unit takes a cycle
    for each of its words, `SETTLING` more, and one for each node that is looked at. `steps` says how many of these
    there are, by definition.
    """
    words, leaves = x.tokens, len(forest.leaves)
    assert len(weights) == leaves, f"{name}: {len(weights)} rows of weights for {leaves} leaves"
    share, lane_circuit = _lane(x, lane, weight_range)
    sums = _sums(share, biases, words)
    return Stage(
        name=name,
        module="lazy_trees",
        inputs=(x,),
        outputs=(raster_stream(name, value, 1),),
        actors=(Varying(_programs(steps, words), _longest(words, forest)),),
        parameters={"words": words, "leaves": leaves, "places": int(forest.turns.max()) + 1},
        memories={
            "weights": packed_memory(weights.reshape(leaves * words, x.lanes), weight_range, style),
            "program": _table(forest, sums.encode(biases), sums.width, words),
        },
        circuits={
            "lane": lane_circuit,
            "step": stepping(cells.ADD, sums, share, 1),
            **_bounding(sums, value.type.range),
            "finish": finishing(interval(value.type.range), interval(value.type.range), 1, value.type.range),
        },
        location=location,
    )


def _programs(steps: Steps, words: int) -> Callable[[AnyArray], list[Stepper]]:
    def programs(values: AnyArray) -> list[Stepper]:
        visits, looks = steps(values)
        return [_program(words, row) for row in visits * (words + SETTLING) + looks]

    return programs


def _program(words: int, cycles: IntArray) -> Stepper:
    """The vector comes in, then each tree takes so many cycles and gives its value in the last of them."""
    ends = words - 1 + np.cumsum(cycles)
    at = np.arange(ends[-1] + 1)[None]
    return Stepper(at < words, np.isin(at, ends))


def _longest(words: int, forest: Forest) -> Stepper:
    """No tree takes longer than with all of its units: a decision saves a unit for the look that it costs."""
    leaves = np.diff(np.flatnonzero(forest.kinds == END), prepend=-1)
    return _program(words, leaves * (words + SETTLING + 1))


def _table(forest: Forest, biases: IntArray, bias_bits: int, words: int) -> Memory:
    """For each leaf the first address of the weights of the next one, what stands behind it, and its bias."""
    rows, width = [0] * len(forest.leaves), 0
    numbers = {
        "is_max": forest.kinds == MAX,
        "is_end": forest.kinds == END,
        "turns": forest.turns,
        "last": forest.lasts,
        "base": np.arange(1, len(rows) + 1) % len(rows) * words,
        "bias": biases,
    }
    for name, bits in _fields(len(rows), words, int(forest.turns.max()) + 1, bias_bits).items():
        rows = [row | int(number) << width for row, number in zip(rows, numbers[name], strict=True)]
        width += bits
    return Memory(width, tuple(rows))


def _fields(leaves: int, words: int, places: int, bias_bits: int) -> dict[str, int]:
    """Bits of the parts of a word of the table, from the lowest on."""
    address = {"last": address_bits(leaves), "base": address_bits(leaves * words)}
    return {"is_max": 1, "is_end": 1, "turns": address_bits(places), **address, "bias": bias_bits}


def interval(range: IntRange) -> IntRange:
    """Without a step: numbers that are compared are stored as they are."""
    return IntRange(range.lo, range.hi)


def bounds(range: IntRange) -> IntRange:
    """A value's range, and a number beyond each end for bounds that nothing reaches."""
    return IntRange(range.lo - 1, range.hi + 1)


def _lane(x: Stream, lane: Lane, weight_range: IntRange) -> tuple[IntRange, Circuit]:
    """A token's share of a unit, and its range."""
    circuit = Circuit()
    share = lane(circuit, circuit.input("x", x.type.range, x.lanes), circuit.input("w", weight_range, x.lanes))
    share = circuit.plain(share)
    circuit.output("y", share)
    return share.range, circuit


def _sums(share: IntRange, biases: IntArray, words: int) -> IntRange:
    """A bias and the shares added to it so far."""
    lo, hi = (int(end) for end in (biases.min(), biases.max()))
    return IntRange(lo + words * min(0, share.lo), hi + words * max(0, share.hi))


def _bounding(sums: IntRange, result: IntRange) -> dict[str, Circuit]:
    """`clamp`: a unit's sum within its bounds; `decide`: whether a node is decided, and its right tree's bounds."""
    clamp, decide, value, bound = Circuit(), Circuit(), interval(result), bounds(result)
    total = clamp.cast(clamp.input("sum", sums), value)
    lower, upper = (clamp.input(name, bound) for name in ("lower", "upper"))
    kept = clamp.drive(cells.MAX, clamp.drive(cells.MIN, total, upper), lower)
    clamp.output("y", clamp.cast(kept, value))
    x, lower, upper = decide.input("value", value), decide.input("lower", bound), decide.input("upper", bound)
    is_max = decide.input("is_max", BIT)
    reached = decide.drive(cells.GE, x, upper), decide.drive(cells.GE, lower, x)
    decide.output("is_decided", decide.drive(cells.MUX, is_max, *reached))
    raised, lowered = decide.drive(cells.MAX, lower, x), decide.drive(cells.MIN, upper, x)
    decide.output("right_lower", decide.cast(decide.drive(cells.MUX, is_max, raised, lower), bound))
    decide.output("right_upper", decide.cast(decide.drive(cells.MUX, is_max, upper, lowered), bound))
    return {"clamp": clamp, "decide": decide}


def lazy_trees_text(stage: Stage) -> str:
    """See `stage_verilog`."""
    p, (x,) = stage.parameters, stage.inputs
    purpose = (
        f"trees over {p['leaves']} linear units of {len(x.order)} inputs, {x.lanes} at a time; one unit after the "
        f"other, and only those that can change the result."
    )
    parts = [
        circuit_text(stage, "lane", "A token's share of a unit"),
        circuit_text(stage, "step", "The sum after a token"),
        circuit_text(stage, "clamp", "A unit's value within its bounds"),
        circuit_text(stage, "decide", "Whether a node is decided, and the bounds of its right tree"),
        circuit_text(stage, "finish", "A tree's value as it is sent"),
        rom_text(stage, "weights", "Weights leaf by leaf"),
        rom_text(stage, "program", "What stands behind each leaf, and its bias"),
    ]
    return module_text(stage, purpose, [*_signals(stage), *_parts(stage)], parts)


def _widths(stage: Stage) -> dict[str, int]:
    """Bits of the signals between the parts."""
    sums, bound, _ = (wire.type.bits for wire in stage.circuits["clamp"].inputs)
    value, memory = stage.circuits["finish"].inputs[0].type.bits, stage.memories["weights"]
    p, program = stage.parameters, stage.memories["program"]
    bounds = dict.fromkeys(("lower", "upper", "node_lower", "node_upper", "right_lower", "right_upper"), bound)
    sized = {"x": stage.inputs[0].token_bits, "partial": stage.circuits["step"].inputs[1].type.bits}
    return {
        **sized,
        **dict.fromkeys(("state", "next", "sum"), sums),
        **dict.fromkeys(("clamped", "value", "m_value"), value),
        **bounds,
        "address": address_bits(memory.depth),
        "weights": memory.width,
        "node": address_bits(p["leaves"]),
        "word": program.width,
    }


def _signals(stage: Stage) -> list[str]:
    declared = [f"logic [{bits - 1}:0] {name};" for name, bits in _widths(stage).items()]
    fields, low = [], 0
    sums = stage.circuits["clamp"].inputs[0].type.bits
    p = stage.parameters
    for name, bits in _fields(p["leaves"], p["words"], p["places"], sums).items():
        fields += [f"logic [{bits - 1}:0] {name};", f"assign {name} = word[{low + bits - 1}:{low}];"]
        low += bits
    return [*declared, "logic fetch, is_decided;", *fields]


def _parts(stage: Stage) -> list[str]:
    p, widths = stage.parameters, _widths(stage)
    value = stage.circuits["clamp"].outputs["y"].range
    ends = bounds(value).encode(np.array([value.lo - 1, value.hi + 1])).tolist()
    parameters: dict[str, int | str] = {
        "WIDTH": widths["x"],
        "WORDS": p["words"],
        "LEAVES": p["leaves"],
        "WEIGHTS": stage.memories["weights"].depth,
        "PLACES": p["places"],
        "SUM": widths["sum"],
        "VALUE": widths["value"],
        "BOUND": widths["lower"],
        "LEAST": literal(widths["lower"], ends[0]),
        "MOST": literal(widths["lower"], ends[1]),
    }
    joined = [name for name in (*widths, "fetch", "is_decided", "is_end", "turns", "last", "base", "bias")]
    own = {name: name for name in joined if name not in ("partial", "weights", "word", "m_value")}
    walk = {**CLOCK, **handshake("s", "s"), **own, **handshake("m", "m"), "m_data": "m_value"}
    read = {"clk": "clk", "enable": "fetch", "address": "address", "word": "weights"}
    table = {"clk": "clk", "enable": "1'b1", "address": "node", "word": "word"}
    node = {name: name for name in ("value", "is_max", "is_decided", "right_lower", "right_upper")}
    return [
        instance("lazy_trees_unit", "u_walk", parameters, walk),
        instance(circuit_module(stage, "weights"), "u_weights", {}, read),
        instance(circuit_module(stage, "program"), "u_program", {}, table),
        circuit_instance(stage, "lane", {"x": "x", "w": "weights", "y": "partial"}),
        circuit_instance(stage, "step", {"state": "state", "partial": "partial", "y": "next"}),
        circuit_instance(stage, "clamp", {"sum": "sum", "lower": "lower", "upper": "upper", "y": "clamped"}),
        circuit_instance(stage, "decide", {**node, "lower": "node_lower", "upper": "node_upper"}),
        circuit_instance(stage, "finish", {"total": "m_value", "y": "m_data"}),
    ]
